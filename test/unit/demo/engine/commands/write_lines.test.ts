import { expect, test } from "vitest";
import { generations, places, refusal, run, strip, visit } from "../visit.ts";

test("a bad chunk is written to a spare, in every view", async () => {
  const engine = await visit();
  await run(engine, "write origin 0-3", "snapshot monday", "bad 2");
  expect(places(engine, "origin", 4)).toEqual(["shared", "shared", "bad", "shared"]);
  await run(engine, "write origin 2");
  expect(places(engine, "origin", 4)).toEqual(["shared", "shared", "relocated", "shared"]);
  expect(generations(engine, "origin", 4)).toEqual([1, 1, 2, 1]);
  expect(generations(engine, "monday", 4)).toEqual([1, 1, 1, 1]);
  const { path } = await engine.inspect("origin", 2);
  expect(path.join("\n")).toContain("its block is bad: it is in a spare");
  await run(engine, "bad 3", "write origin 3", "pull", "plug");
  expect(generations(engine, "origin", 4)).toEqual([1, 1, 2, 3]);
  expect(places(engine, "origin", 4)).toEqual(["shared", "shared", "relocated", "relocated"]);
});

test("a snapshot that is filled becomes invalid, or overflows, and the origin goes on", async () => {
  const engine = await visit();
  await run(engine, "snapshot monday --size 32K", "snapshot tuesday --size 64K --store PO");
  await run(engine, "fill monday");
  expect(strip(engine, "monday").health).toBe("invalid");
  expect(strip(engine, "tuesday").health).toBe("valid");
  expect(await refusal(engine, "read monday 0")).toContain("invalid");
  expect(engine.scene.log.at(-1)?.line).toBe("fill monday");
  const written = generations(engine, "origin", 64).filter((mark) => mark > 0).length;
  expect(written).toBe(7);
  await refusal(engine, "write tuesday 8-60");
  expect(strip(engine, "tuesday").health).toBe("overflow");
  await run(engine, "read tuesday 0");
});

test("a cache keeps what is read through it, until what is below is written", async () => {
  const engine = await visit();
  await run(engine, "write origin 0-9", "cache far", "read far 3-4");
  expect(places(engine, "far", 6)).toEqual([
    "shared",
    "shared",
    "shared",
    "cached",
    "cached",
    "shared",
  ]);
  expect(engine.scene.log.map(({ line }) => line)).toContain("read far 3-4");
  await run(engine, "undo", "redo");
  expect(places(engine, "far", 6)[3]).toBe("cached");
  await run(engine, "write origin 3");
  expect(places(engine, "far", 6)[3]).toBe("own");
  expect(generations(engine, "far", 5)).toEqual([1, 1, 1, 1, 1]);
});

test("words that mean no chunks are refused with what there is", async () => {
  const engine = await visit();
  expect(await refusal(engine, "write origin 64")).toBe(
    'Cannot use "64" as a chunk of origin: want a whole number from 0 to 63',
  );
  expect(await refusal(engine, "write origin 7-5")).toContain("the first and the last, as 5-7");
  expect(await refusal(engine, "write origin -1")).toContain("write");
  expect(await refusal(engine, "write disk 1")).toBe('There is no device "disk": there is origin');
  expect(engine.scene.log).toEqual([]);
});

import { expect, test } from "vitest";
import { picture, refusal, run, visit } from "../visit.ts";

async function withMonday() {
  const engine = await visit();
  await run(engine, "write origin 0-9", "snapshot monday", "write origin 3-4", "write monday 7");
  return engine;
}

test("dm's lines are dm's", async () => {
  const engine = await withMonday();
  expect(await run(engine, "status monday")).toBe("monday: 0 512 snapshot 40/128 16");
  expect(await run(engine, "table")).toBe(
    "origin: 0 512 snapshot-origin 254:0\nmonday: 0 512 snapshot 254:0 254:16 P 8",
  );
  expect(await run(engine, "dm ls")).toBe("monday\t(253:1)\norigin\t(253:0)");
  expect(await refusal(engine, "dm remove monday")).toContain("dm can be asked, not told");
});

test("a dump is what is stored, and a check finds nothing wrong with it", async () => {
  const engine = await withMonday();
  expect(await run(engine, "dump monday")).toBe(
    "monday-cow: loaded, chunks of 4 KiB, 1 areas\n" +
      "chunks 3 to 4 → chunks 2 to 3\nchunk 7 → chunk 4",
  );
  expect(await run(engine, "check monday")).toBe(
    "usable: 3 exceptions, 0 errors, 0 warnings, 0 notes",
  );
});

test("a map says which layer holds what, and a diff what differs", async () => {
  const engine = await withMonday();
  expect(await run(engine, "map monday")).toBe(
    "chunks 0 to 2: disk\nchunks 3 to 4: monday-cow\nchunks 5 to 6: disk\n" +
      "chunk 7: monday-cow\nchunks 8 to 63: disk",
  );
  expect(await run(engine, "diff origin monday")).toBe(
    "they differ, in chunks of 4 KiB:\nchunks 3 to 4\nchunk 7",
  );
  expect(await run(engine, "diff origin origin")).toBe("origin and origin are the same");
});

test("a hash is that of what is shown", async () => {
  const engine = await withMonday();
  const before = await run(engine, "hash monday");
  expect(before).toMatch(/^[0-9a-f]{32} {2}monday$/);
  await run(engine, "write origin 8");
  expect(await run(engine, "hash monday")).toBe(before);
  expect(await run(engine, "hash origin")).not.toBe(before.replace("monday", "origin"));
});

test("looking changes nothing, and is no line of the log", async () => {
  const engine = await withMonday();
  const before = picture(engine);
  for (
    const line of ["status", "dump monday", "map origin", "hash monday", "read monday 3", "help"]
  ) {
    await run(engine, line);
  }
  expect(picture(engine)).toEqual(before);
});

test("without power there is nothing to ask, but what is stored can be read", async () => {
  const engine = await withMonday();
  await run(engine, "pull");
  expect(await refusal(engine, "status")).toContain("there is no power");
  expect(await run(engine, "dump monday")).toContain("chunk 7 → chunk 4");
  expect((await engine.inspect("monday-cow", 4)).dump).toContain("cowp");
});

import { expect, test } from "vitest";
import { generations, picture, refusal, run, strip, visit } from "../visit.ts";

test("snapshots of any chunk size follow one origin, and each shows its own moment", async () => {
  const engine = await visit();
  await run(engine, "write origin 0-7", "snapshot small --chunk 1K", "write origin 1");
  await run(engine, "snapshot large --chunk 16K", "write origin 0-3");
  expect(generations(engine, "origin", 4)).toEqual([3, 3, 3, 3]);
  expect(generations(engine, "small", 8)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  expect(strip(engine, "large")).toMatchObject({ chunkBytes: 16384, chunkCount: 16 });
  await run(engine, "merge large");
  expect(generations(engine, "origin", 4)).toEqual([1, 2, 1, 1]);
  expect(generations(engine, "small", 8)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
});

test("a COW device can be made larger, and what it held is there", async () => {
  const engine = await visit();
  await run(engine, "write origin 0-9", "snapshot monday --size 32K", "write origin 1-3");
  expect(await run(engine, "resize monday 128K")).toBe("monday: 0 512 snapshot 40/256 16");
  await run(engine, "write origin 4-9");
  expect(generations(engine, "monday", 10)).toEqual(Array(10).fill(1));
  expect(await refusal(engine, "resize monday 64K")).toContain("want more");
});

test("a snapshot that was dropped leaves nothing behind for the next one", async () => {
  const engine = await visit();
  await run(engine, "snapshot monday", "write origin 0-5", "drop monday", "snapshot monday");
  expect(strip(engine, "monday").status).toBe("0 512 snapshot 16/128 16");
  expect(strip(engine, "monday").table).toBe("0 512 snapshot 254:0 254:32 P 8");
  expect(generations(engine, "monday-cow", 8).slice(1)).toEqual(Array(7).fill(0));
});

test("what cannot be taken is refused in words, and nothing has changed", async () => {
  const engine = await visit();
  await run(engine, "snapshot monday");
  const before = picture(engine);
  expect(await refusal(engine, "snapshot monday")).toContain('There is a device "monday" already');
  expect(await refusal(engine, "snapshot 9lives")).toContain("want a short word");
  expect(await refusal(engine, "snapshot new --chunk 3K")).toContain("want a power of two");
  expect(await refusal(engine, "snapshot new --store X")).toContain("want P, PO or N");
  expect(await refusal(engine, "snapshot new --size 1K")).toContain("sectors");
  expect(await refusal(engine, "snapshot new --size 4G")).toContain("want at most 512M");
  expect(await refusal(engine, "snapshot new --bogus 1")).toContain("has no option --bogus");
  expect(await refusal(engine, "merge tuesday")).toBe(
    'There is no snapshot "tuesday": there is monday',
  );
  expect(picture(engine)).toEqual(before);
  for (let count = 1; count < 8; count++) await run(engine, `snapshot more${count}`);
  expect(await refusal(engine, "snapshot new")).toContain("8 snapshots already");
});

test("a merge that fails says so, can be tried again, and can be undone", async () => {
  const engine = await visit();
  await run(engine, "write origin 0-63", "snapshot monday --size 1M", "write monday 0-39");
  // More bad blocks than there are spares.
  for (let chunk = 0; chunk < 40; chunk++) await run(engine, `bad ${chunk}`);
  expect(await refusal(engine, "merge monday")).toContain("Cannot go on merging monday");
  expect(strip(engine, "origin")).toMatchObject({ health: "merging" });
  expect(strip(engine, "origin").status).toContain("Merge failed");
  expect(strip(engine, "monday").health).toBe("merging");
  expect(await refusal(engine, "merge monday")).toContain("Cannot go on merging monday");
  expect(generations(engine, "monday", 40)).toEqual(Array(40).fill(2));
  await run(engine, "undo", "undo");
  expect(strip(engine, "monday").health).toBe("valid");
  expect(generations(engine, "origin", 40)).toEqual(Array(40).fill(1));
});

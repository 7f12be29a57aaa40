import { expect, test } from "vitest";
import { createMemoryStorage } from "../../../../../src/mod.ts";
import { STEPS_MAX } from "../../../../../demo/engine/world/medium.ts";
import { generations, refusal, run, strip, visit } from "../visit.ts";

test("only so many steps are kept, and those that are gone are named", async () => {
  const engine = await visit({ diskStorage: createMemoryStorage() });
  for (let write = 0; write < STEPS_MAX + 5; write++) await run(engine, `write origin ${write}`);
  expect(await refusal(engine, "goto 3")).toBe(
    `Cannot go to line 3: kept are 6 to ${STEPS_MAX + 5}, the latest`,
  );
  await run(engine, "goto 6");
  expect(generations(engine, "origin", 8)).toEqual([1, 2, 3, 4, 5, 6, 0, 0]);
  await run(engine, `goto ${STEPS_MAX + 5}`);
  expect(generations(engine, "origin", 8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("a disk can have another size, and what it had before is gone", async () => {
  const engine = await visit();
  await run(engine, "write origin 3", "snapshot monday", "reset --size 16M --chunk 8K");
  expect(strip(engine, "origin")).toMatchObject({ chunkCount: 2048, chunkBytes: 8192 });
  expect(engine.scene.strips).toHaveLength(1);
  expect(engine.scene.log).toEqual([]);
  expect(await refusal(engine, "undo")).toBe("There is nothing to undo");
  expect(await refusal(engine, "reset --size 8G")).toContain("at most 4G");
  expect(await refusal(engine, "reset --size 5K")).toContain("whole chunks");
});

test("a storage that is not here is refused, and everything stays", async () => {
  const engine = await visit();
  await run(engine, "write origin 3");
  expect(await refusal(engine, "storage indexeddb")).toContain('Cannot keep a disk in "indexeddb"');
  expect(await refusal(engine, "storage floppy")).toContain("want memory, indexeddb, opfs");
  expect(await run(engine, "storage memory")).toBe("everything is in memory already");
  expect(generations(engine, "origin", 4)).toEqual([0, 0, 0, 1]);
});

import { expect, test } from "vitest";
import { createMemoryDevice, openSnapshotSync } from "../../../../../src/mod.ts";
import { xxh128 } from "../../../../../src/kernel/mod.ts";
import type { LocalEngine } from "../../../../../demo/engine/engine.ts";
import { imagesIn, VECTOR_FOLDER } from "../../../../golden/vector_folder.ts";
import { generations, picture, refusal, run, strip, visit } from "../visit.ts";

/** The file that a line gives. */
async function fileOf(engine: LocalEngine, line: string): Promise<Uint8Array<ArrayBuffer>> {
  const { file } = await engine.run(line);
  return new Uint8Array(await (file?.bytes ?? new Blob()).arrayBuffer());
}

/** What the plain block stack reads through an image and a COW file. */
function viewOf(origin: Uint8Array, cow: Uint8Array): Uint8Array {
  const base = createMemoryDevice({ sectorCount: origin.length / 512, content: origin });
  const list = createMemoryDevice({ sectorCount: cow.length / 512, content: cow });
  const snapshot = openSnapshotSync({ origin: base, cow: list });
  const bytes = new Uint8Array(origin.length);
  snapshot.readSync(bytes, 0);
  for (const device of [snapshot, base, list]) device.closeSync();
  return bytes;
}

const given = (bytes: Uint8Array) => new Blob([bytes.slice()]);

test("what Linux left in the middle of a merge opens here, and reads as it should", async () => {
  const images = imagesIn(VECTOR_FOLDER);
  const [origin, cow] = [images("merge-crash.vda.img.gz"), images("merge-crash.vdb.img.gz")];
  const engine = await visit();
  expect(await engine.give("vda.img", given(origin))).toMatchObject({ isDone: true });
  const { isDone, text } = await engine.give("Linux 6.1-COW.img", given(cow));
  expect(isDone, text).toBe(true);
  expect(strip(engine, "linux61").health).toBe("valid");
  const hashOf = async (line: string) => xxh128(await fileOf(engine, line));
  expect(await hashOf("export origin")).toBe(xxh128(origin));
  expect(await hashOf("export linux61")).toBe(xxh128(viewOf(origin, cow)));
  expect(await hashOf("download cow linux61")).toBe(xxh128(cow));
  await run(engine, "write origin 0", "merge linux61");
  expect(await hashOf("export origin")).toBe(xxh128(viewOf(origin, cow)));
});

test("a COW file that is kept opens with the plain block stack, and reads what was seen", async () => {
  const engine = await visit();
  await run(engine, "write origin 0-9", "snapshot monday --chunk 8K --size 256K");
  await run(engine, "write origin 3-5", "write monday 0", "write origin 30");
  const origin = await fileOf(engine, "download origin");
  const cow = await fileOf(engine, "download cow monday");
  expect(cow).toHaveLength(256 * 1024);
  expect(viewOf(origin, cow)).toEqual(await fileOf(engine, "download monday"));
  expect(await run(engine, "download cow monday")).toContain(
    "dmsetup create monday --table '0 512 snapshot /dev/loop0 /dev/loop1 P 16'",
  );
});

test("a COW file that was kept can be given back", async () => {
  const engine = await visit();
  await run(engine, "write origin 0-3", "snapshot monday", "write monday 1", "write origin 2");
  const cow = await fileOf(engine, "download cow monday");
  await run(engine, "drop monday");
  expect((await engine.give("monday.cow", given(cow))).isDone).toBe(true);
  expect(generations(engine, "monday", 4)).toEqual([1, 2, 1, 1]);
});

test("a file that is no COW file of this origin is refused, says why, and changes nothing", async () => {
  const engine = await visit();
  await run(engine, "snapshot monday", "write origin 60-63");
  const cow = await fileOf(engine, "download cow monday");
  await run(engine, "reset --size 16K", "write origin 1");
  const before = picture(engine);
  const foreign = await engine.give("monday.cow", given(cow));
  expect(foreign.isDone).toBe(false);
  expect(foreign.text).toContain('Cannot open "monday.cow" as a COW file of this origin');
  expect(foreign.text).toContain("old chunk 60");
  const torn = await engine.give("torn.cow", given(cow.subarray(0, 1000)));
  expect(torn.text).toContain("want whole sectors");
  const empty = await engine.give("empty.img", new Blob([]));
  expect(empty.text).toContain("want 1 byte");
  expect(picture(engine)).toEqual(before);
});

test("bytes of any kind are given, and the disk is whole afterwards", async () => {
  const engine = await visit();
  const image = new Uint8Array(3 * 4096 + 5).fill(9);
  expect((await engine.give("../a b;c.img", given(image))).isDone).toBe(true);
  expect(engine.scene.log.map(({ line }) => line)).toEqual(["give .._a_b_c.img"]);
  const { generations: marks, chunkCount } = strip(engine, "origin");
  expect(chunkCount).toBe(4);
  expect(marks[0]).toBeGreaterThanOrEqual(0x8000);
  expect(marks[1]).toBe(marks[0]);
  await run(engine, "undo");
  expect(generations(engine, "origin", 4)).toEqual([0, 0, 0, 0]);
});

test("a transient snapshot has no file", async () => {
  const engine = await visit();
  await run(engine, "snapshot monday --store N");
  expect(await refusal(engine, "download cow monday")).toContain("transient");
});

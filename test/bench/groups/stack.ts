/**
 * The snapshot stack in memory.
 *
 * @module
 */
import { copiesOf, heldBy, type Repeated } from "../contests/counted_copies.ts";
import { dive, SHALLOW } from "../contests/deep_stacks.ts";
import { FACES } from "../contests/faces.ts";
import { copyOut, PLAIN, type Shape, writePart, writeWhole } from "../contests/first_touches.ts";
import { readKept } from "../contests/kept_reads.ts";
import { EXCEPTION_COUNTS } from "../contests/many_exceptions.ts";
import { overwriteOrigin, overwriteShared, overwriteSnapshot } from "../contests/overwrites.ts";
import { readCopied, readUncopied } from "../contests/reads.ts";
import { isSmoke } from "../harness/contest.ts";
import { amounts, garbage, MANY, race, type Row } from "../harness/row.ts";

const SNAPSHOT_COUNTS = isSmoke ? [1, 4] : [1, 4, 16, 64];
const DEPTHS = isSmoke ? [1, 4] : [1, 2, 4, 8, 16, 32];
const CHUNKS = [4096, 65_536];

/** Reads and overwrites with few and with many exceptions. */
function* rowsOfMany(): Generator<Row> {
  for (const count of EXCEPTION_COUNTS) {
    const speedMin = count === 1_000_000 ? 0.75 : undefined;
    yield race(readCopied(count), MANY, speedMin);
    yield race(readUncopied(count), MANY, speedMin);
    yield race(overwriteSnapshot(count), MANY, speedMin);
    yield race(overwriteOrigin(count), MANY, speedMin);
  }
  const count = isSmoke ? 1000 : 10_000;
  for (const snapshots of SNAPSHOT_COUNTS.slice(1)) {
    yield race(overwriteShared(count, snapshots), MANY);
  }
}

function* firstTouches(): Generator<Row> {
  yield race(copyOut(PLAIN), MANY, 1 / 1.5);
  yield race(writeWhole(PLAIN), MANY);
  yield race(writePart(PLAIN), MANY);
  const shapes: Shape[] = [
    { ...PLAIN, chunkBytes: 65_536 },
    { ...PLAIN, durability: "flush" },
    ...FACES.slice(1).map((face): Shape => ({ ...PLAIN, face })),
    { ...PLAIN, face: "16 in flight", durability: "flush" },
  ];
  for (const shape of shapes) {
    yield race(copyOut(shape), MANY);
    yield race(writeWhole(shape), MANY);
    yield race(writePart(shape), MANY);
  }
  for (const chunkBytes of CHUNKS) {
    for (const snapshots of SNAPSHOT_COUNTS.slice(1)) {
      yield race(copyOut({ ...PLAIN, chunkBytes, snapshots }), MANY);
    }
  }
}

function* dives(): Generator<Row> {
  for (const depth of DEPTHS) {
    yield race(dive("read", { ...SHALLOW, depth }), MANY);
    yield race(dive("read", { ...SHALLOW, depth, isCopied: true }), MANY);
    yield race(dive("write", { ...SHALLOW, depth, isCopied: true }), MANY);
  }
  for (const isCopied of [false, true]) {
    yield race(dive("read", { ...SHALLOW, chunkBytes: 65_536, isCopied }), MANY);
    for (const face of FACES.slice(1)) {
      yield race(dive("read", { ...SHALLOW, isCopied, face }), MANY);
    }
  }
  yield race(dive("write", { ...SHALLOW, chunkBytes: 65_536, isCopied: true }), MANY);
  for (const face of FACES.slice(1)) {
    yield race(dive("write", { ...SHALLOW, isCopied: true, face }), MANY);
  }
}

function* counts(): Generator<Row> {
  for (const snapshots of [1, 4]) {
    const least = 2 * snapshots + 1;
    yield amounts(
      `copies for a first write to the origin, ${snapshots} snapshots`,
      "chunks",
      () => ({
        "out, in, over": least,
        cowdisk: copiesOf("origin", snapshots),
      }),
      { of: "cost", limit: least + snapshots * 0.125 },
    );
  }
  yield amounts("copies for a first write to the snapshot, whole", "chunks", () => ({
    over: 1,
    cowdisk: copiesOf("snapshot, whole", 1),
  }), { of: "cost", limit: 1.125 });
  yield amounts("copies for a first write to the snapshot, one sector", "chunks", () => ({
    "out, in, over": 2.125,
    cowdisk: copiesOf("snapshot, one sector", 1),
  }), { of: "cost", limit: 2.25 });
  const repeated: Repeated[] = ["reads", "overwrites", "first writes", "asynchronous writes"];
  for (const which of repeated) {
    const title = `bytes that each of 100000 ${which} leaves in the heap`;
    yield amounts(title, "bytes", async () => ({ cowdisk: await heldBy(which) }), {
      of: "cost",
      limit: 1,
    });
  }
}

/** The rows. Garbage comes first: code that has seen only one kind of device is compiled to leave none. */
export function* stackRows(): Generator<Row> {
  const least = Math.min(...EXCEPTION_COUNTS);
  yield garbage(readCopied(least));
  yield garbage(overwriteSnapshot(least));
  yield garbage(overwriteOrigin(least));
  yield* rowsOfMany();
  yield* firstTouches();
  yield race(readKept(), MANY);
  yield* dives();
  yield* counts();
}

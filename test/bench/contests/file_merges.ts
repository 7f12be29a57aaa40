/**
 * Merging a snapshot back into an origin in a file, beside a plain copy of as many bytes.
 *
 * @module
 */
import { copyFileSync, fdatasyncSync, openSync, readSync, writeSync } from "node:fs";
import { openFileDevice } from "../../../src/devices/file.ts";
import { openMergeSync, openSnapshotSync } from "../../../src/mapper/stack.ts";
import { type Contest, isSmoke, lazy } from "../harness/contest.ts";
import { benchFolder, writeImage, written } from "./files.ts";
import { shuffledBelow } from "./places.ts";

/** What is merged: 64 MiB, half of the origin. */
const MERGED_BYTES = isSmoke ? 2 ** 20 : 2 ** 26;
const PIECE_BYTES = 2 ** 20;

/** Makes an origin and a snapshot with exceptions, which a round begins with a copy of. */
function createImages(chunkBytes: number, isIsolated: boolean) {
  const name = `${benchFolder("disk")}/merge-${chunkBytes}-${isIsolated}`;
  const paths = { origin: `${name}.img`, cow: `${name}.cow`, spare: `${name}.spare` };
  writeImage(paths.origin, MERGED_BYTES * 2);
  const chunkSectors = chunkBytes / 512;
  const origin = openFileDevice(paths.origin);
  const sectorCount = MERGED_BYTES / 512 * 1.5;
  const cow = openFileDevice(paths.spare, { create: { sectorCount } });
  const snapshot = openSnapshotSync({ origin, cow, chunkSectors, durability: "flush" });
  const chunk = written(chunkBytes);
  const count = MERGED_BYTES / chunkBytes;
  const chunks = isIsolated
    ? shuffledBelow(count, "merge").map((each) => each * 2)
    : Uint32Array.from({ length: count }, (_, index) => index);
  for (const each of chunks) snapshot.writeSync(chunk, each * chunkSectors);
  snapshot.flushSync();
  for (const device of [snapshot, cow, origin]) device.closeSync();
  return paths;
}

/** Merging all of it. */
export function mergeInFiles(chunkBytes: number, isIsolated: boolean): Contest {
  const images = lazy(() => createImages(chunkBytes, isIsolated));
  const buffer = new Uint8Array(PIECE_BYTES);
  const bare = lazy(() => {
    const path = `${benchFolder("disk")}/merge-bare.img`;
    writeImage(path, MERGED_BYTES * 2);
    return openSync(path, "r+");
  });
  const how = isIsolated ? "isolated" : "in runs";
  return {
    title: `merge ${MERGED_BYTES / 2 ** 20} MiB in files, ${chunkBytes / 1024} KiB chunks, ${how}`,
    operations: MERGED_BYTES / chunkBytes,
    floor: {
      name: "copying as many bytes in pieces of 1 MiB",
      prepare: () => fdatasyncSync(bare()),
      run() {
        for (let at = 0; at < MERGED_BYTES; at += PIECE_BYTES) {
          readSync(bare(), buffer, 0, PIECE_BYTES, at);
          writeSync(bare(), buffer, 0, PIECE_BYTES, MERGED_BYTES + at);
        }
        fdatasyncSync(bare());
      },
    },
    runners: [{
      name: "the merge",
      prepare: () => {
        const { spare, cow } = images();
        copyFileSync(spare, cow);
        const file = openSync(cow, "r+");
        fdatasyncSync(file);
      },
      run() {
        const origin = openFileDevice(images().origin);
        const cow = openFileDevice(images().cow);
        openMergeSync({ origin, cow }).closeSync();
        for (const device of [cow, origin]) device.closeSync();
      },
    }],
  };
}

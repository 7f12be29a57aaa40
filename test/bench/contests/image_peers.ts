/**
 * The command line beside qemu-img: images with a backing file, written on a disk, by programs.
 *
 * Both begin with an origin of 256 MiB of data and 64 MiB of it changed at random places, in pieces of
 * 64 KiB: qcow2's unit and here the chunk. The floor, where there is one, is what the system copies
 * such a file with. `cowdisk export` ends with the image durable, so the others are made to as well.
 *
 * @module
 */
import { copyFileSync, rmSync } from "node:fs";
import { openFileDevice } from "../../../src/devices/file.ts";
import { openSnapshotSync } from "../../../src/mapper/stack.ts";
import { type Contest, isSmoke, lazy, type Runner } from "../harness/contest.ts";
import { benchFolder, writeImage, written } from "./files.ts";
import { shuffledBelow } from "./places.ts";
import { program, runCowdisk, runProgram } from "./programs.ts";

const PIECE_BYTES = 65_536;
const DISK_BYTES = isSmoke ? 2 ** 22 : 2 ** 28;
const CHANGED = DISK_BYTES / PIECE_BYTES / 4;

const images = lazy(() => {
  const path = (name: string) => `${benchFolder("disk")}/peer-${name}`;
  const paths = {
    origin: path("origin.img"),
    cow: path("snap.cow"),
    changed: path("snap.qcow2"),
    out: path("out.img"),
    origin2: path("merged.img"),
    cow2: path("merged.cow"),
    changed2: path("merged.qcow2"),
  };
  writeImage(paths.origin, DISK_BYTES);
  const places = shuffledBelow(DISK_BYTES / PIECE_BYTES, "peers").subarray(0, CHANGED);
  const piece = written(PIECE_BYTES).fill(0x5a);
  const origin = openFileDevice(paths.origin);
  const sectorCount = DISK_BYTES / 512;
  const cow = openFileDevice(paths.cow, { create: { sectorCount } });
  const snapshot = openSnapshotSync({ origin, cow, chunkSectors: 128, durability: "flush" });
  for (const place of places) snapshot.writeSync(piece, place * 128);
  for (const device of [snapshot, cow, origin]) device.closeSync();
  const backing = ["-q", "-f", "qcow2", "-b", paths.origin, "-F", "raw", paths.changed];
  runProgram("qemu-img", ["create", ...backing]);
  const writes = [...places].flatMap((place) => ["-c", `write -q -P 0x5a ${place * 65_536} 64k`]);
  runProgram("qemu-io", ["-f", "qcow2", ...writes, paths.changed]);
  return paths;
});

/** Sees to it that both programs have made the same image. */
export function checkPeers(): void {
  const { origin, cow, changed, out } = images();
  runCowdisk("export", "--force", `${origin}+${cow}`, out);
  runProgram("qemu-img", ["compare", "-q", "-f", "raw", "-F", "qcow2", out, changed]);
}

function contest(verb: string, floor: Runner, ...runners: Runner[]): Contest {
  const title = `${verb}: ${DISK_BYTES / 2 ** 20} MiB, a quarter of it changed`;
  return { title, operations: 1, floor, runners };
}

/** A snapshot as a raw image. */
export function exportImage(): Contest {
  const fresh = () => rmSync(images().out, { force: true });
  return contest(
    "export a snapshot",
    program("cp, and sync", () => {
      const { origin, out } = images();
      runProgram("cp", ["--reflink=never", origin, out]);
      runProgram("sync", ["--data", out]);
    }, fresh),
    program("qemu-img convert, and sync", () => {
      const { changed, out } = images();
      runProgram("qemu-img", ["convert", "-O", "raw", changed, out]);
      runProgram("sync", ["--data", out]);
    }, fresh),
    program("cowdisk export", () => {
      const { origin, cow, out } = images();
      runCowdisk("export", `${origin}+${cow}`, out);
    }, fresh),
  );
}

/** A snapshot folded back. */
export function mergeImage(): Contest {
  const restore = () => {
    const { origin, cow, changed, origin2, cow2, changed2 } = images();
    copyFileSync(origin, origin2);
    copyFileSync(cow, cow2);
    copyFileSync(changed, changed2);
    runProgram("qemu-img", ["rebase", "-u", "-b", origin2, "-F", "raw", changed2]);
    runProgram("sync", []);
  };
  return contest(
    "merge a snapshot, against qemu-img",
    program("qemu-img commit", () => {
      runProgram("qemu-img", ["commit", "-q", images().changed2]);
    }, restore),
    program("cowdisk merge", () => runCowdisk("merge", images().origin2, images().cow2), restore),
  );
}

/** Which parts a snapshot holds. */
export function mapImage(): Contest {
  return contest(
    "map a snapshot, against qemu-img",
    program("qemu-img map", () => {
      runProgram("qemu-img", ["map", "--output=json", images().changed]);
    }),
    program(
      "cowdisk map --no-zeroes",
      () => runCowdisk("map", "--no-zeroes", `${images().origin}+${images().cow}`),
    ),
    program("cowdisk map", () => runCowdisk("map", `${images().origin}+${images().cow}`)),
  );
}

/** Whether two images that are the same are. */
export function compareImages(): Contest {
  return contest(
    "compare a snapshot with its export",
    program("cmp, of two raw files", () => {
      runProgram("cmp", [images().origin, images().origin2]);
    }, () => {
      checkPeers();
      copyFileSync(images().origin, images().origin2);
    }),
    program("qemu-img compare", () => {
      const { changed, out } = images();
      runProgram("qemu-img", ["compare", "-q", "-f", "qcow2", "-F", "raw", changed, out]);
    }),
    program("cowdisk diff", () => {
      const { origin, cow, out } = images();
      runCowdisk("diff", `${origin}+${cow}`, out);
    }),
  );
}

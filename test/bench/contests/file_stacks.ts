/**
 * A stack in files on a disk: what is left of the file's own speed.
 *
 * Each round ends with a flush on both sides, so that nobody wins by leaving work to the system.
 *
 * @module
 */
import { fdatasyncSync, openSync, writeSync } from "node:fs";
import { formatSize } from "../../../src/block/units.ts";
import { type FileDevice, openFileDevice } from "../../../src/devices/file.ts";
import type { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { openOrigin, openSnapshotSync } from "../../../src/mapper/stack.ts";
import type { Durability } from "../../../src/mod.ts";
import { type Contest, isSmoke, lazy, type Runner } from "../harness/contest.ts";
import { BareCopyOut } from "./bare_copy_out.ts";
import { benchFolder, written } from "./files.ts";
import { CHUNK_BYTES, shuffledBelow } from "./places.ts";

/** The size of the origin: 32 MiB. */
const DISK_BYTES = isSmoke ? 2 ** 20 : 2 ** 25;

/** A stack in files, whose snapshot can begin anew. */
class FileStack {
  readonly origin: MappedDevice;
  readonly #cow: FileDevice;
  readonly #options: { readonly chunkSectors: number; readonly durability: Durability };
  #snapshot: MappedDevice | undefined;

  constructor(chunkBytes: number, durability: Durability) {
    const chunkSectors = chunkBytes / 512;
    const open = (sectorCount: number) =>
      openFileDevice(`${benchFolder("disk")}/${++fileCount}.img`, { create: { sectorCount } });
    const disk = open(DISK_BYTES / 512);
    this.#cow = open(DISK_BYTES / 512 * 1.25);
    for (const device of [disk, this.#cow]) {
      device.writeSync(written(DISK_BYTES), 0);
      device.flushSync();
    }
    this.#options = { chunkSectors, durability };
    this.origin = openOrigin(disk);
  }

  get snapshot(): MappedDevice {
    return this.#snapshot ?? this.begin();
  }

  begin(): MappedDevice {
    this.#snapshot?.closeSync();
    this.#cow.writeZeroesSync(0, this.#options.chunkSectors);
    this.#cow.flushSync();
    const devices = { origin: this.origin, cow: this.#cow };
    return this.#snapshot = openSnapshotSync({ ...devices, ...this.#options });
  }
}

let fileCount = 0;

/** A file of the same size, by the system's calls. */
const bare = lazy(() => {
  const file = openSync(`${benchFolder("disk")}/bare.img`, "w+");
  writeSync(file, written(DISK_BYTES), 0, DISK_BYTES, 0);
  fdatasyncSync(file);
  return file;
});

function bareWrites(requestBytes: number): Runner {
  const source = written(requestBytes);
  return {
    name: "the file itself",
    prepare: () => fdatasyncSync(bare()),
    run() {
      for (let at = 0; at < DISK_BYTES; at += requestBytes) {
        writeSync(bare(), source, 0, requestBytes, at);
      }
      fdatasyncSync(bare());
    },
  };
}

/** What an origin has to do for the same: the least that keeps its order. */
function bareCopiesOut(requestBytes: number, chunkBytes: number): Runner {
  const bare = lazy(() =>
    new BareCopyOut(`order-${requestBytes}`, { originBytes: DISK_BYTES, requestBytes, chunkBytes })
  );
  return {
    name: "the same calls of the system",
    prepare: () => bare().flush(),
    run() {
      for (let at = 0; at < DISK_BYTES; at += requestBytes) bare().write(at / requestBytes, at);
      bare().flush();
    },
  };
}

/** First writes from the first chunk to the last, and a flush. */
export function writeInOrder(
  where: "origin" | "snapshot",
  requestBytes: number,
  durability: Durability,
): Contest {
  const chunkBytes = 65_536;
  const stack = lazy(() => new FileStack(chunkBytes, durability));
  const source = written(requestBytes);
  const size = formatSize(requestBytes);
  return {
    title: `first writes of ${size} in order, ${where} in files, durability ${durability}`,
    operations: DISK_BYTES / requestBytes,
    floor: bareWrites(requestBytes),
    runners: [...(where === "origin" ? [bareCopiesOut(requestBytes, chunkBytes)] : []), {
      name: `the ${where}`,
      prepare: () => void stack().begin(),
      run() {
        const device = where === "origin" ? stack().origin : stack().snapshot;
        for (let at = 0; at < DISK_BYTES; at += requestBytes) device.writeSync(source, at / 512);
        device.flushSync();
      },
    }],
  };
}

/** First writes of single chunks at random places of a snapshot, and a flush: by both durabilities. */
export function writeAtRandom(): Contest {
  const operations = isSmoke ? 8 : 256;
  const places = shuffledBelow(DISK_BYTES / CHUNK_BYTES, "random").subarray(0, operations);
  const source = written(CHUNK_BYTES);
  const by = (durability: Durability): Runner => {
    const stack = lazy(() => new FileStack(CHUNK_BYTES, durability));
    return {
      name: `durability ${durability}`,
      prepare: () => void stack().begin(),
      run() {
        const { snapshot } = stack();
        for (const place of places) snapshot.writeSync(source, place * CHUNK_BYTES / 512);
        snapshot.flushSync();
      },
    };
  };
  return {
    title: "first writes of 4 KiB at random, snapshot in files, and a flush",
    operations,
    floor: by("each"),
    runners: [by("flush")],
  };
}

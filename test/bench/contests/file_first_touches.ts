/**
 * The first write to chunks of an origin in a file: as in memory, with the system's calls.
 *
 * The floor makes the same calls in the same order: the old data is read, copied, made durable; its
 * entries are written, made durable; then the write.
 *
 * @module
 */
import { fdatasyncSync, openSync, readSync, writeSync } from "node:fs";
import { formatSize } from "../../../src/block/units.ts";
import { type FileDevice, openFileDevice } from "../../../src/devices/file.ts";
import type { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { openOrigin, openSnapshotSync } from "../../../src/mapper/stack.ts";
import { type Contest, isSmoke, lazy } from "../harness/contest.ts";
import { benchFolder, written } from "./files.ts";
import { CHUNK_BYTES, CHUNK_SECTORS, shuffledBelow, Walk } from "./places.ts";

/** The size of the origin: 16 MiB. */
const ORIGIN_CHUNKS = isSmoke ? 512 : 4096;

/** Room for all of it and its metadata. */
const COW_SECTORS = (ORIGIN_CHUNKS + 64) * CHUNK_SECTORS;

/** Chunks copied out in a round: syncing takes its time. */
const ROUND_CHUNKS = isSmoke ? 8 : 128;

class Stack {
  readonly origin: MappedDevice;
  readonly #cow: FileDevice;
  #snapshot: MappedDevice | undefined;

  constructor(name: string) {
    const open = (file: string, sectorCount: number) =>
      openFileDevice(`${benchFolder("disk")}/${name}-${file}`, { create: { sectorCount } });
    const disk = open("origin", ORIGIN_CHUNKS * CHUNK_SECTORS);
    this.#cow = open("cow", COW_SECTORS);
    const all = written(ORIGIN_CHUNKS * CHUNK_BYTES);
    for (const device of [disk, this.#cow]) {
      device.writeSync(all, 0);
      device.flushSync();
    }
    this.origin = openOrigin(disk);
  }

  begin(): void {
    this.#snapshot?.closeSync();
    this.#cow.writeZeroesSync(0, CHUNK_SECTORS);
    this.#cow.flushSync();
    const options = { origin: this.origin, cow: this.#cow, chunkSectors: CHUNK_SECTORS };
    this.#snapshot = openSnapshotSync(options);
  }
}

class Bare {
  readonly #origin: number;
  readonly #cow: number;
  readonly #buffer: Uint8Array;
  readonly #source: Uint8Array;

  constructor(name: string, source: Uint8Array) {
    const all = written(ORIGIN_CHUNKS * CHUNK_BYTES);
    const open = (file: string) => {
      const number = openSync(`${benchFolder("disk")}/${name}-bare-${file}`, "w+");
      writeSync(number, all, 0, all.length, 0);
      fdatasyncSync(number);
      return number;
    };
    this.#origin = open("origin");
    this.#cow = open("cow");
    this.#buffer = new Uint8Array(source.length);
    this.#source = source;
  }

  copyOut(index: number, position: number): void {
    const byteCount = this.#buffer.length;
    // As many areas as 256 entries each make.
    const entryBytes = Math.max(512, byteCount / 256);
    readSync(this.#origin, this.#buffer, 0, byteCount, position);
    writeSync(this.#cow, this.#buffer, 0, byteCount, 2 * CHUNK_BYTES + index * byteCount);
    fdatasyncSync(this.#cow);
    writeSync(this.#cow, this.#buffer, 0, entryBytes, CHUNK_BYTES);
    fdatasyncSync(this.#cow);
    writeSync(this.#origin, this.#source, 0, byteCount, position);
  }
}

/** First writes of so many chunks of the origin each. */
export function copyOutInFiles(requestChunks: number): Contest {
  const name = formatSize(requestChunks * CHUNK_BYTES);
  const source = written(requestChunks * CHUNK_BYTES);
  const stack = lazy(() => new Stack(name));
  const bare = lazy(() => new Bare(name, source));
  const places = shuffledBelow(ORIGIN_CHUNKS / requestChunks, "file");
  const operations = Math.max(1, Math.floor(ROUND_CHUNKS / requestChunks));
  // From round to round a walk goes on: what a round writes, no chunk of it twice.
  const sectors = new Walk(places, (place) => place * requestChunks * CHUNK_SECTORS);
  const positions = new Walk(places, (place) => place * requestChunks * CHUNK_BYTES);
  return {
    title: `first write of ${name} to an origin in a file`,
    operations,
    floor: {
      name: "the same calls of the system",
      prepare: () => void bare(),
      run() {
        for (let index = 0; index < operations; index++) bare().copyOut(index, positions.next());
      },
    },
    runners: [{
      name: "the origin",
      prepare: () => stack().begin(),
      run() {
        const { origin } = stack();
        for (let index = 0; index < operations; index++) origin.writeSync(source, sectors.next());
      },
    }],
  };
}

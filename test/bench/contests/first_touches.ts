/**
 * Writing a chunk for the first time: to the origin, which copies it out to the snapshot first, and
 * to the snapshot, which makes an exception.
 *
 * Everything lies in memory. Before each round the snapshot is made anew, on a COW device that was
 * used before: what is measured is the work of one chunk, not the engine's giving of memory.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { createMemoryDevice, type MemoryDevice } from "../../../src/devices/memory.ts";
import { openOrigin, openSnapshotSync } from "../../../src/mapper/stack.ts";
import { type Contest, isSmoke, lazy, OPERATIONS, repeat } from "./contest.ts";
import {
  CHUNK_BYTES,
  CHUNK_SECTORS,
  chunkOfBytes,
  createRegion,
  drawPlaces,
  Walk,
} from "./places.ts";

/** The size of the origin: 256 MiB. */
const ORIGIN_CHUNKS = isSmoke ? 64 : 65_536;
/** Room for the exceptions of a round and their metadata. */
const COW_SECTORS = (OPERATIONS + 512) * CHUNK_SECTORS * 2;

const WRITTEN = chunkOfBytes("written");
const PART = WRITTEN.subarray(0, 512);

/** An origin full of data, and a snapshot of it that can begin anew. */
class Stack {
  readonly disk: MemoryDevice;
  readonly cow: MemoryDevice = createMemoryDevice({ sectorCount: COW_SECTORS });
  readonly origin: MappedDevice;
  readonly sectors: Walk;
  #snapshot: MappedDevice | undefined;

  constructor() {
    const places = drawPlaces(ORIGIN_CHUNKS);
    this.sectors = new Walk(places, (place) => place * CHUNK_SECTORS);
    this.disk = createMemoryDevice({ sectorCount: ORIGIN_CHUNKS * CHUNK_SECTORS });
    for (const place of places) {
      this.disk.writeSync(chunkOfBytes("content"), place * CHUNK_SECTORS);
    }
    this.origin = openOrigin(this.disk);
    // A first life, so that the COW device has its memory.
    for (let chunk = 0; chunk < OPERATIONS + 64; chunk++) {
      this.cow.writeSync(WRITTEN, chunk * CHUNK_SECTORS);
    }
  }

  get snapshot(): MappedDevice {
    return this.#snapshot ?? this.begin();
  }

  /** A new snapshot, without an exception. */
  begin(): MappedDevice {
    this.#snapshot?.closeSync();
    this.cow.writeZeroesSync(0, CHUNK_SECTORS);
    return this.#snapshot = openSnapshotSync({
      origin: this.origin,
      cow: this.cow,
      chunkSectors: CHUNK_SECTORS,
    });
  }

  /** Sees to it that what is measured also keeps the old data. */
  check(): this {
    const snapshot = this.begin();
    const bytes = new Uint8Array(CHUNK_BYTES);
    this.origin.writeSync(WRITTEN, 0);
    snapshot.readSync(bytes, 0);
    assertEquals(bytes, chunkOfBytes("content"));
    this.origin.readSync(bytes, 0);
    assertEquals(bytes, WRITTEN);
    return this;
  }
}

/** What the floors work on: bare memory of the same sizes. */
class Bare {
  readonly origin: Uint8Array<ArrayBuffer>;
  readonly cow = new Uint8Array((OPERATIONS + 512) * CHUNK_BYTES).fill(1);
  readonly buffer = new Uint8Array(CHUNK_BYTES);
  readonly addresses: Walk;

  constructor() {
    const places = drawPlaces(ORIGIN_CHUNKS);
    this.origin = createRegion(ORIGIN_CHUNKS, places);
    this.addresses = new Walk(places, (place) => place * CHUNK_BYTES);
  }
}

const stack = lazy(() => new Stack().check());
const bare = lazy(() => new Bare());

/** The first write to a chunk of the origin: copied out, committed, then written. */
export function copyOut(): Contest {
  return {
    title: "first write to a 4 KiB chunk of the origin",
    operations: OPERATIONS,
    floor: repeat("Uint8Array.set, three times", (index) => {
      const { origin, cow, buffer, addresses } = bare();
      const address = addresses.next();
      buffer.set(origin.subarray(address, address + CHUNK_BYTES));
      cow.set(buffer, index * CHUNK_BYTES);
      origin.set(WRITTEN, address);
    }),
    runners: [
      repeat("the same three copies by devices", (index) => {
        const { disk, cow, sectors } = stack();
        const { buffer } = bare();
        const sector = sectors.next();
        disk.readSync(buffer, sector);
        cow.writeSync(buffer, (index + 2) * CHUNK_SECTORS);
        disk.writeSync(WRITTEN, sector);
      }),
      repeat("the origin", () => stack().origin.writeSync(WRITTEN, stack().sectors.next()), begin),
    ],
  };
}

/** The first write to a chunk of the snapshot, whole: nothing has to be read. */
export function writeWhole(): Contest {
  return {
    title: "first write to a 4 KiB chunk of the snapshot, whole",
    operations: OPERATIONS,
    floor: repeat("Uint8Array.set", (index) => bare().cow.set(WRITTEN, index * CHUNK_BYTES)),
    runners: [
      repeat("the snapshot", () => {
        stack().snapshot.writeSync(WRITTEN, stack().sectors.next());
      }, begin),
    ],
  };
}

/** The first write to a chunk of the snapshot, of one sector: the rest is copied from the origin. */
export function writePart(): Contest {
  return {
    title: "first write to a 4 KiB chunk of the snapshot, one sector of it",
    operations: OPERATIONS,
    floor: repeat("Uint8Array.set, chunk and sector", (index) => {
      const { origin, cow, addresses } = bare();
      const address = addresses.next();
      cow.set(origin.subarray(address, address + CHUNK_BYTES), index * CHUNK_BYTES);
      cow.set(PART, index * CHUNK_BYTES + 512);
    }),
    runners: [
      repeat("the snapshot", () => {
        stack().snapshot.writeSync(PART, stack().sectors.next() + 1);
      }, begin),
    ],
  };
}

function begin(): MappedDevice {
  return stack().begin();
}

/**
 * Writing a chunk for the first time: to the origin, which copies it out to its snapshots first, and
 * to a snapshot, which makes an exception.
 *
 * Everything lies in memory. Before each round the snapshots are made anew, on COW devices that were
 * used before: what is measured is the work of one chunk, not the engine's giving of memory.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { formatSize } from "../../../src/block/units.ts";
import type { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { createMemoryDevice, type MemoryDevice } from "../../../src/devices/memory.ts";
import { openOrigin, openSnapshotSync } from "../../../src/mapper/stack.ts";
import type { Durability } from "../../../src/mod.ts";
import { type Contest, isSmoke, lazy, type Runner } from "../harness/contest.ts";
import { type Face, runnerBy } from "./faces.ts";
import { written } from "./files.ts";
import { drawPlaces, Walk } from "./places.ts";

/** The size of the origin: 256 MiB. */
const ORIGIN_BYTES = isSmoke ? 2 ** 20 : 2 ** 28;

/** What the stack is like. */
export interface Shape {
  readonly chunkBytes: number;
  /** Snapshots of the one origin. */
  readonly snapshots: number;
  readonly face: Face;
  readonly durability: Durability;
}

/** As in most rows. */
export const PLAIN: Shape = { chunkBytes: 4096, snapshots: 1, face: "sync", durability: "each" };

/** What a row's title says of a stack. */
function wordsOf({ chunkBytes, snapshots, face, durability }: Shape): string {
  return [
    `${formatSize(chunkBytes)} chunks`,
    ...snapshots === 1 ? [] : [`${snapshots} snapshots`],
    ...face === "sync" ? [] : [face],
    ...durability === "each" ? [] : [`durability ${durability}`],
  ].join(", ");
}

/** Chunks that a round touches: some 64 MiB at most, all snapshots together. */
function operationsOf({ chunkBytes, snapshots }: Shape): number {
  return isSmoke ? 8 : Math.max(16, Math.min(1000, 2 ** 26 / chunkBytes / snapshots));
}

/** An origin full of data, and snapshots of it that can begin anew. */
class Stack {
  readonly disk: MemoryDevice;
  readonly cows: readonly MemoryDevice[];
  readonly origin: MappedDevice;
  readonly sectors: Walk;
  readonly chunk: Uint8Array;
  readonly #shape: Shape;
  #snapshots: MappedDevice[] = [];

  constructor(shape: Shape) {
    const { chunkBytes, snapshots } = shape;
    const chunkSectors = chunkBytes / 512;
    const operations = operationsOf(shape);
    const places = drawPlaces(ORIGIN_BYTES / chunkBytes);
    this.#shape = shape;
    this.chunk = written(chunkBytes);
    this.sectors = new Walk(places, (place) => place * chunkSectors);
    this.disk = createMemoryDevice({ sectorCount: ORIGIN_BYTES / 512 });
    for (const place of places) this.disk.writeSync(this.chunk, place * chunkSectors);
    this.origin = openOrigin(this.disk);
    this.cows = Array.from({ length: snapshots }, () => {
      const cow = createMemoryDevice({ sectorCount: (operations + 512) * chunkSectors * 2 });
      // A first life, so that the COW device has its memory.
      for (let at = 0; at < operations + 64; at++) cow.writeSync(this.chunk, at * chunkSectors);
      return cow;
    });
  }

  get snapshot(): MappedDevice {
    return this.#snapshots[0] ?? this.begin()[0]!;
  }

  /** New snapshots, without an exception. */
  begin(): MappedDevice[] {
    const { durability, chunkBytes } = this.#shape;
    const chunkSectors = chunkBytes / 512;
    for (const snapshot of this.#snapshots) snapshot.closeSync();
    return this.#snapshots = this.cows.map((cow) => {
      cow.writeZeroesSync(0, chunkSectors);
      return openSnapshotSync({ origin: this.origin, cow, chunkSectors, durability });
    });
  }

  /** Sees to it that what is measured also keeps the old data. */
  check(): this {
    const snapshots = this.begin();
    const bytes = new Uint8Array(512);
    this.origin.writeSync(bytes.fill(3), 0);
    for (const snapshot of snapshots) {
      snapshot.readSync(bytes.fill(0), 0);
      assertEquals(bytes, this.chunk.subarray(0, 512));
    }
    this.origin.readSync(bytes, 0);
    assertEquals(bytes, new Uint8Array(512).fill(3));
    this.origin.writeSync(this.chunk, 0);
    return this;
  }
}

/** What the floors work on: bare memory of the same sizes. */
class Bare {
  readonly origin = written(ORIGIN_BYTES);
  readonly cows: readonly Uint8Array[];
  readonly chunk: Uint8Array;
  readonly buffer: Uint8Array;
  readonly addresses: Walk;

  constructor(shape: Shape) {
    const { chunkBytes, snapshots } = shape;
    const places = drawPlaces(ORIGIN_BYTES / chunkBytes);
    this.chunk = written(chunkBytes);
    this.buffer = new Uint8Array(chunkBytes);
    const cowBytes = (operationsOf(shape) + 512) * chunkBytes;
    this.cows = Array.from({ length: snapshots }, () => new Uint8Array(cowBytes).fill(1));
    this.addresses = new Walk(places, (place) => place * chunkBytes);
  }
}

/** One stack at a time: the largest take a gigabyte. */
let last: { readonly shape: Shape; readonly stack: () => Stack; readonly bare: () => Bare } | null =
  null;

function rigOf(shape: Shape) {
  if (last?.shape === shape) return last;
  const stack = lazy(() => new Stack(shape).check());
  return last = { shape, stack, bare: lazy(() => new Bare(shape)) };
}

function floorOf(
  name: string,
  shape: Shape,
  copy: (bare: Bare, index: number) => void,
): Runner {
  const operations = operationsOf(shape);
  return {
    name,
    prepare: () => void rigOf(shape).bare(),
    run() {
      const bare = rigOf(shape).bare();
      for (let index = 0; index < operations; index++) copy(bare, index);
    },
  };
}

/** The same copies by devices, without a snapshot. */
function byDevices(shape: Shape): Runner {
  const chunkSectors = shape.chunkBytes / 512;
  return {
    name: "the same copies by devices",
    prepare: () => void rigOf(shape).stack(),
    run() {
      const { disk, cows, sectors, chunk } = rigOf(shape).stack();
      const { buffer } = rigOf(shape).bare();
      for (let index = 0; index < operationsOf(shape); index++) {
        const sector = sectors.next();
        for (const cow of cows) {
          disk.readSync(buffer, sector);
          cow.writeSync(buffer, (index + 2) * chunkSectors);
        }
        disk.writeSync(chunk, sector);
      }
    },
  };
}

/** The first write to a chunk of the origin: copied out, committed, then written. */
export function copyOut(shape: Shape): Contest {
  const { chunkBytes, face } = shape;
  const stack = () => rigOf(shape).stack();
  const requests = () => {
    const { origin, chunk, sectors } = stack();
    return {
      sync: () => origin.writeSync(chunk, sectors.next()),
      async: () => origin.write(chunk, sectors.next()),
    };
  };
  const operations = operationsOf(shape);
  return {
    title: `first write to a chunk of the origin: ${wordsOf(shape)}`,
    operations,
    floor: floorOf("Uint8Array.set: out, in, over", shape, (bare, index) => {
      const { origin, cows, buffer, addresses, chunk } = bare;
      const address = addresses.next();
      for (const cow of cows) {
        buffer.set(origin.subarray(address, address + chunkBytes));
        cow.set(buffer, index * chunkBytes);
      }
      origin.set(chunk, address);
    }),
    runners: [
      ...face === "sync" ? [byDevices(shape)] : [],
      runnerBy(face, "the origin", operations, requests, () => void stack().begin()),
    ],
  };
}

/** The first write to a chunk of the snapshot, whole: nothing has to be read. */
export function writeWhole(shape: Shape): Contest {
  const { chunkBytes, face } = shape;
  const stack = () => rigOf(shape).stack();
  const requests = () => {
    const { snapshot, chunk, sectors } = stack();
    return {
      sync: () => snapshot.writeSync(chunk, sectors.next()),
      async: () => snapshot.write(chunk, sectors.next()),
    };
  };
  const operations = operationsOf(shape);
  return {
    title: `first write to a chunk of the snapshot, whole: ${wordsOf(shape)}`,
    operations,
    floor: floorOf("Uint8Array.set", shape, ({ cows, chunk }, index) => {
      cows[0]!.set(chunk, index * chunkBytes);
    }),
    runners: [runnerBy(face, "the snapshot", operations, requests, () => void stack().begin())],
  };
}

/** The first write to a chunk of the snapshot, of one sector: the rest is copied from the origin. */
export function writePart(shape: Shape): Contest {
  const { chunkBytes, face } = shape;
  const stack = () => rigOf(shape).stack();
  const requests = () => {
    const { snapshot, chunk, sectors } = stack();
    const part = chunk.subarray(0, 512);
    return {
      sync: () => snapshot.writeSync(part, sectors.next() + 1),
      async: () => snapshot.write(part, sectors.next() + 1),
    };
  };
  const operations = operationsOf(shape);
  return {
    title: `first write to a chunk of the snapshot, one sector: ${wordsOf(shape)}`,
    operations,
    floor: floorOf("Uint8Array.set, chunk and sector", shape, (bare, index) => {
      const { origin, cows, addresses, chunk } = bare;
      const address = addresses.next();
      cows[0]!.set(origin.subarray(address, address + chunkBytes), index * chunkBytes);
      cows[0]!.set(chunk.subarray(0, 512), index * chunkBytes + 512);
    }),
    runners: [runnerBy(face, "the snapshot", operations, requests, () => void stack().begin())],
  };
}

/**
 * Where nothing has to be copied, in files: overwrites of what all snapshots have copies of, and reads.
 *
 * Each round of writes ends with a flush on both sides, so that nobody wins by leaving work to the
 * system. It holds the files in its cache: what is left of the speed is what calls and look-ups cost.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fdatasyncSync, openSync, readSync, writeSync } from "node:fs";
import { openFileDevice } from "../../../src/devices/file.ts";
import type { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { openOrigin, openSnapshotSync } from "../../../src/mapper/stack.ts";
import { type Contest, isSmoke, lazy, type Runner } from "../harness/contest.ts";
import { type Face, type Requests, runnerBy } from "./faces.ts";
import { benchFolder, written } from "./files.ts";
import { CHUNK_BYTES, CHUNK_SECTORS, shuffledBelow } from "./places.ts";

/** Chunks that all snapshots have copied: 4 MiB. As many follow that none has. */
const COPIED_CHUNKS = isSmoke ? 16 : 1024;

const OPERATIONS = isSmoke ? 8 : 1000;

/** What is done. */
export type Access =
  | "overwrite 4 KiB of an origin"
  | "overwrite 4 KiB of a snapshot"
  | "read a copied chunk of 4 KiB"
  | "read an uncopied chunk of 4 KiB";

/** How it is done. */
export interface AccessShape {
  /** Snapshots of the one origin. */
  readonly snapshots: number;
  readonly face: Face;
}

const content = written(2 * COPIED_CHUNKS * CHUNK_BYTES);

/**
 * Files get their first content in such pieces, as a copier writes them. Linux keeps what was written
 * at once in pages as large, and a write of 4 KiB into a page of 2 MiB takes three times as long.
 */
const PIECE_BYTES = 65_536;

function fill(write: (piece: Uint8Array, at: number) => void): void {
  for (let at = 0; at < content.length; at += PIECE_BYTES) {
    write(content.subarray(at, at + PIECE_BYTES), at);
  }
}

/** An origin half of which its snapshots have copied. */
class Stack {
  readonly origin: MappedDevice;
  readonly snapshot: MappedDevice;

  constructor(snapshots: number) {
    const path = (name: string) => `${benchFolder("disk")}/access-${snapshots}-${name}`;
    const sectorCount = 2 * COPIED_CHUNKS * CHUNK_SECTORS;
    const disk = openFileDevice(path("origin"), { create: { sectorCount } });
    fill((piece, at) => disk.writeSync(piece, at / 512));
    this.origin = openOrigin(disk);
    const views = Array.from({ length: snapshots }, (_, index) => {
      const cow = openFileDevice(path(`cow-${index}`), { create: { sectorCount } });
      return openSnapshotSync({ origin: this.origin, cow, chunkSectors: CHUNK_SECTORS });
    });
    this.snapshot = views[0]!;
    // Other bytes: what was copied is told from what was not.
    this.origin.writeSync(content.subarray(0, content.length / 2).map((byte) => ~byte | 1), 0);
    const bytes = new Uint8Array(CHUNK_BYTES);
    for (const view of views) {
      assertEquals(view.activeTargets?.[0]?.status()?.split("/")[0], String(this.#allocated()));
      view.readSync(bytes.fill(0), 0);
      assertEquals(bytes, content.subarray(0, CHUNK_BYTES));
    }
    this.origin.flushSync();
  }

  /** Sectors of a COW device: header, areas of 256 entries, copies; an area that is full has a next. */
  #allocated(): number {
    return (1 + Math.floor(COPIED_CHUNKS / 256) + 1 + COPIED_CHUNKS) * CHUNK_SECTORS;
  }
}

const stacks = new Map<number, () => Stack>();

function stackOf(snapshots: number): () => Stack {
  const known = stacks.get(snapshots) ?? lazy(() => new Stack(snapshots));
  stacks.set(snapshots, known);
  return known;
}

/** A file of the same size, by the system's calls. */
const bare = lazy(() => {
  const file = openSync(`${benchFolder("disk")}/access-bare`, "w+");
  fill((piece, at) => writeSync(file, piece, 0, piece.length, at));
  return file;
});

/** With a flush at the end of each round. */
function flushed({ run, ...runner }: Runner, flush: () => void): Runner {
  return {
    ...runner,
    async run() {
      await run();
      flush();
    },
  };
}

/** An access, again and again. */
export function accessFiles(access: Access, { snapshots, face }: AccessShape): Contest {
  const stack = stackOf(snapshots);
  const isWrite = access.startsWith("overwrite");
  const device = () => access.endsWith("origin") ? stack().origin : stack().snapshot;
  const first = access.startsWith("read an uncopied") ? COPIED_CHUNKS : 0;
  const places = shuffledBelow(COPIED_CHUNKS, "access").map((place) => first + place);
  const placeOf = (index: number) => places[index] as number;
  const source = content.subarray(0, CHUNK_BYTES);
  const targets = Array.from({ length: 16 }, () => new Uint8Array(CHUNK_BYTES));
  const requests = (): Requests => {
    const ours = device();
    return isWrite
      ? {
        sync: (index) => ours.writeSync(source, placeOf(index) * CHUNK_SECTORS),
        async: (index) => ours.write(source, placeOf(index) * CHUNK_SECTORS),
      }
      : {
        sync: (index) => ours.readSync(targets[0]!, placeOf(index) * CHUNK_SECTORS),
        async: (index, lane) => ours.read(targets[lane]!, placeOf(index) * CHUNK_SECTORS),
      };
  };
  const bareRequests = (): Requests => {
    const file = bare();
    const call = isWrite
      ? (at: number) => writeSync(file, source, 0, CHUNK_BYTES, at)
      : (at: number) => readSync(file, targets[0]!, 0, CHUNK_BYTES, at);
    const sync = (index: number) => void call(placeOf(index) * CHUNK_BYTES);
    return { sync, async: () => Promise.reject(new TypeError("The floor is synchronous")) };
  };
  const floor = runnerBy("sync", "the file itself", OPERATIONS, bareRequests);
  const name = access.endsWith("origin") ? "the origin" : "the snapshot";
  const ours = runnerBy(face, name, OPERATIONS, requests);
  const words = [
    `${access} in a file`,
    ...snapshots === 1 ? [] : [`${snapshots} snapshots`],
    ...face === "sync" ? [] : [face],
  ];
  return {
    title: words.join(", "),
    operations: OPERATIONS,
    floor: isWrite ? flushed(floor, () => fdatasyncSync(bare())) : floor,
    runners: [isWrite ? flushed(ours, () => device().flushSync()) : ours],
  };
}

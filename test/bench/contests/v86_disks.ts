/**
 * Disks in memory in v86, beside the buffers that v86 has itself: a bare device beside the one that
 * only keeps bytes, a disk with snapshots, all of it exceptions, beside both.
 *
 * A read is followed by a copy, for v86 copies at once what it is given.
 *
 * @module
 */
import { v86Disk } from "../../../src/emulator/v86.ts";
import { createMemoryDevice, Disk, formatSize } from "../../../src/mod.ts";
import { type Contest, isSmoke, OPERATIONS, type Runner } from "../harness/contest.ts";
import { CHUNK_BYTES, chunkOfBytes, shuffledBelow, Walk } from "./places.ts";
import { openFileBuffer, openSyncBuffer, type V86Buffer } from "./v86_buffers.ts";

/** Blocks of 256 bytes that are written before anything is measured: v86 keeps those it has apart. */
export const WRITTEN_BLOCKS = isSmoke ? 1600 : 1_000_000;

/** Chunks of the disks, all written. */
const CHUNKS = WRITTEN_BLOCKS * 256 / CHUNK_BYTES;

const chunk = chunkOfBytes("v86");
const nothing = () => {};

/** Writes every chunk of a disk once, in a random order. */
export function writeAll(buffer: V86Buffer): void {
  for (const place of shuffledBelow(CHUNKS, "places")) {
    buffer.set(place * CHUNK_BYTES, chunk, nothing);
  }
}

/** Bytes of the disks. */
export const DISK_BYTES: number = CHUNKS * CHUNK_BYTES;

/** A disk of ours, in memory. */
export async function openOurs(): Promise<{ disk: Disk; buffer: V86Buffer }> {
  const disk = await Disk.open("v86", { origin: DISK_BYTES / 512, storage: "memory" });
  return { disk, buffer: v86Disk(disk) };
}

function everyWalk(): Walk {
  return new Walk(shuffledBelow(CHUNKS, "walk"), (place) => place * CHUNK_BYTES);
}

function reader(name: string, buffer: V86Buffer): Runner {
  const walk = everyWalk();
  const guest = new Uint8Array(CHUNK_BYTES);
  const take = (bytes: Uint8Array) => guest.set(bytes);
  return {
    name,
    run() {
      for (let done = 0; done < OPERATIONS; done++) buffer.get(walk.next(), CHUNK_BYTES, take);
    },
  };
}

function writer(name: string, buffer: V86Buffer): Runner {
  const walk = everyWalk();
  return {
    name,
    run() {
      for (let done = 0; done < OPERATIONS; done++) buffer.set(walk.next(), chunk, nothing);
    },
  };
}

/** All of them. */
export interface V86Contests {
  /** A bare device, against the floor. */
  readonly bare: readonly Contest[];
  /** A disk with snapshots, against the floor. */
  readonly snapshots: readonly Contest[];
  /** The same, against v86's disk on a file. */
  readonly peers: readonly Contest[];
  readonly snapshot: Contest;
  readonly rollback: Contest;
}

/** Makes the disks, and the contests. */
export async function v86Contests(): Promise<V86Contests> {
  const [sync, file] = [await openSyncBuffer(DISK_BYTES), await openFileBuffer(DISK_BYTES)];
  const { disk, buffer: ours } = await openOurs();
  const bare = v86Disk(createMemoryDevice({ sectorCount: DISK_BYTES / 512 }));
  for (const buffer of [sync, file, bare, ours]) writeAll(buffer);
  const pair = (what: string, buffer: V86Buffer, peer: string, floor: V86Buffer): Contest[] =>
    ([["read", reader], ["write", writer]] as const).map(([verb, make]) => ({
      title: `${verb} 4 KiB of ${what} in v86, against its ${peer}`,
      operations: OPERATIONS,
      floor: make(peer, floor),
      runners: [make("cowdisk", buffer)],
    }));
  return {
    bare: pair("a device", bare, "SyncBuffer", sync),
    snapshots: pair("a disk", ours, "SyncBuffer", sync),
    peers: pair("a disk", ours, "AsyncFileBuffer", file),
    ...stateContests(disk, ours, sync),
  };
}

/** A snapshot and a rollback, beside what a machine's state costs with v86's own buffer: a copy. */
function stateContests(disk: Disk, ours: V86Buffer, sync: V86Buffer) {
  const size = formatSize(DISK_BYTES);
  let count = 0;
  const last = () => `${count}`;
  const snapshot: Contest = {
    title: `snapshot of a machine's disk with ${size} written`,
    operations: 1,
    floor: { name: "a copy", run: () => void (sync.get_state()[1] as Uint8Array).slice() },
    runners: [{
      name: "cowdisk",
      prepare: () => ours.set(0, chunk, nothing),
      run: () => disk.snapshotSync(`${++count}`),
    }],
  };
  const rollback: Contest = {
    title: `rollback of a machine's disk with ${size} written since`,
    operations: 1,
    floor: { name: "a copy", run: () => sync.set_state(sync.get_state()) },
    runners: [{
      name: "cowdisk",
      prepare: () => writeAll(ours),
      run: () => disk.rollbackSync(last()),
    }],
  };
  return { snapshot, rollback };
}

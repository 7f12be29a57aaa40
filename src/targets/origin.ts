/**
 * The origin: one device, and all snapshots of it.
 *
 * Whoever writes to the device, a snapshot-origin or a merge, asks here, and learns which prefix of
 * the write needs nothing and what must happen before the rest. Snapshots join when they are
 * constructed and guard their view from the moment they are resumed: the next write already sees
 * them, with no need to suspend the origin, and with any mixture of chunk sizes.
 *
 * An `Origin` belongs to its device as long as the device lives; there is one for each device object.
 *
 * This module is browser compatible.
 *
 * @see dm-snap.c, `struct origin`, `__origin_write()`
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { allStep, flushStep, type Plan } from "../block/plan.ts";
import { chunkOf, type SectorRange } from "../block/units.ts";
import { ChunkFence, type ExceptionTable, protect, protectedChunks } from "../exception/mod.ts";
import type { Mapping } from "./target.ts";

/** The most sectors of a write that are made ready in one go: 2 MiB. */
const PROTECT_SECTORS_MAX = 4096;

/** A snapshot, as its origin sees it. */
export interface OriginMember {
  /** The COW device; two members with the same one hand their exceptions over. */
  readonly cow: BlockDevice;
  /** How many sectors of the origin the snapshot shows. */
  readonly sectorCount: number;
  /** Its exceptions; `null` before it has them and after it handed them over. */
  readonly table: ExceptionTable | null;
  /** Whether it is being folded back into the origin, or is going to be. */
  readonly isMerging: boolean;
  /** Whether it was resumed and guards its view. */
  readonly isActive: boolean;
  /** Whether its device is suspended. */
  readonly isSuspended: boolean;
}

const ORIGINS = new WeakMap<BlockDevice, Origin>();

/** A device and the snapshots of it. */
export class Origin {
  /** The device. */
  readonly device: BlockDevice;
  /** Asynchronous writes under way, by sector, and overwriting by snapshots. */
  readonly #writers = new ChunkFence();
  #members: OriginMember[] = [];

  private constructor(device: BlockDevice) {
    this.device = device;
  }

  /**
   * The origin that a device is.
   *
   * @param device The device; its identity is the object's.
   * @returns Its one origin.
   */
  static of(device: BlockDevice): Origin {
    let origin = ORIGINS.get(device);
    if (origin === undefined) ORIGINS.set(device, origin = new Origin(device));
    return origin;
  }

  /** The snapshots. */
  get members(): readonly OriginMember[] {
    return this.#members;
  }

  /** Whether an asynchronous request is under way that a synchronous write would have to wait for. */
  get isBusy(): boolean {
    if (!this.#writers.isEmpty) return true;
    for (const { table } of this.#members) {
      if (table !== null && (table.isBusy || !table.readers.isEmpty)) return true;
    }
    return false;
  }

  /** The smallest chunk size of the active snapshots, in sectors; 0 without any. */
  get smallestChunkSectors(): number {
    const sizes = this.#members.flatMap(({ isActive, table }) =>
      isActive && table !== null ? [table.chunkSectors] : []
    );
    return sizes.length === 0 ? 0 : Math.min(...sizes);
  }

  /**
   * Adds a snapshot.
   *
   * @param member The snapshot.
   */
  join(member: OriginMember): void {
    this.#members = [...this.#members, member];
  }

  /**
   * Takes a snapshot out.
   *
   * @param member The snapshot.
   */
  leave(member: OriginMember): void {
    this.#members = this.#members.filter((each) => each !== member);
  }

  /**
   * Begins a snapshot's view: what was written before is durable, what is written from now on is not
   * part of it. The member is active already, so writes that come now are guarded.
   */
  *begin(): Plan {
    yield* this.#writers.drain(0, Infinity);
    yield flushStep(this.device);
  }

  /**
   * Decides a write of the device, on behalf of a target that stands for it.
   *
   * @param request The request; `write` or `zero`.
   */
  mapWrite(request: Mapping): void {
    const { sector, sectorCount } = request;
    const free = this.#protectedSectors(sector, sectorCount, null);
    if (free === 0) {
      const part = Math.min(sectorCount, PROTECT_SECTORS_MAX);
      return request.submit(this.#protect(sector, part, null));
    }
    request.remap(this.device, sector, free);
    request.track(this.#writers, sector, sector + free - 1);
  }

  /**
   * Overwrites sectors of the device, on behalf of a snapshot, once its siblings are ready for it.
   *
   * @param ranges Which.
   * @param writer The snapshot, which is not guarded.
   * @param write Does it.
   */
  *overwrite(ranges: readonly SectorRange[], writer: OriginMember, write: Plan): Plan {
    const isOpen = ({ sector, sectorCount }: SectorRange) =>
      this.#protectedSectors(sector, sectorCount, writer) < sectorCount;
    // All of them at the same time: while one is waited for a new sibling may want another again.
    for (let open = ranges.find(isOpen); open !== undefined; open = ranges.find(isOpen)) {
      yield* this.#protect(open.sector, open.sectorCount, writer);
    }
    // Wherever: only a view that begins waits for writers, and it waits for all of them.
    const stay = this.#writers.enter(0, Infinity);
    try {
      yield* write;
    } finally {
      this.#writers.leave(stay);
    }
  }

  /** Sees to it that sectors may be overwritten as far as the snapshots go. Ends with 0: ask again. */
  #protect(sector: number, sectorCount: number, writer: OriginMember | null): Plan<number> {
    const plans: Plan<number>[] = [];
    for (const member of this.#members) {
      const { table } = member;
      const count = guardedSectors(member, writer, sector, sectorCount);
      if (table === null || count === 0) continue;
      const first = chunkOf(sector, table.chunkSectors);
      const last = chunkOf(sector + count - 1, table.chunkSectors);
      plans.push(protect(table, first, last));
    }
    const [only] = plans;
    return plans.length === 1 && only !== undefined ? only : protectAll(plans);
  }

  #protectedSectors(sector: number, sectorCount: number, writer: OriginMember | null): number {
    let free = sectorCount;
    for (const member of this.#members) {
      const { table } = member;
      const count = guardedSectors(member, writer, sector, free);
      if (table === null || count === 0) continue;
      const { chunkSectors } = table;
      const first = chunkOf(sector, chunkSectors);
      const last = chunkOf(sector + count - 1, chunkSectors);
      const chunks = protectedChunks(table, first, last);
      if (chunks === 0) return 0;
      if (chunks <= last - first) free = Math.min(free, (first + chunks) * chunkSectors - sector);
    }
    return free;
  }
}

function* protectAll(plans: Plan<number>[]): Plan<number> {
  if (plans.length > 0) yield allStep(plans);
  return 0;
}

/** How many sectors of a write, from its first on, a member's view depends on. */
function guardedSectors(
  member: OriginMember,
  writer: OriginMember | null,
  sector: number,
  sectorCount: number,
): number {
  if (member === writer || !member.isActive || sector >= member.sectorCount) return 0;
  return Math.min(sectorCount, member.sectorCount - sector);
}

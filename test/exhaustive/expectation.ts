/**
 * What should be: the model that every sequence is compared with.
 *
 * It keeps, for every sector of every view, the number of the write that the sector holds; taking a
 * snapshot is copying those numbers. Beside them it keeps which chunks of a snapshot are excepted,
 * in the order in which they became so, because with everything at rest between two operations that
 * follows from the laws alone:
 *
 * - a chunk is excepted when its snapshot is first written there, or its origin is, while it is guarded;
 * - a merge folds back the newest exceptions first, those with consecutive chunks together;
 * - where there is no room left a write of the origin makes the snapshot invalid, a write of the
 *   snapshot does so too, or, with store `PO`, is refused and so are all later ones.
 */
import type { Operation, Slot } from "./alphabet.ts";
import { LABEL_SECTORS, roomOf, type Variant } from "./variants.ts";

/** The number of a write; 0 are zeroes, and the disk begins with write 1. */
export type WriteNumber = number;

/** A stretch of sectors. */
export interface Stretch {
  readonly sector: number;
  readonly sectorCount: number;
}

/** What should be of a snapshot. */
export interface ExpectedSnapshot {
  readonly slot: Slot;
  /** The write in each sector. */
  readonly view: WriteNumber[];
  /** Excepted chunks, oldest first. */
  readonly excepted: number[];
  /** How many of them must survive a loss of power; more may. */
  settledCount: number;
  isInvalid: boolean;
  hasOverflowed: boolean;
  /** The origin shows it, and what is excepted is on its way back. */
  isMerging: boolean;
}

/** Whether an operation is done, or fails with `EIO`. */
export type Outcome = "done" | "refused";

/** What should be, of everything. */
export class Expectation {
  readonly variant: Variant;
  /** The write in each sector that the origin shows. */
  readonly origin: WriteNumber[];
  readonly slots: [ExpectedSnapshot | null, ExpectedSnapshot | null];
  /** The number of the latest write. */
  writeCount: number;

  constructor(variant: Variant, before?: Expectation) {
    this.variant = variant;
    this.origin = before?.origin.slice() ?? new Array(variant.originSectors).fill(1);
    this.slots = [copyOf(before?.slots[0]), copyOf(before?.slots[1])];
    this.writeCount = before?.writeCount ?? 1;
  }

  /** The same, to go its own way. */
  clone(): Expectation {
    return new Expectation(this.variant, this);
  }

  /** The snapshot that is being merged. */
  get merging(): ExpectedSnapshot | null {
    return this.slots.find((each) => each?.isMerging) ?? null;
  }

  /** The stretch that the next write of an operation covers. */
  stretchOf(operation: Operation): Stretch {
    const { originSectors, order } = this.variant;
    if (operation.kind === "discard") return this.#chunk(order[0]);
    if (operation.kind !== "write" && operation.kind !== "writeOrigin") {
      throw new Error(`A ${operation.kind} covers no sectors`);
    }
    if (operation.place === "*") {
      const margin = operation.kind === "write" && operation.slot === 0 ? 1 : 0;
      return { sector: margin, sectorCount: originSectors - 2 * margin };
    }
    const { sector, sectorCount } = this.#chunk(order[operation.place]);
    return { sector: sector + this.writeCount % sectorCount, sectorCount: 1 };
  }

  /** Whether an operation means anything now. */
  allows(operation: Operation): boolean {
    const { store, durability } = this.variant;
    const { slots, merging } = this;
    switch (operation.kind) {
      case "take":
        return merging === null && slots.includes(null);
      case "flush":
        return durability === "flush" && slots.some((each) => each?.isInvalid === false);
      case "reopen":
        return slots.some((each) => each !== null);
      case "writeOrigin":
        return true;
    }
    const snapshot = slots[operation.slot];
    if (snapshot === null) return false;
    switch (operation.kind) {
      case "write": // That an invalid snapshot refuses need not be seen in every chunk of it.
        return !snapshot.isMerging && (!snapshot.isInvalid || operation.place === 0);
      case "discard":
        return !snapshot.isMerging && !snapshot.isInvalid &&
          !(this.variant.passesDiscards && merging !== null);
      case "hand":
        return store !== "N" && merging === null;
      case "merge":
        return store !== "N" && (merging === null || merging === snapshot);
      case "drop":
        return !snapshot.isMerging;
    }
  }

  /** Does an operation that is allowed. */
  apply(operation: Operation): Outcome {
    switch (operation.kind) {
      case "take":
        this.#take();
        return "done";
      case "flush":
        for (const each of this.slots) if (each !== null) settle(each);
        return "done";
      case "reopen":
        this.#reopen();
        return "done";
      case "writeOrigin":
        this.#writeOrigin(this.stretchOf(operation));
        return "done";
    }
    const snapshot = this.slots[operation.slot];
    if (snapshot === null) throw new Error(`Slot ${operation.slot} is empty`);
    switch (operation.kind) {
      case "write":
        return this.#write(snapshot, this.stretchOf(operation), operation.place === "*");
      case "discard":
        return this.#discard(snapshot, this.stretchOf(operation));
      case "merge":
      case "hand":
        // Closing forgets an overflow, and handing over hands it over too.
        if (operation.kind === "merge" && !snapshot.isMerging) snapshot.hasOverflowed = false;
        this.#merge(snapshot);
        return "done";
      case "drop":
        this.slots[operation.slot] = null;
        return "done";
    }
  }

  #chunk(chunk: number): Stretch {
    const sector = chunk * LABEL_SECTORS;
    return { sector, sectorCount: Math.min(LABEL_SECTORS, this.variant.originSectors - sector) };
  }

  #chunkOf({ slot }: ExpectedSnapshot, sector: number): number {
    return Math.floor(sector / this.variant.chunkSectors[slot]);
  }

  #take(): void {
    const slot = this.slots[0] === null ? 0 : 1;
    this.slots[slot] = {
      slot,
      view: this.origin.slice(),
      excepted: [],
      settledCount: 0,
      isInvalid: false,
      hasOverflowed: false,
      isMerging: false,
    };
  }

  /** A transient snapshot is another one afterwards. */
  #reopen(): void {
    for (const each of this.slots) {
      if (each === null) continue;
      each.hasOverflowed = false;
      settle(each);
      if (this.variant.store !== "N") continue;
      each.isInvalid = false;
      each.excepted.length = each.settledCount = 0;
      each.view.splice(0, Infinity, ...this.origin);
    }
  }

  #writeOrigin({ sector, sectorCount }: Stretch): void {
    const write = ++this.writeCount;
    const { merging } = this;
    for (let at = sector; at < sector + sectorCount; at++) {
      const staysInCow = merging !== null && !merging.isInvalid &&
        merging.excepted.includes(this.#chunkOf(merging, at));
      if (!staysInCow) this.#demand(at, merging);
      this.origin[at] = write;
      if (merging !== null) merging.view[at] = write;
    }
  }

  /** A sector of the disk is about to change: snapshots keep what they show there. */
  #demand(sector: number, writer: ExpectedSnapshot | null): void {
    for (const each of this.slots) {
      if (each === null || each === writer || each.isMerging || each.isInvalid) continue;
      const chunk = this.#chunkOf(each, sector);
      const isKept = this.#except(each, chunk);
      each.isInvalid = !isKept;
      if (isKept && each.excepted.indexOf(chunk) >= each.settledCount) settle(each);
    }
  }

  /** Makes an exception unless there is one; tells whether there is one then. */
  #except({ slot, excepted }: ExpectedSnapshot, chunk: number): boolean {
    if (excepted.includes(chunk)) return true;
    if (excepted.length === roomOf(this.variant, slot)) return false;
    excepted.push(chunk);
    return true;
  }

  #write(snapshot: ExpectedSnapshot, { sector, sectorCount }: Stretch, fua: boolean): Outcome {
    const write = ++this.writeCount;
    if (snapshot.isInvalid || snapshot.hasOverflowed) return "refused";
    const { store, durability } = this.variant;
    for (let at = sector; at < sector + sectorCount; at++) {
      const chunk = this.#chunkOf(snapshot, at);
      if (!this.#except(snapshot, chunk)) {
        if (store === "PO") snapshot.hasOverflowed = true;
        else snapshot.isInvalid = true;
        return "refused";
      }
      snapshot.view[at] = write;
      const place = snapshot.excepted.indexOf(chunk);
      if (fua || durability === "each") {
        snapshot.settledCount = Math.max(snapshot.settledCount, place + 1);
      }
    }
    return "done";
  }

  #discard(snapshot: ExpectedSnapshot, { sector, sectorCount }: Stretch): Outcome {
    if (snapshot.hasOverflowed) return "refused";
    const { chunkSectors, passesDiscards, disks } = this.variant;
    const isWhole = sectorCount >= chunkSectors[snapshot.slot];
    for (let at = sector; at < sector + sectorCount; at++) {
      const isExcepted = snapshot.excepted.includes(this.#chunkOf(snapshot, at));
      // A part of a chunk is passed to the COW device, which may not be able to discard.
      const isZeroed = isExcepted ? isWhole || disks === "memory" : passesDiscards;
      if (isZeroed) snapshot.view[at] = 0;
      if (!passesDiscards) continue;
      this.#demand(at, snapshot);
      this.origin[at] = 0;
    }
    return "done";
  }

  /** Begins a merge unless it has begun, and folds one run back. */
  #merge(snapshot: ExpectedSnapshot): void {
    const { excepted, slot, view } = snapshot;
    if (!snapshot.isMerging && !snapshot.isInvalid) {
      snapshot.isMerging = true;
      this.origin.splice(0, Infinity, ...view);
    }
    if (!snapshot.isInvalid) {
      settle(snapshot);
      const run = takeRun(excepted);
      const size = this.variant.chunkSectors[slot];
      for (const chunk of run) {
        const end = Math.min((chunk + 1) * size, this.variant.originSectors);
        for (let at = chunk * size; at < end; at++) this.#demand(at, snapshot);
      }
      settle(snapshot);
    }
    if (snapshot.isInvalid || excepted.length === 0) this.slots[slot] = null;
  }
}

function copyOf(snapshot: ExpectedSnapshot | null | undefined): ExpectedSnapshot | null {
  if (snapshot === null || snapshot === undefined) return null;
  return { ...snapshot, view: snapshot.view.slice(), excepted: snapshot.excepted.slice() };
}

function settle(snapshot: ExpectedSnapshot): void {
  snapshot.settledCount = snapshot.excepted.length;
}

/** Takes the newest exceptions with consecutive chunks out; in ascending order. */
function takeRun(excepted: number[]): number[] {
  let first = excepted.length - 1;
  while (first > 0 && excepted[first - 1] === (excepted[first] as number) - 1) first--;
  return excepted.splice(Math.max(0, first), Infinity);
}

/**
 * The reference's exception stores: what the kernel's do to the COW device, one exception at a time.
 */
import type { BlockDevice, SyncBlockDevice } from "../../../src/block/device.ts";
import { BlockDeviceError, type ErrorCode } from "../../../src/block/errors.ts";
import { divCeil, sectorsToBytes } from "../../../src/block/units.ts";
import { chunkSizeFault } from "../../../src/exception/mod.ts";
import { KernelExceptions } from "./kernel_exceptions.ts";
import type { Quirks } from "./quirks.ts";

const MAGIC = 0x70416e53;
const DEFAULT_CHUNK_SECTORS = 32;
const ENTRY_BYTES = 16;

/** What a store is made of. */
export interface StoreOptions {
  origin: BlockDevice;
  cow: SyncBlockDevice;
  chunkSectors: number;
  quirks: Quirks;
  log: (line: string) => void;
}

/** Remembers exceptions. */
export interface ReferenceStore {
  readonly chunkSectors: number;
  readonly exceptions: KernelExceptions;
  /** Reads or makes the store; `false` when it is marked invalid. */
  open(): boolean;
  /** A chunk of the COW device, or `null` when there is none left. */
  prepare(): number | null;
  /** Remembers; `false` when that failed and the store can no longer be used. */
  commit(oldChunk: number, newChunk: number): boolean;
  /** Whether so many chunks can be prepared. */
  hasRoomFor(count: number): boolean;
  /** Marks it invalid. */
  invalidate(): void;
  usage(): string;
}

/** The store `N`. */
export class ReferenceTransientStore implements ReferenceStore {
  readonly chunkSectors: number;
  readonly exceptions = new KernelExceptions();
  readonly #cow: BlockDevice;
  #nextChunk = 0;

  constructor({ cow, chunkSectors }: StoreOptions) {
    this.#cow = cow;
    this.chunkSectors = chunkSectors;
  }

  open(): boolean {
    return true;
  }

  prepare(): number | null {
    const end = (this.#nextChunk + 1) * this.chunkSectors;
    return this.#cow.sectorCount < end ? null : this.#nextChunk++;
  }

  commit(oldChunk: number, newChunk: number): boolean {
    this.exceptions.insert(BigInt(oldChunk), BigInt(newChunk));
    return true;
  }

  hasRoomFor(): boolean {
    return true; // Nothing is written when there is none.
  }

  invalidate(): void {}

  usage(): string {
    return `${this.#nextChunk * this.chunkSectors}/${this.#cow.sectorCount} 0`;
  }
}

/** The stores `P` and `PO`. */
export class ReferencePersistentStore implements ReferenceStore {
  readonly exceptions = new KernelExceptions();
  readonly #options: StoreOptions;
  readonly #cow: SyncBlockDevice;
  #chunkSectors: number;
  /** Entries in an area. */
  #perArea = 0;
  #area = 0;
  /** Entries in the current area. */
  #count = 0;
  /** The current area. */
  #image = new Uint8Array(0);
  #nextFree = 2n;
  #isValid = true;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#cow = options.cow;
    this.#chunkSectors = options.chunkSectors;
  }

  get chunkSectors(): number {
    return this.#chunkSectors;
  }

  open(): boolean {
    const { logicalSectors } = this.#cow.limits;
    const fallback = Math.max(DEFAULT_CHUNK_SECTORS, logicalSectors);
    this.#layOut(this.#options.chunkSectors || fallback);
    const header = new DataView(this.#readChunk(0).buffer);
    const magic = header.getUint32(0, true);
    if (magic === 0) {
      this.#create();
      return true;
    }
    const { log } = this.#options;
    if (magic !== MAGIC) {
      log("persistent snapshot: Invalid or corrupt snapshot");
      throw this.#refuse("ENXIO");
    }
    this.#useChunkSize(header.getUint32(12, true));
    const version = header.getInt32(8, true);
    if (version !== 1) {
      log(`persistent snapshot: unable to handle snapshot disk version ${version}`);
      throw this.#refuse("EINVAL");
    }
    this.#isValid = header.getUint32(4, true) !== 0;
    if (this.#isValid) this.#load();
    return this.#isValid;
  }

  prepare(): number | null {
    const chunk = this.#nextFree;
    if (this.#cow.sectorCount < Number(chunk + 1n) * this.#chunkSectors) return null;
    // Filling an area needs a place for the next one.
    const isFilling = this.#count === this.#perArea - 1 || this.#count === this.#perArea;
    if (isFilling && !this.#fits(this.#area + 1) && !this.#options.quirks.has("H4")) return null;
    this.#nextFree++;
    this.#skipArea();
    return Number(chunk);
  }

  commit(oldChunk: number, newChunk: number): boolean {
    try {
      this.#set(this.#count++, BigInt(oldChunk), BigInt(newChunk));
      const isFull = this.#count === this.#perArea;
      if (isFull) this.#writeChunk(this.#areaChunk(this.#area + 1), this.#emptyChunk());
      this.#writeArea();
      if (isFull) this.#beginArea(this.#area + 1);
    } catch {
      return false;
    }
    this.exceptions.insert(BigInt(oldChunk), BigInt(newChunk));
    return true;
  }

  hasRoomFor(count: number): boolean {
    const nextFree = this.#nextFree;
    let left = count;
    while (left > 0 && this.prepare() !== null) left--;
    this.#nextFree = nextFree;
    return left === 0;
  }

  invalidate(): void {
    this.#isValid = false;
    try {
      this.#writeHeader();
    } catch {
      this.#options.log("persistent snapshot: write header failed");
    }
  }

  usage(): string {
    const allocated = BigInt.asUintN(64, this.#nextFree * BigInt(this.#chunkSectors));
    return `${allocated}/${this.#cow.sectorCount} ${(this.#area + 2) * this.#chunkSectors}`;
  }

  /** The newest run of exceptions that is consecutive on both sides; `null` when none is left. */
  lastRun(): { oldChunk: number; newChunk: number; count: number } | null {
    if (this.#count === 0) {
      if (this.#area === 0) return null;
      this.#area--;
      this.#image = this.#readChunk(this.#areaChunk(this.#area));
      this.#count = this.#perArea;
    }
    const [old, fresh] = this.#entry(this.#count - 1);
    let count = 1;
    for (; count < this.#count; count++) {
      const [oldBefore, freshBefore] = this.#entry(this.#count - 1 - count);
      if (oldBefore !== old - BigInt(count) || freshBefore !== fresh - BigInt(count)) break;
    }
    return { oldChunk: Number(old) - count + 1, newChunk: Number(fresh) - count + 1, count };
  }

  /** Forgets the run that {@linkcode lastRun} told. */
  forget(run: { oldChunk: number; count: number }): void {
    for (let index = 0; index < run.count; index++) this.#set(--this.#count, 0n, 0n);
    this.#writeArea();
    this.#nextFree = BigInt(this.#areaChunk(this.#area) + this.#count + 1);
    for (let index = run.count - 1; index >= 0; index--) {
      this.exceptions.remove(run.oldChunk + index);
    }
  }

  #layOut(chunkSectors: number): void {
    this.#chunkSectors = chunkSectors;
    this.#perArea = sectorsToBytes(chunkSectors) / ENTRY_BYTES;
    this.#image = this.#emptyChunk();
  }

  #emptyChunk(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(sectorsToBytes(this.#chunkSectors));
  }

  #refuse(code: ErrorCode): BlockDeviceError {
    return new BlockDeviceError(code, "Cannot open the store");
  }

  #areaChunk(area: number): number {
    return 1 + area * (this.#perArea + 1);
  }

  #fits(area: number): boolean {
    return (this.#areaChunk(area) + 1) * this.#chunkSectors <= this.#cow.sectorCount;
  }

  #skipArea(): void {
    if (this.#nextFree % BigInt(this.#perArea + 1) === 1n) this.#nextFree++;
  }

  #readChunk(chunk: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#emptyChunk();
    const sector = chunk * this.#chunkSectors;
    if (sector + this.#chunkSectors > this.#cow.sectorCount) throw this.#refuse("EIO");
    this.#cow.readSync(bytes, sector);
    return bytes;
  }

  #writeChunk(chunk: number, bytes: Uint8Array, fua = false): void {
    const sector = chunk * this.#chunkSectors;
    if (sector + this.#chunkSectors > this.#cow.sectorCount) throw this.#refuse("EIO");
    this.#cow.writeSync(bytes, sector, { fua });
  }

  #writeArea(): void {
    this.#writeChunk(this.#areaChunk(this.#area), this.#image, true);
  }

  #writeHeader(): void {
    const header = this.#emptyChunk();
    const view = new DataView(header.buffer);
    [MAGIC, this.#isValid ? 1 : 0, 1, this.#chunkSectors].forEach((word, index) =>
      view.setUint32(index * 4, word, true)
    );
    this.#writeChunk(0, header);
  }

  #create(): void {
    const isCareless = this.#options.quirks.has("H1");
    if (isCareless) this.#writeHeader();
    // What does not fit at all is found out before anything is written.
    else if (!this.#fits(0)) throw this.#refuse("EIO");
    try {
      this.#writeChunk(1, this.#emptyChunk());
    } catch {
      this.#options.log("persistent snapshot: zero_disk_area(0) failed");
      throw this.#refuse("EIO");
    }
    if (!isCareless) this.#writeHeader();
  }

  #useChunkSize(onDisk: number): void {
    const { chunkSectors, origin, cow, log } = this.#options;
    if (onDisk === chunkSectors) return;
    const line = `chunk size ${onDisk} in device metadata overrides table chunk size of`;
    if (chunkSectors !== 0) log(`persistent snapshot: ${line} ${chunkSectors}.`);
    const fault = chunkSizeFault(onDisk, [origin, cow]);
    if (fault !== null) {
      const reason = onDisk === 0 ? "Chunk size is not a power of 2" : fault.reason;
      log(`persistent snapshot: invalid on-disk chunk size ${onDisk}: ${reason}.`);
      throw this.#refuse("EINVAL");
    }
    this.#layOut(onDisk);
  }

  #entry(index: number): [bigint, bigint] {
    const view = new DataView(this.#image.buffer, this.#image.byteOffset);
    const at = index * ENTRY_BYTES;
    return [view.getBigUint64(at, true), view.getBigUint64(at + 8, true)];
  }

  #set(index: number, oldChunk: bigint, newChunk: bigint): void {
    const view = new DataView(this.#image.buffer, this.#image.byteOffset);
    view.setBigUint64(index * ENTRY_BYTES, oldChunk, true);
    view.setBigUint64(index * ENTRY_BYTES + 8, newChunk, true);
  }

  #beginArea(area: number): void {
    this.#area = area;
    this.#count = 0;
    this.#image = this.#emptyChunk();
  }

  #load(): void {
    const seen = { old: new Set<bigint>(), new: new Set<bigint>() };
    for (let area = 0;; area++) {
      if (!this.#fits(area) && area > 0 && !this.#options.quirks.has("H4")) {
        return this.#skipArea(); // The area before is full, and the last one.
      }
      this.#area = area;
      this.#image = this.#readChunk(this.#areaChunk(area));
      for (this.#count = 0; this.#count < this.#perArea; this.#count++) {
        const [oldChunk, newChunk] = this.#entry(this.#count);
        if (newChunk === 0n) return this.#endLoad();
        if (this.#isSenseless(oldChunk, newChunk, seen) && !this.#options.quirks.has("H5")) {
          throw this.#refuse("EINVAL");
        }
        this.exceptions.insert(oldChunk, newChunk);
        if (this.#nextFree <= newChunk) this.#nextFree = BigInt.asUintN(64, newChunk + 1n);
      }
    }
  }

  #isSenseless(
    oldChunk: bigint,
    newChunk: bigint,
    seen: { old: Set<bigint>; new: Set<bigint> },
  ): boolean {
    const { origin, cow } = this.#options;
    const oldEnd = BigInt(divCeil(origin.sectorCount, this.#chunkSectors));
    const newEnd = BigInt(Math.floor(cow.sectorCount / this.#chunkSectors));
    const isTwice = seen.old.has(oldChunk) || seen.new.has(newChunk);
    seen.old.add(oldChunk);
    seen.new.add(newChunk);
    const isArea = newChunk % BigInt(this.#perArea + 1) === 1n;
    return isTwice || isArea || oldChunk >= oldEnd || newChunk >= newEnd;
  }

  #endLoad(): void {
    const tail = this.#image.subarray(this.#count * ENTRY_BYTES);
    if (tail.some((byte) => byte !== 0) && !this.#options.quirks.has("H2")) tail.fill(0);
    this.#skipArea();
  }
}

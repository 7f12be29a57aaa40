/**
 * `snapshot`, as the kernel has it: one chunk at a time, each done when `map` returns.
 *
 * Left out: everything that only matters while requests overlap in time.
 */
import type { SyncBlockDevice } from "../../../src/block/device.ts";
import type { Plan } from "../../../src/block/plan.ts";
import { chunkOf, sectorsToBytes } from "../../../src/block/units.ts";
import type { SnapshotOptions } from "../../../src/targets/snapshot_member.ts";
import type { Mapping } from "../../../src/targets/target.ts";
import { TargetError } from "../../../src/targets/target_error.ts";
import { type Origins, RequestTracker } from "./origins.ts";
import type { Quirks } from "./quirks.ts";
import { ReferencePersistentStore, type ReferenceStore, ReferenceTransientStore } from "./store.ts";
import { ReferenceTarget, refused, remap } from "./target.ts";

/** A `snapshot`. */
export class ReferenceSnapshot extends ReferenceTarget {
  readonly type: string = "snapshot";
  readonly sectorCount: number;
  readonly devices: readonly SyncBlockDevice[];
  readonly origin: SyncBlockDevice;
  readonly cow: SyncBlockDevice;
  override readonly hasDiscards: boolean;
  protected readonly origins: Origins;
  protected store: ReferenceStore;
  protected readonly quirks: Quirks;
  protected isValid: boolean;
  readonly #options: SnapshotOptions;
  readonly #log: (line: string) => void;
  readonly #requests = new RequestTracker();
  #isActive = false;
  #isSuspended = false;
  #hasOverflowed = false;
  /** The request under way is going to overflow, and what it makes until then is dropped. */
  #dropsExceptions = false;

  constructor(options: SnapshotOptions, origins: Origins, quirks: Quirks) {
    super();
    this.#options = options;
    this.#log = options.log ?? (() => {});
    this.origin = options.origin as SyncBlockDevice;
    this.cow = options.cow as SyncBlockDevice;
    this.devices = [this.origin, this.cow];
    this.sectorCount = options.sectorCount ?? this.origin.sectorCount;
    this.hasDiscards = options.discardZeroesCow ?? false;
    this.origins = origins;
    this.quirks = quirks;
    const { origin, cow } = this;
    const { chunkSectors = 0 } = options;
    const Store = options.store === "N" ? ReferenceTransientStore : ReferencePersistentStore;
    this.store = new Store({ origin, cow, chunkSectors, quirks, log: this.#log });
    // While another snapshot uses the COW device this one waits for its exceptions.
    this.isValid = this.#handoverSource() !== null || this.store.open();
    if (!this.isValid) this.#log("snapshots: Snapshot is marked invalid.");
    origins.join(this);
  }

  get chunkSectors(): number {
    return this.store.chunkSectors;
  }

  preresume(): void {
    const source = this.#handoverSource();
    if (this.#isActive || source === null || source.#isSuspended) return;
    const reason = "Unable to perform snapshot handover until source is suspended.";
    this.#log(`snapshots: ${reason}`);
    throw new TargetError("EINVAL", reason, "Cannot resume");
  }

  // deno-lint-ignore require-yield
  *resume(): Plan {
    const source = this.#handoverSource();
    if (!this.#isActive && source !== null) {
      this.store = source.store;
      this.isValid = source.isValid;
      source.isValid = false;
    }
    this.#isActive = true;
    this.#isSuspended = false;
  }

  postsuspend(): void {
    this.#isSuspended = true;
  }

  #handoverSource(): ReferenceSnapshot | null {
    const members = this.origins.of(this.origin);
    return members.find((each) => each !== this && each.cow === this.cow && each.#isActive) ?? null;
  }

  override *destroy(): Plan {
    this.origins.leave(this);
  }

  map(request: Mapping): void {
    const { sector, sectorCount, kind } = request;
    if (!this.isValid) throw refused("the snapshot is invalid");
    if (this.#hasOverflowed && kind !== "read") throw refused("the COW device is full");
    if (kind === "discard") return this.#discard(request);
    const { chunkSectors } = this;
    const chunk = chunkOf(sector, chunkSectors);
    const count = Math.min(sectorCount, (chunk + 1) * chunkSectors - sector);
    const offset = sector - chunk * chunkSectors;
    const newSectors = this.#requests.newSectors(request, count);
    if (kind !== "read") this.#beginRequest(sector, newSectors);
    let newChunk = this.store.exceptions.find(chunk);
    if (newChunk === null) {
      if (kind === "read") return remap(request, this.origin, sector, count);
      newChunk = this.#prepare();
      if (newChunk === null) throw refused("there is no room for an exception");
      // A whole chunk is not read first: it goes straight to its new place, and then is remembered.
      const isFilled = count === chunkSectors
        ? this.#put(request, newChunk)
        : this.#copyOut(chunk, newChunk);
      if (!isFilled || !this.#commit(chunk, newChunk)) throw refused("an exception failed");
    }
    remap(request, this.cow, newChunk * chunkSectors + offset, count);
  }

  /** Called before a piece of the origin is overwritten that begins at this sector. */
  beforeOriginWrite(sector: number, newSectors: number): void {
    if (!this.isValid || !this.#isActive || sector >= this.sectorCount) return;
    this.#beginRequest(sector, newSectors);
    const chunk = chunkOf(sector, this.chunkSectors);
    if (this.store.exceptions.find(chunk) !== null) return;
    const newChunk = this.#prepare(true);
    if (newChunk !== null && this.#copyOut(chunk, newChunk)) this.#commit(chunk, newChunk);
  }

  status(): string {
    if (!this.isValid) return "Invalid";
    return this.#hasOverflowed ? "Overflow" : this.store.usage();
  }

  table(): string {
    const { deviceWord = (device) => device.name, store, discardPassdownOrigin } = this.#options;
    const features = [
      ...(this.hasDiscards ? ["discard_zeroes_cow"] : []),
      ...(discardPassdownOrigin ? ["discard_passdown_origin"] : []),
    ];
    const tail = features.length === 0 ? "" : ` ${features.length} ${features.join(" ")}`;
    const devices = `${deviceWord(this.origin)} ${deviceWord(this.cow)}`;
    return `${devices} ${store} ${this.chunkSectors}${tail}`;
  }

  protected invalidate(reason: string): void {
    this.#log(`snapshots: Invalidating snapshot: ${reason}.`);
    this.isValid = false;
    this.store.invalidate();
  }

  /** Looks ahead: in the kernel copies are under way when the request finds no room. */
  #beginRequest(sector: number, newSectors: number): void {
    if (newSectors === 0) return;
    const end = Math.min(sector + newSectors, this.sectorCount);
    let count = 0;
    for (let chunk = chunkOf(sector, this.chunkSectors); chunk * this.chunkSectors < end; chunk++) {
      if (this.store.exceptions.find(chunk) === null) count++;
    }
    const overflows = count > 1 && this.#options.store === "P" && !this.store.hasRoomFor(count);
    this.#dropsExceptions = overflows && this.quirks.has("in-flight");
  }

  #prepare(isOriginWrite = false): number | null {
    const newChunk = this.store.prepare();
    if (newChunk !== null) return newChunk;
    if (this.#options.store === "PO" && !isOriginWrite) {
      this.#hasOverflowed = true;
      this.#log("snapshots: Snapshot overflowed: Unable to allocate exception.");
      return null;
    }
    this.invalidate("Unable to allocate exception");
    return null;
  }

  #commit(chunk: number, newChunk: number): boolean {
    if (this.#dropsExceptions || this.store.commit(chunk, newChunk)) return true;
    this.invalidate("Error reading/writing");
    return false;
  }

  #put(request: Mapping, newChunk: number): boolean {
    const bytes = new Uint8Array(sectorsToBytes(this.chunkSectors));
    if (request.source !== null) bytes.set(request.source.subarray(0, bytes.length));
    return this.#tryIo(() => this.cow.writeSync(bytes, newChunk * this.chunkSectors));
  }

  #copyOut(chunk: number, newChunk: number): boolean {
    const { chunkSectors, origin } = this;
    const sector = chunk * chunkSectors;
    const count = Math.min(chunkSectors, origin.sectorCount - sector);
    const bytes = new Uint8Array(sectorsToBytes(count));
    return this.#tryIo(() => {
      origin.readSync(bytes, sector);
      this.cow.writeSync(bytes, newChunk * chunkSectors);
    });
  }

  #tryIo(work: () => void): boolean {
    try {
      work();
      return true;
    } catch {
      this.invalidate("Error reading/writing");
      return false;
    }
  }

  #passDown(sector: number, sectorCount: number): void {
    const hasOthers = this.origins.of(this.origin).length > 1;
    if (hasOthers && !this.quirks.has("passdown")) {
      this.origins.protectAll(this.origin, sector, sectorCount, this);
    }
    this.origin.discardSync(sector, sectorCount);
  }

  #discard(request: Mapping): void {
    const { chunkSectors } = this;
    const { sector, sectorCount } = request;
    const chunk = chunkOf(sector, chunkSectors);
    const offset = sector - chunk * chunkSectors;
    const isMisaligned = offset > 0 && offset + sectorCount > chunkSectors;
    const isCareless = isMisaligned && this.quirks.has("H7");
    const count = Math.min(sectorCount, isCareless ? chunkSectors : chunkSectors - offset);
    const newChunk = this.store.exceptions.find(chunk);
    if (newChunk !== null) {
      const cowSector = newChunk * chunkSectors + offset;
      if (count === chunkSectors) this.cow.writeZeroesSync(cowSector, count);
      else this.cow.discardSync(cowSector, count);
    }
    if (this.#options.discardPassdownOrigin) this.#passDown(sector, count);
    request.end(count);
  }
}

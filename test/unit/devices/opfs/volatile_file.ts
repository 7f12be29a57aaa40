/**
 * A file of the origin private file system, in memory: with a quota, and with a cache that a cut of
 * the power may lose. Every write is kept, lost or torn by sector, in any order; so is the length.
 */
import type { SyncFile } from "../../../../src/devices/opfs/sync_file.ts";
import type { Prng } from "../../../../src/testing/mod.ts";
import { VolatileSectors } from "../../../../src/testing/volatile_sectors.ts";

/** Thrown by every operation from the one on that the power is cut before. */
export class PowerCut extends Error {}

/** The longest such file: 4 MiB. */
const CAPACITY_BYTES = 4 << 20;

export class VolatileFile implements SyncFile {
  /** How many more operations there are before the power is cut. */
  operationsLeft = Infinity;
  /** How many more flushes; the power is cut before the next, when most can be lost. */
  flushesLeft = Infinity;
  /** The file does not get longer than this. */
  quotaBytes = CAPACITY_BYTES;
  operationCount = 0;
  isClosed = false;
  readonly #sectors: VolatileSectors;
  /** The lengths that it may have after a cut; the last is the one it has. */
  #lengths: number[];

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    const whole = new Uint8Array(CAPACITY_BYTES);
    whole.set(bytes);
    this.#sectors = new VolatileSectors(whole);
    this.#lengths = [bytes.length];
  }

  read(target: Uint8Array, { at }: { readonly at: number }): number {
    this.#operate();
    const count = Math.max(0, Math.min(target.length, this.getSize() - at));
    if (count > 0) this.#sectors.read(target.subarray(0, count), at / 512);
    return count;
  }

  write(source: Uint8Array, { at }: { readonly at: number }): number {
    this.#operate();
    this.#lengthen(at + source.length);
    this.#sectors.land({ answeredAt: this.#sectors.now() }, source, at / 512);
    return source.length;
  }

  flush(): void {
    this.#operate();
    if (this.flushesLeft-- <= 0) this.operationsLeft = 0;
    if (this.operationsLeft === 0) this.#operate();
    this.#sectors.settle(this.#sectors.now());
    this.#lengths = [this.getSize()];
  }

  getSize(): number {
    return this.#lengths.at(-1)!;
  }

  truncate(byteCount: number): void {
    this.#operate();
    const size = this.getSize();
    if (byteCount > size) return this.#lengthen(byteCount);
    if (byteCount === size) return;
    const zeroes = new Uint8Array(size - byteCount);
    this.#sectors.land({ answeredAt: this.#sectors.now() }, zeroes, byteCount / 512);
    this.#lengths.push(byteCount);
  }

  close(): void {
    this.isClosed = true;
  }

  /** The file as somebody finds it after the power was cut now. */
  afterCut(prng: Prng): VolatileFile {
    const length = prng.pick(this.#lengths);
    return new VolatileFile(this.#sectors.afterCut(prng).subarray(0, length));
  }

  #lengthen(byteCount: number): void {
    if (byteCount <= this.getSize()) return;
    if (byteCount > this.quotaBytes) throw new DOMException("no room", "QuotaExceededError");
    this.#lengths.push(byteCount);
  }

  #operate(): void {
    if (this.operationsLeft-- <= 0) throw new PowerCut("the power is cut");
    this.operationCount++;
  }
}

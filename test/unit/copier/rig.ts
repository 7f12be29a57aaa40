/**
 * A bench for copies: devices whose requests end when a seed says so, are counted, and fail on order.
 *
 * `Rig` owns the time: a request of its devices ends only while {@linkcode Rig.settle} runs, one at a
 * time, in an order drawn from the seed. Bytes count as in flight from the start of their read to
 * the end of the last write of them, as seen by the devices.
 */
import { checked } from "../../../src/block/checked.ts";
import type { BlockDevice } from "../../../src/block/device.ts";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { type Plan, runAsync } from "../../../src/block/plan.ts";
import { CopyError } from "../../../src/copier/mod.ts";
import { Prng } from "../../../src/testing/prng.ts";

/** One request that a device was given. */
export interface Request {
  readonly device: string;
  readonly verb: "read" | "write" | "zero";
  readonly sector: number;
  readonly sectorCount: number;
}

/** A device of the bench. */
export interface RigDevice {
  readonly device: BlockDevice;
  readonly bytes: Uint8Array;
}

/** Lets all promises go on as far as they can without us. No chain of ours has this many links. */
export async function quiet(): Promise<void> {
  for (let link = 0; link < 64; link++) await null;
}

export class Rig {
  /** Every request, in the order in which they were made. */
  readonly requests: Request[] = [];
  /** The request, counted from 1 over all devices, that fails with `EIO`; 0: none. */
  failAt = 0;
  /** Requests to these devices fail with `ENOSPC`. */
  readonly full = new Set<string>();
  /** Whether a request has failed and was told so. */
  hasFailed = false;
  /** The requests that were made after the first failure had been told. */
  readonly afterFailure: Request[] = [];
  bytesInFlight = 0;
  bytesInFlightMax = 0;
  readonly #prng: Prng;
  readonly #waiting: (() => void)[] = [];

  constructor(seed: number | string = 1) {
    this.#prng = Prng.fromSeed(seed);
  }

  /** Makes a device of random bytes. */
  device(name: string, sectorCount: number): RigDevice {
    const bytes = this.#prng.bytes(sectorCount * 512);
    const device = checked({
      name,
      sectorCount,
      supports: { write: true, discard: false, discardZeroes: false, permanence: false },
      read: async (target: Uint8Array, sector: number) => {
        this.#count(target.length);
        await this.#request({
          device: name,
          verb: "read",
          sector,
          sectorCount: target.length / 512,
        });
        target.set(bytes.subarray(sector * 512, sector * 512 + target.length));
      },
      write: async (source: Uint8Array, sector: number) => {
        const taken = source.slice();
        await this.#request({
          device: name,
          verb: "write",
          sector,
          sectorCount: taken.length / 512,
        });
        bytes.set(taken, sector * 512);
        this.#count(-taken.length);
      },
      writeZeroes: async (sector: number, sectorCount: number) => {
        await this.#request({ device: name, verb: "zero", sector, sectorCount });
        bytes.fill(0, sector * 512, (sector + sectorCount) * 512);
      },
      flush: () => Promise.resolve(),
      close: () => Promise.resolve(),
    });
    return { device, bytes };
  }

  /** Lets requests end, one after another, until the work is done. */
  async settle<Result>(work: Promise<Result>): Promise<Result> {
    let isOver = false;
    const over = () => void (isOver = true);
    work.then(over, over);
    for (let idle = 0; !isOver && idle < 100;) {
      await quiet();
      const [release] = this.#waiting.splice(this.#prng.int(this.#waiting.length || 1), 1);
      release?.();
      idle = release === undefined ? idle + 1 : 0;
    }
    if (!isOver) throw new Error("The copies stand still: nothing is under way and none has ended");
    return await work;
  }

  /** Performs a plan that must fail in the copier's way. */
  async failure(plan: Plan): Promise<CopyError> {
    const ending = await this.settle(runAsync(plan).then(() => null, (error) => error));
    if (ending instanceof CopyError) return ending;
    throw new Error("The copy did not fail as a copy does", { cause: ending });
  }

  #count(bytes: number): void {
    this.bytesInFlight += bytes;
    this.bytesInFlightMax = Math.max(this.bytesInFlightMax, this.bytesInFlight);
  }

  async #request(request: Request): Promise<void> {
    this.requests.push(request);
    if (this.hasFailed) this.afterFailure.push(request);
    const fails = this.requests.length === this.failAt;
    await new Promise<void>((release) => this.#waiting.push(release));
    this.hasFailed ||= fails || this.full.has(request.device);
    const place = { device: request.device };
    if (fails) throw new BlockDeviceError("EIO", "the medium is worn", place);
    if (this.full.has(request.device)) throw new BlockDeviceError("ENOSPC", "no room", place);
  }
}

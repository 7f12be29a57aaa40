/**
 * `flakey`: a device that is reliable for some seconds and unreliable for some more, in turn.
 *
 *     0 4096 flakey /dev/vdb 0 180 0                    reliable for ever
 *     0 4096 flakey /dev/vdb 0 0 180 1 drop_writes      nothing that is written from now on arrives
 *     0 4096 flakey /dev/vdb 0 59 1                     every minute a second of failures
 *
 * Time begins when the target is made, with the device up; what it does while it is down is in
 * `flakey_features.ts`. Which of the two it is, is decided when a request comes, not when it ends.
 *
 * The second line in place of the first is a power cut without a machine: what runs above goes on and
 * believes that it writes, and whoever opens the device below finds what was there at the swap.
 *
 * **Failure**: `EIO`, on purpose; otherwise what the device below answers.
 *
 * This module is browser compatible.
 *
 * @see drivers/md/dm-flakey.c
 * @module
 */

import { type Clock, systemClock } from "../../block/clock.ts";
import type { BlockDevice, DeviceLimits, DeviceSupports } from "../../block/device.ts";
import { assert, BlockDeviceError } from "../../block/errors.ts";
import { flushStep, type Plan, readStep, writeStep } from "../../block/plan.ts";
import { bytesToSectors, sectorsToBytes } from "../../block/units.ts";
import type { Mapping, RequestKind, Target } from "../target.ts";
import { TargetError } from "../target_error.ts";
import { type FlakeyFeatures, formatFeatures, settleFeatures } from "./flakey_features.ts";

const MS_PER_SECOND = 1000;
const SECONDS_MAX = 0xffffffff;

/** Linux's bits of a request that can be told here; the same since 4.10. */
const OPF_WRITE = 1;
const OPF_FUA = 2 ** 17;

/** The most sectors of zeroes that are corrupted at once; the bytes have to exist for that. */
const ZERO_SECTORS_MAX = 2048;

/** What a flakey target is made of. */
export interface FlakeyOptions {
  /** The device below. */
  readonly device: BlockDevice;
  /** Where on it the target begins, in sectors. */
  readonly startSector: number;
  /** How many sectors the target is for. */
  readonly sectorCount: number;
  /** How long it is reliable at a time. */
  readonly upSeconds: number;
  /** How long it is not. */
  readonly downSeconds: number;
  /** What it does while it is not. Left out: every request fails. */
  readonly features?: FlakeyFeatures;
  /** What tells the time. Left out: the runtime's. */
  readonly clock?: Clock;
  /** Draws a number from 0 up to but not including 1. Left out: the runtime's. */
  readonly random?: () => number;
  /** The device as table lines name it. Left out: its name. */
  readonly deviceWord?: (device: BlockDevice) => string;
}

function drawFromRuntime(): number {
  const [word = 0] = crypto.getRandomValues(new Uint32Array(1));
  return word / 2 ** 32;
}

class FlakeyTarget implements Target {
  readonly type = "flakey";
  readonly sectorCount: number;
  readonly supports: DeviceSupports;
  readonly limits: DeviceLimits;
  readonly devices: readonly BlockDevice[];
  onEvent: () => void = () => {};
  readonly #device: BlockDevice;
  readonly #options: FlakeyOptions;
  readonly #features: FlakeyFeatures;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #madeAtMs: number;

  constructor(options: FlakeyOptions) {
    const { device, sectorCount, clock = systemClock } = options;
    this.#features = settleFeatures(options.features ?? {});
    this.#device = device;
    this.#options = options;
    this.#clock = clock;
    this.#random = options.random ?? drawFromRuntime;
    this.#madeAtMs = clock.nowMs();
    this.sectorCount = sectorCount;
    this.supports = device.supports;
    this.limits = device.limits;
    this.devices = [device];
  }

  get #isUp(): boolean {
    const { upSeconds, downSeconds } = this.#options;
    const elapsedSeconds = Math.floor((this.#clock.nowMs() - this.#madeAtMs) / MS_PER_SECOND);
    return elapsedSeconds % (upSeconds + downSeconds) < upSeconds;
  }

  map(request: Mapping): void {
    const { kind, sectorCount } = request;
    const sector = this.#options.startSector + request.sector;
    const { errorReads, errorWrites, dropWrites } = this.#features;
    if (this.#isUp) {
      request.remap(this.#device, sector, sectorCount);
    } else if (kind === "read") {
      if (errorReads) throw this.#failure(kind, request);
      if (this.#corrupts("r")) request.submit(this.#planRead(sector, request.target));
      else request.remap(this.#device, sector, sectorCount);
    } else if (dropWrites) {
      request.end(sectorCount);
    } else if (errorWrites) {
      throw this.#failure(kind, request);
    } else if (kind !== "discard" && this.#corrupts("w")) {
      request.submit(this.#planWrite(sector, sectorCount, request.source, request.fua));
    } else {
      request.remap(this.#device, sector, sectorCount);
    }
  }

  *planFlush(): Plan {
    if (!this.#isUp) {
      if (this.#features.dropWrites) return;
      if (this.#features.errorWrites) throw this.#failure("flush", { sector: 0, sectorCount: 0 });
    }
    yield flushStep(this.#device);
  }

  #failure(
    kind: RequestKind | "flush",
    { sector, sectorCount }: { readonly sector: number; readonly sectorCount: number },
  ): BlockDeviceError {
    const what = kind === "flush" ? kind : `${kind} ${sectorCount} sectors at sector ${sector}`;
    const { name } = this.#device;
    const message = `Cannot ${what}: the flakey target over "${name}" is down`;
    return new BlockDeviceError("EIO", message, { device: name, sector, sectorCount });
  }

  /** Whether reads, or writes, are corrupted at all. */
  #corrupts(direction: "r" | "w"): boolean {
    return this.#features.corruptByte?.direction === direction || this.#perBillion(direction) > 0;
  }

  #perBillion(direction: "r" | "w"): number {
    const { readCorruptionPerBillion = 0, writeCorruptionPerBillion = 0 } = this.#features;
    return direction === "r" ? readCorruptionPerBillion : writeCorruptionPerBillion;
  }

  *#planRead(sector: number, target: Uint8Array | null): Plan<number> {
    assert(target !== null, "a read has a buffer");
    yield readStep(this.#device, target, sector);
    this.#corrupt(target, "r", false);
    return bytesToSectors(target.length);
  }

  *#planWrite(
    sector: number,
    sectorCount: number,
    source: Uint8Array | null,
    fua: boolean,
  ): Plan<number> {
    const count = source === null ? Math.min(sectorCount, ZERO_SECTORS_MAX) : sectorCount;
    const bytes = source?.slice() ?? new Uint8Array(sectorsToBytes(count));
    this.#corrupt(bytes, "w", fua);
    yield writeStep(this.#device, bytes, sector, fua);
    return count;
  }

  #corrupt(bytes: Uint8Array, direction: "r" | "w", fua: boolean): void {
    const { corruptByte } = this.#features;
    if (corruptByte?.direction === direction && corruptByte.nthByte <= bytes.length) {
      const opf = (direction === "w" ? OPF_WRITE : 0) + (fua ? OPF_FUA : 0);
      const { nthByte, value, flags } = corruptByte;
      if ((opf & flags) >>> 0 === flags) bytes[nthByte - 1] = value;
    }
    const perBillion = this.#perBillion(direction);
    if (perBillion > 0 && this.#draw(1e9) < perBillion) {
      bytes[this.#draw(bytes.length)] = this.#draw(256);
    }
  }

  /** A whole number below another. */
  #draw(below: number): number {
    return Math.floor(this.#random() * below);
  }

  isBusy(): boolean {
    return false;
  }

  status(): string {
    return "";
  }

  table(): string {
    const { device, startSector, upSeconds, downSeconds, deviceWord } = this.#options;
    const word = deviceWord?.(device) ?? device.name;
    return `${word} ${startSector} ${upSeconds} ${downSeconds} ${formatFeatures(this.#features)}`;
  }

  *destroy(): Plan {}
}

/** dm adds the intervals in 32 bits, and refuses when that loses something. */
function requireIntervals(upSeconds: number, downSeconds: number): void {
  const refuse = (reason: string) => {
    const found = `${upSeconds} seconds up and ${downSeconds} seconds down`;
    const message = `Cannot make a flakey target of ${found}: want 1 to ${SECONDS_MAX} in all`;
    return new TargetError("EINVAL", reason, message);
  };
  const isInterval = (seconds: number) =>
    Number.isInteger(seconds) && seconds >= 0 && seconds <= SECONDS_MAX;
  if (!isInterval(upSeconds)) throw refuse("Invalid up interval");
  if (!isInterval(downSeconds)) throw refuse("Invalid down interval");
  const sum = upSeconds + downSeconds;
  if (sum % (SECONDS_MAX + 1) === 0) throw refuse("Total (up + down) interval is zero");
  if (sum > SECONDS_MAX) throw refuse("Interval overflow");
}

/**
 * Makes a target that is unreliable at times.
 *
 * @param options The device, when it is reliable, and what it does when it is not.
 * @returns The target.
 * @throws {TargetError} `EINVAL` when the intervals or the features make no sense.
 */
export function createFlakey(options: FlakeyOptions): Target {
  requireIntervals(options.upSeconds, options.downSeconds);
  return new FlakeyTarget(options);
}

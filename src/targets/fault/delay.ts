/**
 * `delay`: a device whose requests take longer.
 *
 *     0 4096 delay /dev/vdb 0 20                          everything waits 20 ms, then goes to vdb
 *     0 4096 delay /dev/vdb 0 0 /dev/vdc 88 20            reads go to vdb, the rest to vdc, late
 *     0 4096 delay /dev/vdb 0 0 /dev/vdb 0 20 /dev/vdb 0 200      flushes are later still
 *
 * Requests are of three classes, each with a device, an offset and a delay: reads; writes, zeroes and
 * discards; flushes. A class without a delay goes below at once. The sleep comes before the I/O, so
 * requests overtake each other, which widens the window of a race.
 *
 * Suspension wakes whoever sleeps: nobody waits for the sum of all delays to swap a table.
 *
 * The synchronous face has nobody to yield to: its requests are not delayed.
 *
 * **Failure**: what the devices below answer, late.
 *
 * This module is browser compatible.
 *
 * @see drivers/md/dm-delay.c
 * @module
 */

import { type Clock, systemClock } from "../../block/clock.ts";
import type { BlockDevice, DeviceLimits, DeviceSupports } from "../../block/device.ts";
import { flushStep, type Plan, sleepStep, type Step } from "../../block/plan.ts";
import type { Mapping, Target } from "../target.ts";
import { createInnerDevice, redirected } from "./inner_device.ts";

/** Where requests of one class go, and how late. */
export interface DelayClass {
  /** The device below. */
  readonly device: BlockDevice;
  /** Where on it the target begins, in sectors. */
  readonly startSector: number;
  /** How long requests wait before they go there. */
  readonly delayMs: number;
}

/** What a delay target is made of. */
export interface DelayOptions {
  /** Reads. */
  readonly read: DelayClass;
  /** Writes, zeroes and discards. Left out: as reads. */
  readonly write?: DelayClass;
  /** Flushes. Left out: as writes. */
  readonly flush?: DelayClass;
  /** How many sectors the target is for. */
  readonly sectorCount: number;
  /** What tells the time. Left out: the runtime's. */
  readonly clock?: Clock;
  /** A device as table lines name it. Left out: its name. */
  readonly deviceWord?: (device: BlockDevice) => string;
}

/** A clock whose sleepers can be woken. */
class WakingClock implements Clock {
  readonly #clock: Clock;
  readonly #sleepers = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  sleep(timeMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        this.#sleepers.delete(wake);
        resolve();
      };
      this.#sleepers.add(wake);
      this.#clock.sleep(timeMs).then(wake, reject);
    });
  }

  wake(): void {
    for (const wake of this.#sleepers) wake();
  }
}

/** One class at work. */
class Lane {
  /** Requests that wait now. */
  waiting = 0;
  /** Where the target sends its requests: the device below where there is no delay. */
  readonly device: BlockDevice;
  readonly options: DelayClass;
  readonly #mayDelay: () => boolean;

  constructor(options: DelayClass, clock: Clock, mayDelay: () => boolean) {
    const { device } = options;
    this.options = options;
    this.#mayDelay = mayDelay;
    const plan = (step: Step) => this.#plan(step);
    this.device = options.delayMs === 0
      ? device
      : createInnerDevice({ name: device.name, device, plan, clock });
  }

  *#plan(step: Step): Plan {
    const { device, delayMs } = this.options;
    if (this.#mayDelay()) {
      this.waiting++;
      try {
        yield sleepStep(delayMs);
      } finally {
        this.waiting--;
      }
    }
    yield redirected(step, device);
  }
}

/** What reads and writes can do together. */
function supportsOf(read: DelayClass, write: DelayClass, flush: DelayClass): DeviceSupports {
  const all = [read, write, flush].map(({ device }) => device.supports);
  const isOnePlace = read.device === write.device && read.startSector === write.startSector;
  const { supports } = write.device;
  return Object.freeze({
    sync: all.every(({ sync }) => sync),
    write: supports.write,
    discard: supports.discard,
    // Reads of another place do not see what was discarded.
    discardZeroes: supports.discardZeroes && isOnePlace,
    permanence: all.every(({ permanence }) => permanence),
  });
}

class DelayTarget implements Target {
  readonly type = "delay";
  readonly sectorCount: number;
  readonly supports: DeviceSupports;
  readonly devices: readonly BlockDevice[];
  onEvent: () => void = () => {};
  readonly #options: DelayOptions;
  readonly #clock: WakingClock;
  readonly #read: Lane;
  readonly #write: Lane;
  readonly #flush: Lane;
  #mayDelay = true;

  constructor(options: DelayOptions) {
    const { read, write = read, flush = write } = options;
    const clock = new WakingClock(options.clock ?? systemClock);
    const mayDelay = () => this.#mayDelay;
    this.#options = options;
    this.#clock = clock;
    this.#read = new Lane(read, clock, mayDelay);
    this.#write = new Lane(write, clock, mayDelay);
    this.#flush = new Lane(flush, clock, mayDelay);
    this.sectorCount = options.sectorCount;
    this.supports = supportsOf(read, write, flush);
    this.devices = [...new Set([read.device, write.device, flush.device])];
  }

  get limits(): DeviceLimits {
    const limits = this.devices.map((device) => device.limits);
    return {
      logicalSectors: Math.max(...limits.map(({ logicalSectors }) => logicalSectors)),
      preferredSectors: Math.max(...limits.map(({ preferredSectors }) => preferredSectors)),
    };
  }

  map(request: Mapping): void {
    const { device, options } = request.kind === "read" ? this.#read : this.#write;
    request.remap(device, options.startSector + request.sector, request.sectorCount);
  }

  *planFlush(): Plan {
    yield flushStep(this.#flush.device);
  }

  isBusy(): boolean {
    return false;
  }

  status(): string {
    return `${this.#read.waiting} ${this.#write.waiting} ${this.#flush.waiting}`;
  }

  table(): string {
    const { read, write, flush, deviceWord } = this.#options;
    const words = [read, write, flush].filter((each) => each !== undefined)
      .map(({ device, startSector, delayMs }) =>
        `${deviceWord?.(device) ?? device.name} ${startSector} ${delayMs}`
      );
    return words.join(" ");
  }

  *presuspend(): Plan {
    this.#mayDelay = false;
    this.#clock.wake();
  }

  *resume(): Plan {
    this.#mayDelay = true;
  }

  *destroy(): Plan {}
}

/**
 * Makes a target that takes its time.
 *
 * @param options Where requests go, and how late.
 * @returns The target.
 */
export function createDelay(options: DelayOptions): Target {
  return new DelayTarget(options);
}

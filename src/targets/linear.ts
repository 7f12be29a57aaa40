/**
 * `linear`: a stretch of another device.
 *
 *     0 4096 linear /dev/vdb 88        sector s is sector 88 + s of vdb
 *
 * Everything it can do, it can do because the device below can.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice, DeviceLimits, DeviceSupports } from "../block/device.ts";
import { flushStep, type Plan } from "../block/plan.ts";
import type { Mapping, Target } from "./target.ts";

/** What a linear target is made of. */
export interface LinearOptions {
  /** The device below. */
  readonly device: BlockDevice;
  /** Where on it the stretch begins, in sectors. */
  readonly startSector: number;
  /** How many sectors the target is for. */
  readonly sectorCount: number;
  /** The device as table lines name it. Left out: its name. */
  readonly deviceWord?: (device: BlockDevice) => string;
}

class LinearTarget implements Target {
  readonly type = "linear";
  readonly sectorCount: number;
  readonly supports: DeviceSupports;
  readonly limits: DeviceLimits;
  readonly devices: readonly BlockDevice[];
  onEvent: () => void = () => {};
  readonly #device: BlockDevice;
  readonly #startSector: number;
  readonly #deviceWord: (device: BlockDevice) => string;

  constructor(options: LinearOptions) {
    this.#device = options.device;
    this.#startSector = options.startSector;
    this.#deviceWord = options.deviceWord ?? ((device) => device.name);
    this.sectorCount = options.sectorCount;
    this.supports = options.device.supports;
    this.limits = options.device.limits;
    this.devices = [options.device];
  }

  map(request: Mapping): void {
    request.remap(this.#device, this.#startSector + request.sector, request.sectorCount);
  }

  *planFlush(): Plan {
    yield flushStep(this.#device);
  }

  isBusy(): boolean {
    return false;
  }

  status(): string {
    return "";
  }

  table(): string {
    return `${this.#deviceWord(this.#device)} ${this.#startSector}`;
  }

  *destroy(): Plan {}
}

/**
 * Makes a target that is a stretch of another device.
 *
 * @param options The device, and which stretch.
 * @returns The target.
 */
export function createLinear(options: LinearOptions): Target {
  return new LinearTarget(options);
}

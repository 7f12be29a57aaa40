/**
 * A target in a read-only table: the same rule, without writes.
 *
 * dm opens the device for reading only; the targets below are not asked. They still do what they do
 * on their own account: a snapshot writes its header, and origin writes elsewhere are copied out.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice, DeviceLimits, DeviceSupports } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import type { Plan } from "../../block/plan.ts";
import type { ExceptionTable } from "../../exception/mod.ts";
import type { Mapping, Target } from "../../targets/target.ts";

class ReadOnlyTarget implements Target {
  readonly #inner: Target;

  constructor(inner: Target) {
    this.#inner = inner;
    // A target has an optional method exactly when the target inside has it.
    if (inner.message !== undefined) this.message = inner.message.bind(inner);
    if (inner.presuspend !== undefined) this.presuspend = inner.presuspend.bind(inner);
    if (inner.postsuspend !== undefined) this.postsuspend = inner.postsuspend.bind(inner);
    if (inner.preresume !== undefined) this.preresume = inner.preresume.bind(inner);
    if (inner.resume !== undefined) this.resume = inner.resume.bind(inner);
    if (inner.background !== undefined) this.background = inner.background.bind(inner);
  }

  message?: (words: readonly string[]) => string;
  presuspend?: () => Plan;
  postsuspend?: () => void;
  preresume?: () => void;
  resume?: () => Plan;
  background?: () => Plan;

  get type(): string {
    return this.#inner.type;
  }

  get sectorCount(): number {
    return this.#inner.sectorCount;
  }

  get supports(): DeviceSupports {
    return { ...this.#inner.supports, write: false, discard: false };
  }

  get limits(): DeviceLimits {
    return this.#inner.limits;
  }

  get devices(): readonly BlockDevice[] {
    return this.#inner.devices;
  }

  get exceptions(): ExceptionTable | null {
    return this.#inner.exceptions ?? null;
  }

  set onEvent(listener: () => void) {
    this.#inner.onEvent = listener;
  }

  map(request: Mapping): void {
    if (request.kind === "read") return this.#inner.map(request);
    const { kind, sector, sectorCount } = request;
    throw new BlockDeviceError(
      "EROFS",
      `Cannot ${kind} ${sectorCount} sectors at sector ${sector}: the table is read-only`,
      { sector, sectorCount },
    );
  }

  planFlush(): Plan {
    return this.#inner.planFlush();
  }

  isBusy(): boolean {
    return this.#inner.isBusy();
  }

  status(): string {
    return this.#inner.status();
  }

  table(): string {
    return this.#inner.table();
  }

  destroy(): Plan {
    return this.#inner.destroy();
  }
}

/**
 * Puts a target into a read-only table.
 *
 * @param target The target.
 * @returns The same target, refusing writes.
 */
export function readOnly(target: Target): Target {
  return new ReadOnlyTarget(target);
}

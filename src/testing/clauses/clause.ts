/**
 * A clause: one law of block devices, and how to try a device against it.
 *
 * Clauses are data. The suite (`device_suite.ts`) decides from what a device *supports*, and from the
 * *powers* that its fixture has over it, whether a clause applies; then it tries the clause with a
 * fresh device for every size and for each face the device has.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { DeviceSupports } from "../../block/device.ts";
import type { Face, Trial } from "./trial.ts";

/** What a fixture can do to a device besides using it. */
export type Power = "reopen" | "cutPower" | "failReads" | "grow";

/** What decides whether a clause applies. */
export interface Facts {
  /** What the device says of itself. */
  readonly supports: DeviceSupports;
  /** Its logical block, in sectors. */
  readonly logicalSectors: number;
  /** What its fixture can do. */
  readonly powers: ReadonlySet<Power>;
}

/** One law. */
export interface Clause {
  /** The law, as a sentence. */
  readonly law: string;
  /** The law says nothing about devices of fewer logical blocks. */
  readonly unitsMin?: number;
  /** The faces it is tried on. Left out: all that the device has. */
  readonly faces?: readonly Face[];
  /**
   * Why the law does not apply to a device.
   *
   * @returns The reason, or `undefined` when it applies.
   */
  skip?(facts: Facts): string | undefined;
  /** Tries a device; throws when it breaks the law. */
  run(trial: Trial): void | Promise<void>;
}

/** Skips devices that cannot be written. */
export function unlessWritable({ supports }: Facts): string | undefined {
  return supports.write ? undefined : "the device is read-only";
}

/** Skips devices that do not discard. */
export function unlessDiscarding({ supports }: Facts): string | undefined {
  return supports.discard ? undefined : "the device does not support discard";
}

/**
 * Skips devices that cannot be written, and fixtures without a power.
 *
 * @param power What the clause needs.
 * @returns The clause's `skip`.
 */
export function unlessPower(power: Power): (facts: Facts) => string | undefined {
  return (facts) => {
    if (facts.powers.has(power)) return unlessWritable(facts);
    return power === "grow" ? "the device cannot grow" : `its fixture has no ${power}`;
  };
}

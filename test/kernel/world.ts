/**
 * What a case works with: two machines, the disk they share, and chance.
 */

import type { Prng } from "../../src/testing/prng.ts";
import type { Disk } from "./disk.ts";
import type { Machine } from "./machine.ts";

/** Made anew for each case. */
export interface World {
  /** Both machines' disk. */
  readonly disk: Disk;
  /** Linux in the guest. */
  readonly linux: Machine;
  /** What is tested. */
  readonly cowdisk: Machine;
  /** Chance, from the task's seed and the case's name. */
  readonly prng: Prng;
  /**
   * Cuts the guest's power, while it does what it may.
   *
   * @returns Linux, booted again.
   */
  cutPower(): Promise<Machine>;
}

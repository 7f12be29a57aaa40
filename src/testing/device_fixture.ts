/**
 * A fixture: a device made for a test, and the powers that the test has over it.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";

/** A device, and what can be done to it besides using it. */
export interface DeviceFixture {
  /** The device. The suite closes it. */
  readonly device: BlockDevice;
  /** Opens the same sectors again, after the suite has closed the device. */
  reopen?(): BlockDevice | Promise<BlockDevice>;
  /** Cuts the power: what is not durable may be lost. Opens what is left. */
  cutPower?(): BlockDevice | Promise<BlockDevice>;
  /** Makes every later read of the medium below the device fail. */
  failReads?(): void;
  /** Verifies the device's own invariants, at the end of every clause, before it is closed. */
  check?(device: BlockDevice): void | Promise<void>;
  /** Removes what the device leaves behind. Called last. */
  cleanup?(): void | Promise<void>;
}

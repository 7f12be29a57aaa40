/**
 * Tools to test block devices with: suites that prove a device, contents that cannot be mistaken,
 * chance that can be had again, and a runner that interleaves plans and cuts the power.
 *
 * This module is browser compatible.
 *
 * @module
 */

export type { DeviceFixture } from "./device_fixture.ts";
export { deviceSuite, type DeviceSuiteOptions, type SuiteTest } from "./device_suite.ts";
export { describeSector, fillPattern, patternOf, seedOf } from "./pattern.ts";
export { Prng } from "./prng.ts";
export { type Ending, runSeeded, type SeededRun, type SeededRunOptions } from "./seeded_runner.ts";
export { SimulatedDisk, type SimulatedDiskOptions } from "./simulated_disk.ts";
export {
  type CutManner,
  type PutSector,
  SectorVersions,
  type VolatileWrite,
} from "./sector_versions.ts";
export { verify, verifyRefusal, verifySectors } from "./verify.ts";

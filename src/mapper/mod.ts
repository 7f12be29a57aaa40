/**
 * The mapper: mapped devices, dm's tables and dm's verbs.
 *
 * This module is browser compatible.
 *
 * @module
 */

export { type AllocationExtent, allocationOf } from "./allocation.ts";
export { type BadBlockDeviceOptions, openBadBlock, openBadBlockSync } from "./bad_block_device.ts";
export type { Disk as NumberedDisk, MappedDeviceInfo } from "./device_directory.ts";
export { dmsetup, type DmsetupResult, dmsetupSync } from "./dmsetup/dmsetup.ts";
export { MappedDevice } from "./mapped_device.ts";
export { Mapper, type MapperOptions, type Slot } from "./mapper.ts";
export { MapperError, type MapperErrorPlace, type MapperVerb } from "./mapper_error.ts";
export type { CreateOptions, LoadOptions, MapperVerbs } from "./mapper_plans.ts";
export {
  type CacheDeviceOptions,
  openCache,
  openCacheSync,
  openMerge,
  openMergeSync,
  openOrigin,
  openSnapshot,
  openSnapshotSync,
  type StackOptions,
} from "./stack.ts";
export { type FaultOptions, faultTypes } from "./table/fault_types.ts";
export { formatTable, parseTable, type TableLine } from "./table/table_line.ts";
export type { DeviceUse, TargetContext, TargetType } from "./table/target_types.ts";

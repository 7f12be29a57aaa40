/**
 * The targets: one dm rule a file, and what they share.
 *
 * This module is browser compatible.
 *
 * @module
 */

export { type CacheOptions, planCache } from "./cache.ts";
export { createDelay, type DelayClass, type DelayOptions } from "./fault/delay.ts";
export { createDust, type DustOptions } from "./fault/dust.ts";
export { createError } from "./fault/error.ts";
export { createFlakey, type FlakeyOptions } from "./fault/flakey.ts";
export type { ByteCorruption, FlakeyFeatures } from "./fault/flakey_features.ts";
export { LOG_FLAGS, type LogEntry, type LogSuper } from "./fault/log_format.ts";
export {
  type FoundEntry,
  LogReplay,
  openLog,
  type ReplayOptions,
  type ReplayResult,
  type ReplayStop,
} from "./fault/log_replay.ts";
export { createLogWrites, type LogWritesOptions } from "./fault/log_writes.ts";
export { type BadBlockOptions, planBadBlock } from "./bad_block/bad_block.ts";
export type { BadBlockLayout } from "./bad_block/bad_block_layout.ts";
export type { BadBlockEvent } from "./bad_block/relocator.ts";
export { createLinear, type LinearOptions } from "./linear.ts";
export { Origin, type OriginMember } from "./origin.ts";
export { planSnapshot, type SnapshotView } from "./snapshot.ts";
export type { SnapshotOptions } from "./snapshot_member.ts";
export { planSnapshotMerge } from "./snapshot_merge.ts";
export { planSnapshotOrigin, type SnapshotOriginOptions } from "./snapshot_origin.ts";
export { Mapping, type RequestKind, type Target } from "./target.ts";
export { TargetError } from "./target_error.ts";
export { createZero } from "./zero.ts";

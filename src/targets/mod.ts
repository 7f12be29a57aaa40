/**
 * The targets: one dm rule a file, and what they share.
 *
 * This module is browser compatible.
 *
 * @module
 */

export { createError } from "./error.ts";
export { createLinear, type LinearOptions } from "./linear.ts";
export { Origin, type OriginMember } from "./origin.ts";
export { planSnapshot } from "./snapshot.ts";
export type { SnapshotOptions } from "./snapshot_member.ts";
export { planSnapshotMerge } from "./snapshot_merge.ts";
export { planSnapshotOrigin, type SnapshotOriginOptions } from "./snapshot_origin.ts";
export { Mapping, type RequestKind, type Target } from "./target.ts";
export { TargetError } from "./target_error.ts";
export { createZero } from "./zero.ts";

/**
 * The exception layer: which chunks of a source device were replaced by chunks of a destination, what
 * remembers it, and when the source may be overwritten.
 *
 * This module is browser compatible.
 *
 * @module
 */

export { planBadBlockCheck } from "./check/bad_block_check.ts";
export type {
  BadBlockCheckOptions,
  BadBlockCheckReport,
  BadBlockFinding,
  BadBlockFindingKind,
  BadBlockTableState,
} from "./check/bad_block_findings.ts";
export { type BadBlockRepairReport, planBadBlockRepair } from "./check/bad_block_repair.ts";
export { planCowCheck } from "./check/cow_check.ts";
export type {
  CowCheckOptions,
  CowCheckReport,
  CowFinding,
  CowFindingKind,
  CowState,
} from "./check/cow_findings.ts";
export { type CowRepairReport, planCowRepair } from "./check/cow_repair.ts";
export type { Finding, FindingCounts, Severity } from "./check/findings.ts";
export { ChunkFence, type FenceStay } from "./chunk_fence.ts";
export { ExceptionTable } from "./exception_table.ts";
export type {
  Durability,
  ExceptionTableOptions,
  Fill,
  Settling,
  TableTuning,
} from "./table_options.ts";
export { protect, protectedChunks } from "./source_guard.ts";
export { PendingException } from "./pending_exceptions.ts";
export { type RelocationLayout, RelocationStore } from "./relocation/relocation_store.ts";
export { SLOTS_PER_SECTOR } from "./relocation/table_sector.ts";
export { type ChunkSizeFault, chunkSizeFault } from "./store/chunk_size.ts";
export { AreaLayout, decodeHeader, type DiskHeader } from "./store/disk_format.ts";
export type {
  ExceptionRun,
  ExceptionStore,
  StoreType,
  StoreUsage,
} from "./store/exception_store.ts";
export { PersistentStore, type PersistentStoreOptions } from "./store/persistent_store.ts";
export { TransientStore } from "./store/transient_store.ts";
export { type TableEvent, usagePercent } from "./usage_watch.ts";

/**
 * The exception layer: which chunks of a source device were replaced by chunks of a destination, what
 * remembers it, and when the source may be overwritten.
 *
 * This module is browser compatible.
 *
 * @module
 */

export { ChunkFence, type FenceStay } from "./chunk_fence.ts";
export { ExceptionTable } from "./exception_table.ts";
export type { Durability, ExceptionTableOptions, Fill, TableTuning } from "./table_options.ts";
export { protect, protectedChunks } from "./source_guard.ts";
export { PendingException } from "./pending_exceptions.ts";
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

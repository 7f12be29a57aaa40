/**
 * Disks: block devices with named snapshots, kept in a storage.
 *
 * This module is browser compatible.
 *
 * @module
 */

export type { WhenBusy } from "../devices/web_lock.ts";
export type { AsyncDisk } from "./async_disk.ts";
export type { DeleteOptions } from "./deletion.ts";
export { applyDelta, type DeltaOutcome, writeDelta } from "./delta/delta.ts";
export { Disk, type SnapshotFacts } from "./disk.ts";
export type { DiskEvent, DiskOptions, DiskUsage } from "./disk_options.ts";
export type { ImagePiece, TransferOptions, TransferProgress } from "./image/image_pieces.ts";
export type { Extent } from "./layers/held_chunks.ts";
export type { MoveProgress } from "./layers/takeover.ts";
export type { OriginIdentity } from "./manifest/manifest.ts";
export type { TaggedDevice } from "./origin_tag.ts";
export type { ReaderDesk, ReaderHost, ReaderSeat, WriterSeat } from "./readers/reader_desk.ts";
export { createMemoryStorage } from "./storage/memory_storage.ts";
export {
  type DiskStorage,
  isSyncStorage,
  type StorageEstimateBytes,
  type SyncDiskStorage,
} from "./storage/storage.ts";
export type { StorageWord } from "./storage/storage_words.ts";

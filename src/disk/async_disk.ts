/**
 * What a disk is to whoever waits for it: every method that takes promises, wherever the disk lives.
 *
 * | | lives |
 * |---|---|
 * | `Disk` | in this thread; it has methods that end in `Sync` as well |
 * | what `openDiskInWorker` returns | in a worker; this thread has its name, its lists and its device |
 *
 * Both declare that they implement this, so the compiler keeps them the same; a test demands that
 * `Disk` has no asynchronous method beside. Contracts stand with `Disk`, and hold for both.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { BlockDeviceError } from "../block/errors.ts";
import type { DeleteOptions } from "./deletion.ts";
import type { SnapshotFacts } from "./disk.ts";
import type { DiskUsage } from "./disk_options.ts";
import type { ImagePiece, TransferOptions } from "./image/image_pieces.ts";
import type { Extent } from "./layers/held_chunks.ts";

/** A block device with named snapshots, in this thread or another. */
export interface AsyncDisk extends AsyncDisposable {
  /** The disk's name. */
  readonly name: string;
  /** The branch that this is. */
  readonly branch: string;
  /** What is read and written; the same object whatever it stands for. */
  readonly device: BlockDevice;
  /** All snapshots, in the order in which they were taken. */
  readonly snapshots: SnapshotFacts[];
  /** All branches. */
  readonly branches: string[];
  /** As {@linkcode Disk.snapshot}. */
  snapshot(name: string): Promise<void>;
  /** As {@linkcode Disk.rollback}. */
  rollback(name: string | null): Promise<void>;
  /** As {@linkcode Disk.fork}. */
  fork(name: string | null, branch: string): Promise<AsyncDisk>;
  /** As {@linkcode Disk.openBranch}. */
  openBranch(branch: string): Promise<AsyncDisk>;
  /** As {@linkcode Disk.removeBranch}. */
  removeBranch(branch: string): Promise<void>;
  /** As {@linkcode Disk.delete}. */
  delete(name: string, options?: DeleteOptions): Promise<void>;
  /** As {@linkcode Disk.settleDeletions}. */
  settleDeletions(options?: DeleteOptions): Promise<void>;
  /** As {@linkcode Disk.diff}. */
  diff(from: string | null, to?: string | null): Promise<Extent[]>;
  /** As {@linkcode Disk.extents}. */
  extents(): Promise<Extent[]>;
  /** As {@linkcode Disk.export}. */
  export(options?: TransferOptions): ReadableStream<Uint8Array>;
  /** As {@linkcode Disk.pieces}. */
  pieces(options?: TransferOptions): AsyncGenerator<ImagePiece>;
  /** As {@linkcode Disk.import}. */
  import(image: ReadableStream<Uint8Array>, options?: TransferOptions): Promise<void>;
  /** As {@linkcode Disk.importPieces}. */
  importPieces(
    pieces: AsyncIterable<ImagePiece> | Iterable<ImagePiece>,
    options?: TransferOptions,
  ): Promise<void>;
  /** As {@linkcode Disk.rebase}. */
  rebase(origin: BlockDevice): Promise<Extent[]>;
  /** As {@linkcode Disk.usage}. */
  usage(): Promise<DiskUsage>;
  /** As {@linkcode Disk.close}. */
  close(): Promise<void>;
}

/**
 * What is thrown by a disk that is closed.
 *
 * @param name The disk's name.
 */
export function closedDisk(name: string): BlockDeviceError {
  return new BlockDeviceError("ESHUTDOWN", `Cannot use the disk "${name}": it is closed`);
}

/**
 * `Disk`: a block device with named snapshots, kept in a storage.
 *
 *     const disk = await Disk.open("windows", { origin, storage });
 *     await disk.device.write(bytes, 0);
 *     await disk.snapshot("installed");
 *     await disk.rollback("installed");
 *
 * Nothing is copied when a snapshot is taken, and nothing when a disk goes back to one: the tree of
 * layers (`layer_tree.ts`) changes, and with it what the device stands for.
 *
 * A `Disk` is one branch of its tree. {@linkcode Disk.fork} opens another branch of the same tree
 * beside it. The storage is let go when the last of them is closed.
 *
 * Changes of one tree happen one after the other. Requests to the device wait while its branch is
 * changed, and see all of a change or nothing.
 *
 * | a method | fails with |
 * |---|---|
 * | any, once the branch is closed | `ESHUTDOWN` |
 * | one that would change a disk opened with `readOnly` | `EROFS` |
 * | one that ends in `Sync` | `EAGAIN` when anything would have to be waited for |
 * | one that takes a snapshot's or branch's name | `ENOENT`, `EEXIST`; `EINVAL` when it can be no name |
 *
 * **Failure**: a change that fails leaves the disk as it was; see `disk_tree.ts` for what a crash
 * leaves, and for a failure that closes the branch. An origin that is not what the disk was made on is
 * refused with `EINVAL`.
 *
 * Longer than most files: a method for everything that users want, each a line or two under its
 * contract.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice, SyncBlockDevice } from "../block/device.ts";
import { type AsyncDisk, closedDisk } from "./async_disk.ts";
import type { DeleteOptions } from "./deletion.ts";
import type { DiskOptions, DiskUsage } from "./disk_options.ts";
import { DiskSession } from "./disk_session.ts";
import { usageOf } from "./disk_survey.ts";
import {
  type ImagePiece,
  readImage,
  readPieces,
  type TransferOptions,
} from "./image/image_pieces.ts";
import { writeImage, writePieces } from "./image/image_writer.ts";
import type { Extent } from "./layers/held_chunks.ts";
import * as tree from "./manifest/layer_tree.ts";

/** A snapshot, as a disk lists it. */
export interface SnapshotFacts {
  /** Its name. */
  readonly name: string;
  /** The snapshot it was taken after; `null` when there is none. */
  readonly parent: string | null;
}

/** A block device with named snapshots. */
export class Disk implements AsyncDisk {
  readonly #name: string;
  readonly #session: DiskSession;
  readonly #branch: string;
  #closing: Promise<void> | null = null;

  private constructor(name: string, session: DiskSession, branch: string) {
    this.#name = name;
    this.#session = session;
    this.#branch = branch;
  }

  /**
   * Opens a disk, making it if its storage is empty.
   *
   * @param name The disk's name, for people.
   * @param options Its origin and its storage.
   * @returns The disk.
   * @throws {BlockDeviceError} `EBUSY` when somebody else has the storage open, `EINVAL` when the origin
   * is not what the disk was made on, `ENOTSUP` when the storage's word stands for nothing here,
   * `ENOENT` when a disk that is not there is only to be looked at, or a snapshot or branch of it, and
   * what the devices refuse. The signal's reason when it ended the wait.
   * @throws {TypeError} When a snapshot is to be shown and `readOnly` is not set.
   *
   * @example Take a snapshot, go back to it
   * ```ts
   * import { Disk } from "cowdisk";
   * import { equal } from "node:assert/strict";
   *
   * await using disk = await Disk.open("scratch", { origin: 2048, storage: "memory" });
   * await disk.device.write(new Uint8Array(512).fill(1), 0);
   * await disk.snapshot("one");
   * await disk.device.write(new Uint8Array(512).fill(2), 0);
   * await disk.rollback("one");
   *
   * const sector = new Uint8Array(512);
   * await disk.device.read(sector, 0);
   * equal(sector[0], 1);
   * ```
   *
   * @example Look at a snapshot
   * ```ts
   * import { createMemoryStorage, Disk } from "cowdisk";
   * import { equal } from "node:assert/strict";
   *
   * await using storage = createMemoryStorage();
   * const disk = await Disk.open("scratch", { origin: 2048, storage });
   * await disk.device.write(new Uint8Array(512).fill(1), 0);
   * await disk.snapshot("one");
   * await disk.device.write(new Uint8Array(512).fill(2), 0);
   * await disk.close();
   *
   * const wish = { origin: 2048, storage, readOnly: true, snapshot: "one" };
   * await using look = await Disk.open("scratch", wish);
   * const sector = new Uint8Array(512);
   * await look.device.read(sector, 0);
   * equal(sector[0], 1);
   * ```
   */
  static async open(name: string, options: DiskOptions): Promise<Disk> {
    if (options.snapshot !== undefined && options.readOnly !== true) {
      throw new TypeError("Cannot show a snapshot of a disk to be written: want readOnly, or fork");
    }
    const branch = options.branch ?? "main";
    const session = await DiskSession.open(name, options);
    try {
      await session.openBranch(branch);
    } catch (error) {
      await session.end();
      throw error;
    }
    session.serveReaders();
    return new Disk(name, session, branch);
  }

  // What it is.

  /** The disk's name. */
  get name(): string {
    return this.#name;
  }

  /** The branch that this is. */
  get branch(): string {
    return this.#branch;
  }

  /**
   * What is read and written. It stays the same object whatever it stands for. Closing it ends its use;
   * the disk itself is to be closed all the same.
   */
  get device(): SyncBlockDevice {
    return this.#open.head(this.#branch);
  }

  /** All snapshots, in the order in which they were taken. */
  get snapshots(): SnapshotFacts[] {
    const { manifest } = this.#open.tree;
    return manifest.layers.flatMap(({ name, parent }) => {
      if (name === null) return [];
      let at = parent;
      while (at !== null && tree.layerOf(manifest, at).name === null) {
        at = tree.layerOf(manifest, at).parent;
      }
      return [{ name, parent: at === null ? null : tree.layerOf(manifest, at).name }];
    });
  }

  /** All branches. */
  get branches(): string[] {
    return this.#open.tree.manifest.branches.map(({ name }) => name);
  }

  // Snapshots.

  /**
   * Takes a snapshot: gives what the disk holds now a name. What was written before is durable then.
   *
   * @param name A name that no snapshot has.
   * @throws {BlockDeviceError} `EEXIST` when there is a snapshot of that name, `ENOSPC` when 256 layers
   * lie on each other already.
   */
  async snapshot(name: string): Promise<void> {
    await this.#open.turn(this.#branch, (from) => tree.takeSnapshot(from, this.#branch, name));
  }

  /**
   * As {@linkcode snapshot}, at once; for origins and storages that are never waited for.
   *
   * @param name A name that no snapshot has.
   * @throws {BlockDeviceError} `EAGAIN` when something would have to be waited for.
   *
   * @example An undo that takes no time
   * ```ts
   * import { Disk } from "cowdisk";
   * import { equal } from "node:assert/strict";
   *
   * await using disk = await Disk.open("scratch", { origin: 2048, storage: "memory" });
   * disk.snapshotSync("before");
   * disk.device.writeSync(new Uint8Array(512).fill(1), 0);
   * disk.rollbackSync("before");
   *
   * const sector = new Uint8Array(512);
   * disk.device.readSync(sector, 0);
   * equal(sector[0], 0);
   * ```
   */
  snapshotSync(name: string): void {
    this.#open.turnSync(this.#branch, (from) => tree.takeSnapshot(from, this.#branch, name));
  }

  /**
   * Goes back to a snapshot. What was written since is gone, unless another snapshot has it.
   *
   * @param name The snapshot; `null` for the origin.
   * @throws {BlockDeviceError} `ENOENT` when there is none of that name.
   */
  async rollback(name: string | null): Promise<void> {
    await this.#open.turn(this.#branch, (from) => tree.rollBack(from, this.#branch, name));
  }

  /**
   * As {@linkcode rollback}, at once.
   *
   * @param name The snapshot; `null` for the origin.
   * @throws {BlockDeviceError} `EAGAIN` when something would have to be waited for.
   */
  rollbackSync(name: string | null): void {
    this.#open.turnSync(this.#branch, (from) => tree.rollBack(from, this.#branch, name));
  }

  /**
   * Begins another branch on a snapshot, and opens it beside this one.
   *
   * @param name The snapshot; `null` for the origin.
   * @param branch The new branch's name.
   * @returns The branch, a disk of its own.
   * @throws {BlockDeviceError} `ENOENT` when there is no such snapshot, `EEXIST` when there is such a
   * branch.
   *
   * @example Two branches of one disk
   * ```ts
   * import { Disk } from "cowdisk";
   * import { deepEqual } from "node:assert/strict";
   *
   * await using disk = await Disk.open("scratch", { origin: 2048, storage: "memory" });
   * await disk.snapshot("base");
   * await using experiment = await disk.fork("base", "experiment");
   * await experiment.device.write(new Uint8Array(512).fill(1), 0);
   *
   * deepEqual(await disk.diff("base"), []);
   * deepEqual(await experiment.diff("base"), [{ sector: 0, sectorCount: 8 }]);
   * ```
   */
  async fork(name: string | null, branch: string): Promise<Disk> {
    const session = this.#open;
    await session.fork(this.#branch, branch, (from) => tree.fork(from, name, branch));
    return new Disk(this.#name, session, branch);
  }

  /**
   * Opens another branch of the same tree beside this one.
   *
   * @param branch The branch's name.
   * @returns The branch, a disk of its own.
   * @throws {BlockDeviceError} `ENOENT` when there is none, `EBUSY` when it is open.
   */
  async openBranch(branch: string): Promise<Disk> {
    const session = this.#open;
    await session.openBranch(branch);
    return new Disk(this.#name, session, branch);
  }

  /**
   * Ends a branch; what it holds beyond its snapshots is gone.
   *
   * @param branch The branch; it is not open.
   * @throws {BlockDeviceError} `EBUSY` when it is open or the last one, `ENOENT` when there is none.
   */
  async removeBranch(branch: string): Promise<void> {
    await this.#open.change(this.#branch, (from) => tree.removeBranch(from, branch));
  }

  /**
   * Deletes a snapshot. Its name is gone at once. What other snapshots and branches need of its data
   * is moved to them piece by piece, while the disk is used: nothing that they show changes. A disk
   * that is closed meanwhile goes on with it when it is opened again.
   *
   * @param name The snapshot.
   * @param options Who is told how far it has come, and what stops it.
   * @returns A promise that is kept when its layer is gone.
   * @throws {BlockDeviceError} `ENOENT` when there is none of that name; `ESHUTDOWN` when the disk was
   * closed before the layer was gone.
   */
  async delete(name: string, options: DeleteOptions = {}): Promise<void> {
    const session = this.#open;
    let id = 0;
    await session.change(this.#branch, (from) => {
      id = tree.snapshotOf(from, name).id;
      return tree.deleteSnapshot(from, name);
    });
    await session.settleDeletions(options, [id]);
  }

  /**
   * Goes on with deletions that were interrupted. An opened disk does so by itself; this tells when it
   * is done.
   *
   * @param options Who is told, and what stops it.
   */
  async settleDeletions(options: DeleteOptions = {}): Promise<void> {
    await this.#open.settleDeletions(options);
  }

  // Contents.

  /**
   * Finds what differs between two states.
   *
   * @param from A snapshot; `null` for the origin.
   * @param to A snapshot, `null` for the origin. Left out: what the disk holds now.
   * @returns Stretches of whole chunks; in each chunk at least one byte differs.
   */
  async diff(from: string | null, to?: string | null): Promise<Extent[]> {
    return await this.#open.diff(this.#branch, from, to);
  }

  /**
   * Tells where the disk may hold anything but zeroes: the stretches that an export reads.
   *
   * @returns Stretches, in order, as of the call. On an origin that is a device it is all of the disk.
   */
  // deno-lint-ignore require-await
  async extents(): Promise<Extent[]> {
    return [...this.#open.imagePlace(this.#branch).extents];
  }

  /**
   * Reads the disk as a raw image, from the first sector to the last. What is written meanwhile may
   * be in it or not: to export a state, take a snapshot and export a fork of it.
   *
   * @param options Who is told how far it has come, and what stops it.
   * @returns The image's bytes; zeroes that nobody wrote are not read.
   *
   * @example A copy
   * ```ts
   * import { Disk } from "cowdisk";
   * import { deepEqual } from "node:assert/strict";
   *
   * await using disk = await Disk.open("one", { origin: 2048, storage: "memory" });
   * await disk.device.write(new Uint8Array(512).fill(1), 9);
   * await using copy = await Disk.open("two", { origin: 2048, storage: "memory" });
   * await copy.import(disk.export());
   * deepEqual(await copy.diff(null), [{ sector: 8, sectorCount: 8 }]);
   * ```
   */
  export(options: TransferOptions = {}): ReadableStream<Uint8Array> {
    return readImage(this.#open.imagePlace(this.#branch), options);
  }

  /**
   * As {@linkcode export}, without the zeroes: for images that are stored sparse.
   *
   * @param options Who is told how far it has come, and what stops it.
   * @returns Pieces that hold something, in order.
   */
  pieces(options: TransferOptions = {}): AsyncGenerator<ImagePiece> {
    return readPieces(this.#open.imagePlace(this.#branch), options);
  }

  /**
   * Replaces the disk's contents by a raw image, durably. Zeroes cost nothing.
   *
   * @param image The image's bytes; what lies behind its end becomes zeroes. It is cancelled when the
   * import fails.
   * @param options Who is told how far it has come, and what stops it.
   * @throws {BlockDeviceError} `ENOSPC` when the image is larger than the disk; what fits was written.
   */
  async import(image: ReadableStream<Uint8Array>, options: TransferOptions = {}): Promise<void> {
    this.#open.requireWritable();
    await writeImage(this.#open.imagePlace(this.#branch), image, options);
  }

  /**
   * As {@linkcode import}, from pieces.
   *
   * @param pieces Whole blocks, in order; what lies between them becomes zeroes.
   * @param options Who is told how far it has come, and what stops it.
   * @throws {BlockDeviceError} `ENOSPC`, or `EINVAL` when they are not in order or no whole blocks.
   */
  async importPieces(
    pieces: AsyncIterable<ImagePiece> | Iterable<ImagePiece>,
    options: TransferOptions = {},
  ): Promise<void> {
    this.#open.requireWritable();
    await writePieces(this.#open.imagePlace(this.#branch), pieces, options);
  }

  /**
   * Puts the disk on a new version of its origin. Every chunk that a snapshot or branch has changed
   * stays as it is there; all others are the new origin's from now on.
   *
   * @param origin The new version, of the same size. The old one is not needed afterwards.
   * @returns Conflicts: changed chunks that the new version has changed as well. They keep what the
   * disk had.
   * @throws {BlockDeviceError} `EINVAL` when the size is another one.
   */
  async rebase(origin: BlockDevice): Promise<Extent[]> {
    return await this.#open.changeOrigin(this.#branch, origin);
  }

  /**
   * How full the disk is.
   *
   * @returns Counts, as of the call.
   */
  // `async` turns a refusal into a rejected promise.
  // deno-lint-ignore require-await
  async usage(): Promise<DiskUsage> {
    return this.usageSync();
  }

  /** As {@linkcode usage}, at once; on any storage. */
  usageSync(): DiskUsage {
    return usageOf(this.#open.tree, this.#branch);
  }

  // Ending.

  /**
   * Makes everything durable and ends use of this branch; closing twice is no mistake. With the last
   * branch the storage is let go.
   *
   * @throws {BlockDeviceError} `ENOSPC` when there is no room for what was written since the last flush.
   * The disk is open then as before: make room, and close it again; or give up what was not flushed, as
   * `await using` does.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close("leave open");
  }

  /**
   * As {@linkcode close}, and closes the disk also when there is no room: nobody could close it again.
   *
   * @throws {BlockDeviceError} `ENOSPC` when something was lost that was not flushed.
   */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#closing ??= this.#close("close");
  }

  async #close(withoutRoom: "close" | "leave open"): Promise<void> {
    try {
      await this.#session.closeBranch(this.#branch, withoutRoom);
    } catch (error) {
      if (this.#session.tree.head(this.#branch) !== undefined) this.#closing = null;
      throw error;
    }
  }

  /**
   * Verifies what can be verified without I/O.
   *
   * @throws {Error} When an invariant is broken.
   */
  check(): void {
    this.#open.tree.check();
  }

  /** The session, as long as this branch is open. */
  get #open(): DiskSession {
    const session = this.#session;
    if (this.#closing === null && session.tree.head(this.#branch) !== undefined) return session;
    throw closedDisk(this.#name);
  }
}

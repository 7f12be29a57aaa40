/**
 * A disk in a worker, used from this thread: the methods of `Disk` that take promises, with the same
 * results and the same refusals.
 *
 *     page                                         worker
 *     openDiskInWorker(worker, "windows", {…})     serveDisks()
 *
 * The worker has the tree, its layers and the storage: so files of the origin private file system are
 * read and written at once there, and nothing of it holds up the page. What is here is a device behind
 * a port, lists that mirror the tree (`disk_connection.ts`), and the reading and writing of images:
 * that is done by this thread, through the device, because the image is here.
 *
 * | what | how it gets across |
 * |---|---|
 * | sectors | through shared memory where there can be any, else in buffers that are handed over |
 * | `export`, `pieces` | read when they are asked for; cancelled by asking for no more |
 * | the progress of a deletion, its signal, events | as messages, in order with the answers |
 * | errors | code, message and place; not what led to them |
 * | `onEvent`, `signal`, storage objects, `clock` | not: they are this thread's |
 *
 * **Failure**: a worker that has ended, whether by `terminate` or by itself, leaves the disk as a loss
 * of power does. Here every call under way or later is refused with `ENODEV`, also `close`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { deviceBehind } from "../../devices/port_device.ts";
import { type AsyncDisk, closedDisk } from "../async_disk.ts";
import type { DeleteOptions } from "../deletion.ts";
import type { SnapshotFacts } from "../disk.ts";
import type { DiskEvent, DiskUsage } from "../disk_options.ts";
import {
  imageOf,
  type ImagePiece,
  type ImagePlace,
  readPieces,
  type TransferOptions,
} from "../image/image_pieces.ts";
import { writeImage, writePieces } from "../image/image_writer.ts";
import type { Extent } from "../layers/held_chunks.ts";
import type { StorageWord } from "../storage/storage_words.ts";
import { DiskConnection } from "./disk_connection.ts";
import type {
  DiskAnswer,
  DiskCall,
  OpenedBranch,
  PlainDiskOptions,
  PlainHttpOptions,
  PlainVerb,
} from "./disk_protocol.ts";
import { type RemoteOrigin, sendOrigin } from "./origin_sender.ts";
import type { DiskWorker } from "./worker_watch.ts";

export type { AsyncDisk } from "../async_disk.ts";
export type { PlainDiskOptions, PlainHttpOptions } from "./disk_protocol.ts";
export type { StorageWord } from "../storage/storage_words.ts";
export type { RemoteOrigin } from "./origin_sender.ts";
export type { DiskWorker } from "./worker_watch.ts";

/** What {@linkcode openDiskInWorker} is told. */
export interface RemoteDiskOptions extends PlainDiskOptions {
  /**
   * What the disk lies on: a number of sectors of zeroes; the URL of an image, which the worker opens
   * and closes; or a device of this thread, which must stay as it is and is not closed.
   */
  readonly origin: RemoteOrigin;
  /** How the image behind a URL is opened. */
  readonly http?: PlainHttpOptions;
  /** Where the worker keeps the disk. */
  readonly storage: StorageWord;
  /**
   * Ends the wait for the disk, with the signal's reason: behind another who has it open, or for a
   * worker that does not answer. What the worker opens all the same is closed again.
   */
  readonly signal?: AbortSignal;
  /** Told of what happens, as it happens. Must not throw. */
  readonly onEvent?: (event: DiskEvent) => void;
}

/** Reads pieces of a place that is not known yet. */
async function* piecesOf(
  place: Promise<ImagePlace>,
  options: TransferOptions,
): AsyncGenerator<ImagePiece> {
  yield* readPieces(await place, options);
}

class RemoteDisk implements AsyncDisk {
  readonly name: string;
  readonly branch: string;
  readonly #connection: DiskConnection;
  readonly #disk: number;
  readonly #chunkSectors: number;
  readonly #device: BlockDevice;
  #closing: Promise<void> | null = null;
  /** Whether it was closed from here. A failure may have closed it over there. */
  #isClosed = false;

  constructor(connection: DiskConnection, name: string, opened: OpenedBranch) {
    this.name = name;
    this.branch = opened.branch;
    this.#connection = connection;
    this.#disk = opened.disk;
    this.#chunkSectors = opened.chunkSectors;
    this.#device = deviceBehind({
      get ring() {
        return connection.ring;
      },
      ask: (asked, handedOver) =>
        // A closed branch has closed its device.
        this.#isClosed && asked.verb === "close"
          ? Promise.resolve({})
          : connection.ask({ ...asked, device: opened.disk }, handedOver),
      close() {},
    }, opened.device);
  }

  get device(): BlockDevice {
    this.#requireOpen();
    return this.#device;
  }

  get snapshots(): SnapshotFacts[] {
    this.#requireOpen();
    return this.#connection.tree.snapshots.map((each) => ({ ...each }));
  }

  get branches(): string[] {
    this.#requireOpen();
    return [...this.#connection.tree.branches];
  }

  async snapshot(name: string): Promise<void> {
    await this.#call("snapshot", name);
  }

  async rollback(name: string | null): Promise<void> {
    await this.#call("rollback", name);
  }

  async fork(name: string | null, branch: string): Promise<AsyncDisk> {
    return await this.#openBranch({ verb: "fork", name, branch });
  }

  async openBranch(branch: string): Promise<AsyncDisk> {
    return await this.#openBranch({ verb: "openBranch", branch });
  }

  async removeBranch(branch: string): Promise<void> {
    await this.#call("removeBranch", branch);
  }

  async delete(name: string, options: DeleteOptions = {}): Promise<void> {
    this.#requireOpen();
    await this.#connection.follow(this.#disk, name, options);
  }

  async settleDeletions(options: DeleteOptions = {}): Promise<void> {
    this.#requireOpen();
    await this.#connection.follow(this.#disk, null, options);
  }

  async diff(from: string | null, to?: string | null): Promise<Extent[]> {
    return await this.#call("diff", from, to);
  }

  async extents(): Promise<Extent[]> {
    return await this.#call("extents");
  }

  export(options: TransferOptions = {}): ReadableStream<Uint8Array> {
    const { signal } = options;
    const pieces = this.pieces(signal === undefined ? {} : { signal });
    return imageOf(this.#device.sectorCount, pieces, options);
  }

  pieces(options: TransferOptions = {}): AsyncGenerator<ImagePiece> {
    this.#requireOpen();
    const place = this.#imagePlace();
    place.catch(() => {}); // Whoever asks for the first piece is told.
    return piecesOf(place, options);
  }

  async import(image: ReadableStream<Uint8Array>, options: TransferOptions = {}): Promise<void> {
    await writeImage(await this.#imagePlace(), image, options);
  }

  async importPieces(
    pieces: AsyncIterable<ImagePiece> | Iterable<ImagePiece>,
    options: TransferOptions = {},
  ): Promise<void> {
    await writePieces(await this.#imagePlace(), pieces, options);
  }

  async rebase(origin: BlockDevice): Promise<Extent[]> {
    this.#requireOpen();
    const answer = await this.#connection.changeOrigin(this.#disk, sendOrigin(origin));
    return answer.result as Extent[];
  }

  async usage(): Promise<DiskUsage> {
    return await this.#call("usage");
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    try {
      await this.#connection.ask({ disk: this.#disk, verb: "close", args: [] });
    } finally {
      this.#isClosed = true;
      await this.#device.close();
      this.#connection.leave();
    }
  }

  async #call<Verb extends PlainVerb>(
    verb: Verb,
    ...args: Parameters<AsyncDisk[Verb]>
  ): Promise<Awaited<ReturnType<AsyncDisk[Verb]>>> {
    const { result } = await this.#ask({ verb, args } as DiskCall);
    return result as Awaited<ReturnType<AsyncDisk[Verb]>>;
  }

  #ask(call: DiskCall): Promise<DiskAnswer> {
    this.#requireOpen();
    return this.#connection.ask({ ...call, disk: this.#disk });
  }

  async #openBranch(call: DiskCall): Promise<AsyncDisk> {
    this.#requireOpen();
    const opened = await this.#connection.openBranch({ ...call, disk: this.#disk });
    return new RemoteDisk(this.#connection, this.name, opened);
  }

  /** Where the image lies as of now: what is asked first arrives first. */
  async #imagePlace(): Promise<ImagePlace> {
    const extents = await this.#call("extents");
    return { device: this.#device, extents, unitSectors: this.#chunkSectors };
  }

  #requireOpen(): void {
    const isClosed = this.#closing !== null || this.#connection.isClosed(this.#disk);
    if (isClosed) throw closedDisk(this.name);
  }
}

/**
 * Opens a disk in a worker that calls `serveDisks` (`cowdisk/disk-worker`), for use in this thread.
 *
 * The disk has the asynchronous methods of `Disk`; its lists, `snapshots` and `branches`, show a change
 * as soon as it has ended. A worker may have any number of disks.
 *
 * @param worker The worker. When it ends, whoever ends it, the disk is as after a loss of power. One
 * that never calls `serveDisks`, or was terminated before it did, never answers.
 * @param name The disk's name: its place in the storage.
 * @param options Its origin and its storage.
 * @returns The disk. Close it, and then end the worker if nothing else is in it.
 * @throws {BlockDeviceError} As `Disk.open`, and as `openHttpDevice` for the image behind a URL.
 * `ENODEV` when the worker's script fails. The signal's reason when it ended the wait.
 * @throws {TypeError} When the origin is a word and no URL.
 *
 * @example A disk in a worker
 * ```ts
 * import { serveDisks } from "cowdisk/disk-worker";
 * import { openDiskInWorker } from "cowdisk/remote-disk";
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * // Elsewhere: new Worker(new URL("./disk.worker.ts", import.meta.url), { type: "module" }),
 * // and serveDisks() in that file. Here both are one thread.
 * const { port1: worker, port2: scope } = new MessageChannel();
 * serveDisks(scope);
 *
 * const disk = await openDiskInWorker(worker, "scratch", { origin: 2048, storage: "memory" });
 * await disk.device.write(new Uint8Array(512).fill(1), 0);
 * await disk.snapshot("one");
 * deepEqual(disk.snapshots, [{ name: "one", parent: null }]);
 * await disk.device.write(new Uint8Array(512).fill(2), 0);
 * await disk.rollback("one");
 *
 * const sector = new Uint8Array(512);
 * await disk.device.read(sector, 0);
 * equal(sector[0], 1);
 * await disk.close();
 * worker.close();
 * ```
 */
export async function openDiskInWorker(
  worker: DiskWorker,
  name: string,
  options: RemoteDiskOptions,
): Promise<AsyncDisk> {
  const { origin, http, storage, signal, onEvent = () => {}, ...plain } = options;
  signal?.throwIfAborted();
  const sent = sendOrigin(origin, http);
  const connection = new DiskConnection(worker, name, onEvent);
  const giveUp = () => connection.giveUp();
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    const wish = { verb: "open", name, storage, options: plain } as const;
    return new RemoteDisk(connection, name, await connection.openDisk(wish, sent));
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
}

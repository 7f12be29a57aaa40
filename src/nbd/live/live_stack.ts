/**
 * `LiveStack`: a disk and its snapshots that change while clients read and write.
 *
 * It is a {@linkcode Mapper} whose mapped devices are exports. What has a verb here could be done by table
 * lines too, on the same devices, and what table lines do is seen here: there is one stack.
 *
 * | verb | is, in dm's words |
 * |---|---|
 * | take | create without a table; load `snapshot`; suspend the origin; resume both |
 * | drop | remove |
 * | merge | load `snapshot-merge` into the origin; suspend the snapshot; resume the origin; remove the snapshot; at the end load `snapshot-origin` and resume |
 *
 * **Invariants**
 * - Verbs that change the same device have their turn one after the other (`name_turns.ts`); who only asks,
 *   or waits for an event, has none.
 * - A snapshot is taken while no request of the origin is under way: every write is wholly in it or not at
 *   all. What was written before is durable when the snapshot is there.
 * - A verb that fails has changed nothing, images included.
 * - During a merge no snapshot is taken: it would show what the merge has not written yet.
 *
 * **Failure**: a merge that fails leaves everything readable and writable as before; the same verb goes on
 * with it. A merge that the end interrupts leaves both images whole: the COW image is a snapshot, and holds
 * what is left to merge, and what was written to these chunks of the origin in the meantime.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { Gate } from "../../block/gate.ts";
import { runAsync } from "../../block/plan.ts";
import { changedNames } from "../../mapper/dmsetup/changed_names.ts";
import { dmsetup, type DmsetupResult } from "../../mapper/dmsetup/dmsetup.ts";
import { Mapper } from "../../mapper/mapper.ts";
import { type AttachedImage, AttachedImages } from "./attached_images.ts";
import type { ImageShelf } from "./image_shelf.ts";
import { type LiveExport, LiveExports } from "./live_exports.ts";
import { beginMerge, continueMerge, finishMerge } from "./merge_handover.ts";
import { NameTurns } from "./name_turns.ts";
import type { RunningMerge } from "./running_merge.ts";
import { type SnapshotRequest, takeSnapshot } from "./snapshot_taking.ts";
import {
  attachNew,
  describe,
  ORIGIN_NAME,
  originLine,
  plainOrigin,
  refuse,
  snapshotLine,
  snapshotOf,
  type StackParts,
} from "./stack_parts.ts";

/** What a stack is made of. */
export interface LiveStackOptions {
  /** Where images come from. */
  readonly shelf: ImageShelf;
  /** Whether nothing is written, and nothing can be taken, merged or attached. */
  readonly isReadOnly?: boolean;
  /** Takes what the kernel would log, without the prefix `device-mapper: `. */
  readonly log?: (line: string) => void;
  /** Told of what has happened, in a sentence without its dot. */
  readonly onNotice?: (sentence: string) => void;
}

/** A disk, its snapshots, and the exports of all of them. */
export class LiveStack {
  readonly #parts: StackParts;
  readonly #isReadOnly: boolean;
  readonly #onNotice: (sentence: string) => void;
  readonly #exports: LiveExports;
  readonly #turns = new NameTurns();
  readonly #closing = new Gate();
  #merge: RunningMerge | null = null;
  #isFollowing = false;
  /** Why it failed, when that was told. */
  #toldFailure: unknown = null;

  /**
   * A stack with nothing in it.
   *
   * @param options What it is made of.
   */
  constructor(options: LiveStackOptions) {
    const { shelf, isReadOnly = false, log = () => {}, onNotice = () => {} } = options;
    this.#isReadOnly = isReadOnly;
    this.#onNotice = onNotice;
    const mapper = new Mapper({ log });
    this.#parts = { mapper, images: new AttachedImages(mapper), shelf };
    this.#exports = new LiveExports(mapper, {
      defaultName: ORIGIN_NAME,
      isReadOnly,
      describe: (device) => describe(this.#parts, device),
    });
  }

  /** Everything in it, to be looked at. It is changed by {@linkcode dm}, so that exports follow. */
  get mapper(): Mapper {
    return this.#parts.mapper;
  }

  /** The images that tables can use, in the order attached. */
  get images(): readonly AttachedImage[] {
    return this.#parts.images.all;
  }

  /** What clients can choose from: one list for ever, whose contents change. */
  get exports(): readonly LiveExport[] {
    return this.#exports.list;
  }

  /** The merge that is under way, or has failed. */
  get merging(): RunningMerge | null {
    return this.#merge?.state === "left" ? null : this.#merge;
  }

  /**
   * Puts the disk at the bottom.
   *
   * @param device The disk. It is the stack's from here on, and closed with it.
   * @param path Where it comes from, for people.
   */
  openOrigin(device: BlockDevice, path: string): Promise<void> {
    return this.#change([ORIGIN_NAME], async () => {
      const disk = this.#parts.images.attach(device, path);
      await this.mapper.create(ORIGIN_NAME, originLine(disk, device.sectorCount));
    });
  }

  /**
   * Opens a snapshot that was taken earlier.
   *
   * @param name What it is to be called.
   * @param image Its COW image. It is the stack's from here on, and closed with it.
   * @param path Where that comes from, for people.
   */
  openSnapshot(name: string, image: BlockDevice, path: string): Promise<void> {
    return this.#change([ORIGIN_NAME, name], async () => {
      const { disk } = plainOrigin(this.#parts, `open "${path}"`);
      const cow = this.#parts.images.attach(image, path);
      await this.mapper.create(name, snapshotLine(disk, cow), { isReadOnly: this.#isReadOnly });
    });
  }

  /**
   * Takes a snapshot of the origin.
   *
   * @param request Its name and its COW image.
   * @throws {BlockDeviceError} `EBUSY` when the name is taken, a merge is under way, or the origin is about
   * to get another table; `EROFS`; and what the image is refused for.
   */
  take(request: SnapshotRequest): Promise<void> {
    const { name, path } = request;
    return this.#change([ORIGIN_NAME, name], async () => {
      this.#requireWritable(`take the snapshot "${name}"`);
      await takeSnapshot(this.#parts, request);
      this.#onNotice(`took the snapshot "${name}", its COW image is ${path}`);
    });
  }

  /**
   * Ends a snapshot. What is under way is done; its clients are told `ESHUTDOWN` from then on.
   *
   * @param name Its name.
   * @param removesImage Whether its COW image is removed as well.
   * @returns Where the COW image is, or was.
   * @throws {BlockDeviceError} `ENXIO` when there is none, `EINVAL` when it is no snapshot, `EBUSY` while
   * another table uses it.
   */
  drop(name: string, removesImage = false): Promise<string> {
    return this.#change([name], async () => {
      const { images, shelf } = this.#parts;
      const what = `drop "${name}"`;
      const { cow, image } = snapshotOf(this.#parts, name, what);
      if (removesImage && image === undefined) {
        throw refuse("EINVAL", what, `its COW device "${cow.name}" is no image`);
      }
      const user = images.usersOf(cow).find((each) => each !== name);
      if (user !== undefined) throw refuse("EBUSY", what, `"${user}" uses its COW device too`);
      const path = image?.path ?? cow.name;
      await this.mapper.remove(name);
      if (image !== undefined) await images.detach(image);
      if (removesImage) shelf.remove(path);
      const end = removesImage ? "removed" : "kept";
      this.#onNotice(`dropped the snapshot "${name}", ${path} is ${end}`);
      return path;
    });
  }

  /**
   * Begins to fold a snapshot back into the origin, which shows it from this moment on; the snapshot itself
   * is gone. A merge that has failed is gone on with.
   *
   * @param name The snapshot's name.
   * @returns The merge; it goes on when the promise is kept.
   * @throws {BlockDeviceError} As {@linkcode drop}, `EBUSY` while another merge is under way or a table
   * waits, and what the merge is refused for.
   */
  merge(name: string): Promise<RunningMerge> {
    return this.#change([ORIGIN_NAME, name], async () => {
      this.#requireWritable(`merge "${name}"`);
      const { merging } = this;
      if (merging?.name === name && merging.state === "failed") {
        await continueMerge(this.#parts, merging);
      } else this.#merge = await beginMerge(this.#parts, name);
      const merge = this.#merge as RunningMerge;
      this.#onNotice(`merging the snapshot "${name}": ${merge.chunksLeft} chunks`);
      return merge;
    });
  }

  /**
   * Attaches an image, so that tables can use it.
   *
   * @param path Which.
   * @param sectorCount Makes it, of this size. Left out: it is there.
   * @returns It, with its name.
   * @throws {BlockDeviceError} What the image is refused for.
   */
  attach(path: string, sectorCount?: number): Promise<AttachedImage> {
    return this.#change([], async () => {
      const { images, shelf } = this.#parts;
      this.#requireWritable(`attach "${path}"`);
      if (sectorCount === undefined) return images.attach(shelf.open(path), path);
      const wanted = { path, sectorCount, force: false };
      return await attachNew(this.#parts, wanted, (_image, appear) => appear());
    });
  }

  /**
   * Detaches an image, and closes it.
   *
   * @param word Its name, number or path.
   * @throws {BlockDeviceError} `ENXIO` when there is none, `EBUSY` while a table uses it.
   */
  detach(word: string): Promise<void> {
    const { images } = this.#parts;
    return this.#change([], () => images.detach(images.find(word)));
  }

  /**
   * Does what dmsetup would do.
   *
   * @param words The command's words, without `dmsetup` itself.
   * @param input Standard input.
   * @returns The answer.
   * @throws {BlockDeviceError} `ESHUTDOWN` when the stack ends while the command waits.
   */
  async dm(words: readonly string[], input = ""): Promise<DmsetupResult> {
    const perform = () => dmsetup(this.mapper, words, input);
    const names = changedNames(this.mapper, words);
    if (names !== null) return await this.#change(names, perform);
    const closed = this.#closing.wait().then(() => {
      throw refuse("ESHUTDOWN", "wait any longer", "the server ends");
    });
    return await Promise.race([perform(), closed]);
  }

  /**
   * Begins the end: verbs are refused from here on, and requests that suspended devices hold back go on, to
   * their end or to an error. Nothing waits then.
   */
  async release(): Promise<void> {
    this.#closing.open();
    // Whoever works may wait for what nobody works on.
    await this.#letGo((name) => !this.#turns.isHeld(name));
    await this.#turns.take("all", () => this.#letGo(() => true));
  }

  async #letGo(isWanted: (name: string) => boolean): Promise<void> {
    for (const name of this.mapper.names) {
      const device = this.mapper.device(name);
      if (!device.isSuspended || !isWanted(name)) continue;
      try {
        await this.mapper.clear(name);
        await this.mapper.resume(name);
      } catch {
        await runAsync(device.destroy());
      }
    }
  }

  /** Ends all devices, those on top first, and closes all images. A merge pauses, between two steps. */
  async close(): Promise<void> {
    await this.release();
    await this.#turns.take("all", async () => {
      const { merging } = this;
      const chunksLeft = merging?.chunksLeft ?? 0;
      if (merging !== null && chunksLeft > 0) {
        const [, cow] = merging.origin.activeTargets?.[0]?.devices ?? [];
        const path = this.#parts.images.of(cow)?.path ?? cow?.name;
        this.#onNotice(
          `the merge of "${merging.name}" is not done: ${path} holds what is left, and belongs to ` +
            "the origin until it is merged",
        );
      }
      await this.mapper.removeAll();
      await this.#parts.images.detachAll();
      this.#exports.refresh();
    });
  }

  /** Does something in its turn; the exports follow, whatever came of it. */
  #change<Result>(names: readonly string[] | "all", work: () => Promise<Result>): Promise<Result> {
    return this.#turns.take(names, async () => {
      if (this.#closing.isOpen) throw refuse("ESHUTDOWN", "change anything", "the server ends");
      try {
        return await work();
      } finally {
        this.#exports.refresh();
        this.#followMerge();
      }
    });
  }

  /** Sees to it that a merge that goes on, by whosever doing, is waited for. */
  #followMerge(): void {
    const merge = this.#merge;
    if (merge === null || this.#isFollowing || this.#closing.isOpen) return;
    if (merge.state === "left") return;
    if (merge.state === "failed" && merge.failure === this.#toldFailure) return;
    this.#isFollowing = true;
    this.#follow(merge)
      .catch((error) => this.#onNotice(`cannot end the merge of "${merge.name}": ${error}`))
      .finally(() => this.#isFollowing = false);
  }

  /** Waits for a merge's end, and makes a plain origin of the device again. */
  async #follow(merge: RunningMerge): Promise<void> {
    const state = await merge.ended();
    if (state === "failed") {
      this.#toldFailure = merge.failure;
      const why = merge.failure instanceof Error ? `: ${merge.failure.message}` : "";
      this.#onNotice(`the merge of "${merge.name}" stopped${why}; to go on, merge it again`);
    }
    if (state !== "merged" || this.#closing.isOpen) return;
    await this.#change([merge.origin.name], async () => {
      const path = await finishMerge(this.#parts, merge);
      if (path === null) return;
      this.#merge = null;
      this.#onNotice(`merged the snapshot "${merge.name}", ${path} is empty now`);
    });
  }

  #requireWritable(what: string): void {
    if (this.#isReadOnly) throw refuse("EROFS", what, "the server is read-only");
  }
}

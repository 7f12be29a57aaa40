/**
 * A disk session: one tree in use, by one or more branches.
 *
 * What a change *is* stands in `manifest/layer_tree.ts`, and how it is made safe in `disk_tree.ts`. Here
 * is what neither can do: opening and removing the devices of a storage, which takes promises, and
 * seeing to it that changes come one after the other.
 *
 * Every change is a turn. What a turn leaves behind, layers that nobody needs and devices that no
 * manifest names, is put away at its end, whether it has failed or not. The session ends with its last
 * branch; turns that come later fail with `ESHUTDOWN`.
 *
 * A session that only looks refuses every change with `EROFS`. One that writes serves those that look:
 * see `readers/reader_desk.ts`.
 *
 * Longer than most files: everything that is a turn.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type Clock, systemClock } from "../block/clock.ts";
import type { BlockDevice } from "../block/device.ts";
import { BlockDeviceError, codeOf } from "../block/errors.ts";
import { runAsync, runSync } from "../block/plan.ts";
import type { MappedDevice } from "../mapper/mod.ts";
import { closedDisk } from "./async_disk.ts";
import { type DeleteOptions, type DeletionHost, leavingIds, settleDeletion } from "./deletion.ts";
import { loadTree, originOf, requireSize } from "./disk_opening.ts";
import type { DiskEvent, DiskOptions } from "./disk_options.ts";
import { extentsOf, heldBy, planLayerDiff } from "./disk_survey.ts";
import type { DiskTree } from "./disk_tree.ts";
import type { ImagePlace } from "./image/image_pieces.ts";
import { planDiff } from "./layers/diff.ts";
import type { Extent } from "./layers/held_chunks.ts";
import { LayerKeeper } from "./layer_keeper.ts";
import { branchOf, type Growth, putLayerOn, snapshotOf } from "./manifest/layer_tree.ts";
import { formatManifest, type Manifest } from "./manifest/manifest.ts";
import { planIdentity } from "./origin_identity.ts";
import { HeldLayers } from "./readers/held_layers.ts";
import type { ReaderHost } from "./readers/reader_desk.ts";
import { LayerShelf } from "./storage/layer_shelf.ts";
import { Turns } from "./turns.ts";

/** What a session is told besides its tree. */
interface SessionManner {
  readonly name: string;
  readonly onEvent: (event: DiskEvent) => void;
  readonly clock: Clock;
  readonly readOnly: boolean;
  /** Whether what no layer holds reads as zeroes. */
  isOriginZeroes: boolean;
}

/** From the manifest to the next one, with a new layer in it. */
type Growing = (manifest: Manifest) => Growth;

/** One tree in use. */
export class DiskSession implements DeletionHost, ReaderHost {
  readonly tree: DiskTree;
  readonly held = new HeldLayers();
  readonly #shelf: LayerShelf;
  readonly #manner: SessionManner;
  readonly #turns = new Turns();
  readonly #keeper: LayerKeeper;
  #hasEnded = false;

  private constructor(tree: DiskTree, shelf: LayerShelf, manner: SessionManner) {
    this.tree = tree;
    this.#shelf = shelf;
    this.#manner = manner;
    this.#keeper = new LayerKeeper(tree, shelf, this.held, manner.onEvent);
    if (shelf.seat?.hasReaders === true) this.held.hold(tree.manifest.nextId);
  }

  /**
   * Opens a tree, making it if its storage is empty. No branch is open then.
   *
   * @param name The disk's name, for people.
   * @param options Its origin and its storage.
   */
  static async open(name: string, options: DiskOptions): Promise<DiskSession> {
    const origin = originOf(name, options.origin);
    const shelf = await LayerShelf.open(name, options);
    try {
      const tree = await loadTree(name, origin, shelf, options);
      const { onEvent = () => {}, clock = systemClock, readOnly = false } = options;
      const isOriginZeroes = typeof options.origin === "number";
      return new DiskSession(tree, shelf, { name, onEvent, clock, readOnly, isOriginZeroes });
    } catch (error) {
      await shelf.close();
      throw error;
    }
  }

  // Turns.

  /**
   * Performs work while nothing else changes the tree, and tidies up after it.
   *
   * @param work What is to be done.
   * @param branch A branch that must be open for it.
   */
  perform<Result>(work: () => Promise<Result>, branch?: string): Promise<Result> {
    return this.#turns.take(async () => {
      if (this.#hasEnded) throw this.#isClosed();
      if (branch !== undefined) this.head(branch);
      const before = this.tree.manifest;
      try {
        return await work();
      } catch (error) {
        this.tree.quota.failed(error);
        throw error;
      } finally {
        await this.#keeper.tidy(before);
      }
    });
  }

  /**
   * Opens a layer, with what it lies on, until the turn's end.
   *
   * @param id The layer.
   */
  openLayer(id: number): Promise<void> {
    return this.#keeper.openLayer(id);
  }

  /**
   * Keeps a layer open between turns.
   *
   * @param id The layer.
   * @returns Ends that.
   */
  keep(id: number): () => void {
    return this.#keeper.keep(id);
  }

  /** Lets others have their turn, and the runtime its events. */
  pause(): Promise<void> {
    return this.#manner.clock.sleep(0);
  }

  #isClosed(): BlockDeviceError {
    return closedDisk(this.#manner.name);
  }

  // Branches.

  /**
   * The device of a branch.
   *
   * @param branch Its name.
   * @throws {BlockDeviceError} `ESHUTDOWN` when it is not open.
   */
  head(branch: string): MappedDevice {
    const head = this.tree.head(branch);
    if (head === undefined) throw this.#isClosed();
    return head;
  }

  /**
   * Opens the device of a branch.
   *
   * @param branch Its name.
   */
  openBranch(branch: string): Promise<void> {
    return this.perform(async () => {
      const { tree } = this;
      const { layer } = branchOf(tree.manifest, branch);
      if (tree.head(branch) !== undefined) throw this.#isOpen("open", branch);
      const devices = await this.#keeper.devicesFor(tree.manifest, layer);
      await runAsync(tree.openHead(branch, layer, devices));
      if (!this.held.isHeld(layer)) return;
      try {
        await this.#point(branch, putLayerOn(tree.manifest, branch));
      } catch (error) {
        await runAsync(tree.closeHead(branch));
        throw error;
      }
    });
  }

  /**
   * Closes the device of a branch; what was written is durable then. The last one ends the session.
   *
   * @param branch Its name.
   * @param withoutRoom Whether to close it when there is no room for what was written, or to leave it
   * open. It is told in either case.
   */
  closeBranch(branch: string, withoutRoom: "close" | "leave open" = "close"): Promise<void> {
    return this.#turns.take(async () => {
      if (withoutRoom === "leave open") await this.#requireRoom(branch);
      try {
        await runAsync(this.tree.closeHead(branch));
      } catch (error) {
        this.tree.quota.failed(error);
        throw error;
      } finally {
        if (this.tree.openBranches.length > 0) await this.#keeper.tidy(this.tree.manifest);
        else await this.#end();
      }
    });
  }

  async #requireRoom(branch: string): Promise<void> {
    try {
      await this.tree.head(branch)?.flush();
    } catch (error) {
      if (codeOf(error) === "ENOSPC") throw error;
      // Whatever else there is shows when it is closed.
    }
  }

  /** Ends a session that no branch was opened in. */
  end(): Promise<void> {
    return this.#turns.take(() => this.#end());
  }

  async #end(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.held.letGo(); // Whoever waits finds that the disk is closed.
    await this.#keeper.close();
  }

  #isOpen(verb: string, branch: string): BlockDeviceError {
    return new BlockDeviceError("EBUSY", `Cannot ${verb} the branch "${branch}": it is open`);
  }

  // Readers.

  /** Begins to serve readers; goes on with interrupted deletions as soon as there are none. */
  serveReaders(): void {
    if (this.#manner.readOnly) return;
    const { seat } = this.#shelf;
    if (seat === null) void this.resumeDeletions();
    else seat.serve(this);
  }

  freeze(): Promise<string> {
    return this.perform(async () => {
      const { tree } = this;
      const before = tree.manifest;
      await runAsync(tree.settle());
      for (const branch of tree.openBranches) {
        await this.#point(branch, putLayerOn(tree.manifest, branch));
      }
      this.held.hold(before.nextId);
      return formatManifest(before);
    });
  }

  free(): void {
    if (this.held.isAny) {
      this.held.letGo();
      this.perform(() => this.#keeper.removeUnnamed()).catch(() => {}); // It was closed meanwhile.
    }
    void this.resumeDeletions();
  }

  /**
   * Refuses to change a disk that is only looked at.
   *
   * @throws {BlockDeviceError} `EROFS`.
   */
  requireWritable(): void {
    if (!this.#manner.readOnly) return;
    const message = `Cannot change the disk "${this.#manner.name}": it was opened with readOnly`;
    throw new BlockDeviceError("EROFS", message);
  }

  // Changes.

  /**
   * Gives a branch a new end.
   *
   * @param branch The branch.
   * @param change What is to become of the tree.
   */
  turn(branch: string, change: Growing): Promise<void> {
    return this.#change(() => this.#point(branch, change(this.tree.manifest)), branch);
  }

  async #point(branch: string, { manifest, made }: Growth): Promise<void> {
    const devices = await this.#keeper.devicesFor(manifest, made);
    await runAsync(this.tree.turn(manifest, branch, made, devices));
  }

  /** As {@linkcode perform}, of what changes the disk. */
  #change<Result>(work: () => Promise<Result>, branch: string): Promise<Result> {
    return this.perform(() => {
      this.requireWritable();
      return work();
    }, branch);
  }

  /**
   * As {@linkcode turn}, at once.
   *
   * @param branch The branch.
   * @param change What is to become of the tree.
   */
  turnSync(branch: string, change: Growing): void {
    const { tree } = this;
    this.head(branch);
    this.requireWritable();
    this.#shelf.requireSync();
    const before = tree.manifest;
    const why = this.#turns.isTaken
      ? "it would have to wait for a change"
      : tree.stack.origin.supports.sync
      ? null
      : `"${tree.stack.origin.name}" has to be waited for`;
    if (why !== null) {
      const message = `Cannot change the disk "${this.#manner.name}" synchronously: ${why}`;
      throw new BlockDeviceError("EAGAIN", message);
    }
    const { manifest, made } = change(before);
    try {
      const devices = this.#keeper.devicesForSync(manifest, made);
      runSync(tree.turn(manifest, branch, made, devices));
    } finally {
      this.#keeper.tidySync(before);
    }
  }

  /**
   * Adds a branch, and opens it.
   *
   * @param by The branch that asks.
   * @param branch The new branch.
   * @param change What is to become of the tree.
   */
  fork(by: string, branch: string, change: Growing): Promise<void> {
    return this.#change(async () => {
      const { manifest, made } = change(this.tree.manifest);
      const devices = await this.#keeper.devicesFor(manifest, made);
      await runAsync(this.tree.grow(manifest, branch, made, devices));
    }, by);
  }

  /**
   * Changes the manifest where no open branch is concerned.
   *
   * @param by The branch that asks.
   * @param change From the manifest to the next one.
   */
  change(by: string, change: (manifest: Manifest) => Manifest): Promise<void> {
    return this.#change(async () => {
      const next = change(this.tree.manifest);
      for (const branch of this.tree.openBranches) {
        const isLeft = next.branches.some(({ name }) => name === branch);
        if (!isLeft) throw this.#isOpen("remove", branch);
      }
      await runAsync(this.tree.commit(next));
    }, by);
  }

  /**
   * Moves what is needed of leaving layers to those that lie on them.
   *
   * @param ids The layers; left out: all that are leaving.
   * @param options Who is told, and what stops it.
   */
  async settleDeletions(options: DeleteOptions, ids = leavingIds(this.tree)): Promise<void> {
    this.requireWritable();
    for (const id of ids) await settleDeletion(this, id, options);
  }

  /** Goes on, in the background, with what an earlier session has left. */
  async resumeDeletions(): Promise<void> {
    try {
      await this.settleDeletions({});
    } catch (cause) {
      if (this.#hasEnded && codeOf(cause) === "ESHUTDOWN") return;
      this.#manner.onEvent({ kind: "deletion failed", cause });
    }
  }

  /**
   * Puts the tree on another version of its origin.
   *
   * @param by The branch that asks.
   * @param origin The new version.
   * @returns Chunks that both the tree and the new version have changed.
   */
  changeOrigin(by: string, origin: BlockDevice): Promise<Extent[]> {
    return this.#change(async () => {
      const { manifest, stack } = this.tree;
      requireSize(this.#manner.name, origin, manifest.sectorCount);
      const identity = await runAsync(planIdentity(origin, manifest.origin.isWhole));
      const ids = manifest.layers.map(({ id }) => id);
      for (const id of ids) await this.openLayer(id);
      const held = heldBy(this.tree, ids);
      const conflicts = await runAsync(planDiff(stack.origin, origin, held, manifest.chunkSectors));
      await runAsync(this.tree.changeOrigin(origin, identity));
      this.#manner.isOriginZeroes = false;
      return conflicts;
    }, by);
  }

  // Looking.

  /**
   * Finds what differs between two states.
   *
   * @param branch The branch that asks.
   * @param from A snapshot; `null` for the origin.
   * @param to A snapshot, `null` for the origin; `undefined` for what the branch holds now.
   */
  diff(branch: string, from: string | null, to: string | null | undefined): Promise<Extent[]> {
    return this.perform(async () => {
      const { manifest } = this.tree;
      const layerOf = (name: string | null) => name === null ? null : snapshotOf(manifest, name).id;
      const one = layerOf(from);
      const other = to === undefined ? branchOf(manifest, branch).layer : layerOf(to);
      for (const id of [one, other]) if (id !== null) await this.openLayer(id);
      return await runAsync(planLayerDiff(this.tree, one, other));
    }, branch);
  }

  /**
   * Where a branch's image lies, and where it may hold something, as of now.
   *
   * @param branch The branch.
   */
  imagePlace(branch: string): ImagePlace {
    const device = this.head(branch);
    const { sectorCount, chunkSectors } = this.tree.manifest;
    const extents = this.#manner.isOriginZeroes
      ? extentsOf(this.tree, branch)
      : [{ sector: 0, sectorCount }];
    return { device, extents, unitSectors: chunkSectors };
  }
}

/**
 * The layer keeper: sees to it that the layers of a tree are open when they are needed, and that
 * neither they nor their devices are kept when they are not.
 *
 * | a layer is | its device is |
 * |---|---|
 * | needed by an open branch, or kept | open |
 * | in the manifest | shut |
 * | in no manifest | removed; when it is held for readers, after they have gone |
 *
 * **Failure** while tidying is an event: the change before it is done, or has failed for another
 * reason, and the next opening of the disk tidies again.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { runAsync, runSync } from "../block/plan.ts";
import type { DiskEvent } from "./disk_options.ts";
import type { DiskTree } from "./disk_tree.ts";
import type { LayerDevices } from "./layers/layer_stack.ts";
import type { Manifest } from "./manifest/manifest.ts";
import type { HeldLayers } from "./readers/held_layers.ts";
import type { LayerShelf } from "./storage/layer_shelf.ts";

/** Opens, closes and removes the layers of a tree. */
export class LayerKeeper {
  readonly #tree: DiskTree;
  readonly #shelf: LayerShelf;
  readonly #held: HeldLayers;
  readonly #onEvent: (event: DiskEvent) => void;
  readonly #kept = new Map<symbol, number>();

  /**
   * A keeper.
   *
   * @param tree Whose layers it keeps.
   * @param shelf Where their devices are.
   * @param held Layers that readers may look at.
   * @param onEvent Told of failures while tidying.
   */
  constructor(
    tree: DiskTree,
    shelf: LayerShelf,
    held: HeldLayers,
    onEvent: (event: DiskEvent) => void,
  ) {
    this.#held = held;
    this.#tree = tree;
    this.#shelf = shelf;
    this.#onEvent = onEvent;
  }

  /**
   * Opens the devices that are missing before a layer can be opened.
   *
   * @param manifest The manifest, perhaps one to be.
   * @param id The layer.
   */
  devicesFor(manifest: Manifest, id: number): Promise<LayerDevices> {
    return this.#shelf.open(manifest, this.#tree.missing(manifest, id));
  }

  /**
   * As {@linkcode devicesFor}, at once.
   *
   * @param manifest The manifest, perhaps one to be.
   * @param id The layer.
   */
  devicesForSync(manifest: Manifest, id: number): LayerDevices {
    return this.#shelf.openSync(manifest, this.#tree.missing(manifest, id));
  }

  /**
   * Opens a layer, with what it lies on, until the next {@linkcode tidy}.
   *
   * @param id The layer.
   */
  async openLayer(id: number): Promise<void> {
    const { manifest } = this.#tree;
    const devices = await this.devicesFor(manifest, id);
    await runAsync(this.#tree.openLayers(manifest, devices));
  }

  /**
   * Keeps a layer open.
   *
   * @param id The layer.
   * @returns Ends that.
   */
  keep(id: number): () => void {
    const token = Symbol();
    this.#kept.set(token, id);
    return () => void this.#kept.delete(token);
  }

  /**
   * Puts away what a change has left behind.
   *
   * @param before The manifest before it.
   */
  async tidy(before: Manifest): Promise<void> {
    try {
      await runAsync(this.#tree.release(this.#kept.values()));
      await this.#shelf.tidy((id) => this.#tree.stack.has(id), this.#unnamed(before));
    } catch (cause) {
      this.#onEvent({ kind: "cleanup failed", cause });
    }
  }

  /**
   * As {@linkcode tidy}, at once.
   *
   * @param before The manifest before the change.
   */
  tidySync(before: Manifest): void {
    try {
      runSync(this.#tree.release(this.#kept.values()));
      this.#shelf.tidySync((id) => this.#tree.stack.has(id), this.#unnamed(before));
    } catch (cause) {
      this.#onEvent({ kind: "cleanup failed", cause });
    }
  }

  /** Removes what was held for readers and is in no manifest, now that it is not held any more. */
  async removeUnnamed(): Promise<void> {
    if (this.#tree.isInDoubt) return;
    try {
      await this.#shelf.removeUnnamed(this.#tree.manifest);
    } catch (cause) {
      this.#onEvent({ kind: "cleanup failed", cause });
    }
  }

  /** Closes everything, what was kept as well, and lets the storage go. No branch is open. */
  async close(): Promise<void> {
    this.#kept.clear();
    try {
      await runAsync(this.#tree.release());
    } finally {
      await this.#shelf.close();
    }
  }

  /** Layers whose devices are of no use to anybody any more. */
  #unnamed(before: Manifest): number[] {
    const tree = this.#tree;
    if (tree.isInDoubt) return [];
    const named = new Set(tree.manifest.layers.map(({ id }) => id));
    const known = new Set([...before.layers.map(({ id }) => id), ...this.#shelf.openIds]);
    return [...known].filter((id) =>
      !named.has(id) && !tree.stack.has(id) && !this.#held.isHeld(id)
    );
  }
}

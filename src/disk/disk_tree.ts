/**
 * The disk tree: a disk's manifest, its layers, and the devices at its branches, changed together.
 *
 * Every change of a branch has the same four parts, whatever it is:
 *
 * 1. the branch's device is suspended: requests under way end, new ones wait;
 * 2. the layers that the change needs are opened, the new end among them;
 * 3. the new manifest is written: **this** is the moment of the change;
 * 4. the branch's device is put on its new end and goes on; layers that nobody needs are let go.
 *
 * **Crash**: before 3 the disk is as it was, with a layer that no manifest names; after 3 it is as it
 * will be, perhaps with one too many. Layers that no manifest names are removed when a disk is opened.
 *
 * **Failure** before 3 changes nothing. When 3 fails, either manifest may be on the device: so the old
 * one is written again, and the disk goes on as before. When that fails too the change is *in doubt*:
 * the branch's device is closed, because what it would write from then on might belong to a layer that
 * the manifest has let go. A change of the origin closes all branches then. The next opening finds the
 * disk as before or after the change.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { assert, codeOf } from "../block/errors.ts";
import type { Plan } from "../block/plan.ts";
import type { MappedDevice } from "../mapper/mod.ts";
import { createLinear } from "../targets/mod.ts";
import type { LayerDevices, LayerStack } from "./layers/layer_stack.ts";
import { branchOf, layerOf, pathTo } from "./manifest/layer_tree.ts";
import { formatManifest, type Manifest, type OriginIdentity } from "./manifest/manifest.ts";
import type { ManifestLog } from "./manifest/manifest_log.ts";
import { QuotaWatch, WatchedHead } from "./quota_watch.ts";

/** A disk's manifest and what is open of it. */
export class DiskTree {
  readonly stack: LayerStack;
  /** Who tells that there is no room. */
  readonly quota: QuotaWatch;
  readonly #log: ManifestLog;
  readonly #heads = new Map<string, MappedDevice>();
  #manifest: Manifest;
  #isInDoubt = false;

  /**
   * A tree with nothing open.
   *
   * @param manifest What the log holds.
   * @param log Where manifests are written.
   * @param stack Where layers are opened.
   * @param quota Who watches the devices of branches.
   */
  constructor(
    manifest: Manifest,
    log: ManifestLog,
    stack: LayerStack,
    quota: QuotaWatch = new QuotaWatch(),
  ) {
    this.quota = quota;
    this.#manifest = manifest;
    this.#log = log;
    this.stack = stack;
  }

  /** What the disk is made of now. */
  get manifest(): Manifest {
    return this.#manifest;
  }

  /** Whether the device may hold a manifest that is not in charge. */
  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  /** The branches that are open. */
  get openBranches(): string[] {
    return [...this.#heads.keys()];
  }

  /**
   * The device of a branch that is open.
   *
   * @param branch The branch's name.
   */
  head(branch: string): MappedDevice | undefined {
    return this.#heads.get(branch);
  }

  /**
   * The layers that have to be opened before something can be shown.
   *
   * @param manifest The manifest, perhaps one to be.
   * @param layer What is to be shown.
   * @returns Ids of layers that are not open, the lowest first.
   */
  missing(manifest: Manifest, layer: number | null): number[] {
    return pathTo(manifest, layer).filter((id) => !this.stack.has(id));
  }

  /**
   * Opens layers.
   *
   * @param manifest The manifest, perhaps one to be.
   * @param devices The layers' devices, the lowest first.
   */
  *openLayers(manifest: Manifest, devices: LayerDevices): Plan {
    const opened: number[] = [];
    try {
      for (const [id, cow] of devices) {
        yield* this.stack.open(id, layerOf(manifest, id).parent, cow);
        opened.push(id);
      }
    } catch (error) {
      for (const id of opened.reverse()) yield* this.stack.close(id);
      throw error;
    }
  }

  /**
   * Opens the device of a branch.
   *
   * @param branch The branch.
   * @param layer Its end.
   * @param devices What {@linkcode missing} named for it.
   */
  *openHead(branch: string, layer: number, devices: LayerDevices): Plan {
    yield* this.openLayers(this.#manifest, devices);
    yield* this.#begin(branch, layer);
  }

  /**
   * Closes the device of a branch. Its layers stay open until {@linkcode release}.
   *
   * @param branch The branch; it is open.
   */
  *closeHead(branch: string): Plan {
    const head = this.#heads.get(branch);
    if (head === undefined) return;
    this.#heads.delete(branch);
    // Whoever closes a disk means to keep what is on it, and may have closed its device before.
    try {
      yield* head.suspend();
      for (const target of head.activeTargets ?? []) yield* target.planFlush();
    } catch (error) {
      if (codeOf(error) !== "ESHUTDOWN") throw error;
    } finally {
      yield* head.destroy();
    }
  }

  /**
   * Writes a manifest, and puts it in charge. The moment of every change.
   *
   * @param manifest The new one.
   * @throws {BlockDeviceError} When it could not be written; the one before stays in charge.
   */
  *commit(manifest: Manifest): Plan {
    const text = formatManifest(manifest);
    try {
      yield* this.#log.write(text);
    } catch (error) {
      yield* this.#restore();
      throw error;
    }
    this.#manifest = manifest;
    this.#isInDoubt = false;
  }

  /**
   * Gives a branch a new end.
   *
   * @param manifest The new manifest.
   * @param branch The branch; it is open.
   * @param made Its new end.
   * @param devices What {@linkcode missing} named for the new end.
   */
  *turn(manifest: Manifest, branch: string, made: number, devices: LayerDevices): Plan {
    const head = this.#heads.get(branch);
    assert(head !== undefined, `the branch "${branch}" is open`);
    yield* head.suspend();
    try {
      yield* this.openLayers(manifest, devices);
      yield* this.#point(head, made);
      yield* this.commit(manifest);
    } catch (error) {
      if (this.#isInDoubt) yield* this.#abandon(branch, head);
      else {
        yield* head.clear();
        yield* head.resume();
      }
      throw error;
    }
    yield* head.resume();
  }

  /**
   * Adds a branch, and opens it.
   *
   * @param manifest The new manifest.
   * @param branch The new branch.
   * @param made Its end.
   * @param devices What {@linkcode missing} named for it.
   */
  *grow(manifest: Manifest, branch: string, made: number, devices: LayerDevices): Plan {
    yield* this.openLayers(manifest, devices);
    yield* this.commit(manifest);
    yield* this.#begin(branch, made);
  }

  /**
   * Puts a layer on what its parent lies on, now that it holds all that it needs of the parent.
   *
   * @param manifest The manifest in which it does.
   * @param id The layer; it and what it lies on are open.
   */
  *lift(manifest: Manifest, id: number): Plan {
    // What it shows is the same on either, so the moment of the change is of no account.
    yield* this.stack.move(id, layerOf(manifest, id).parent);
    yield* this.commit(manifest);
  }

  /**
   * Puts the tree on another origin.
   *
   * @param origin The new one.
   * @param identity What it is.
   */
  *changeOrigin(origin: BlockDevice, identity: OriginIdentity): Plan {
    const before = this.stack.origin;
    const ids = this.#manifest.layers.flatMap(({ id, parent }) => parent === null ? [id] : []);
    const suspended = new Map<string, MappedDevice>();
    try {
      for (const [branch, head] of this.#heads) {
        yield* head.suspend();
        suspended.set(branch, head);
      }
      yield* this.stack.moveOrigin(origin, ids);
      yield* this.#commitOrigin(identity, before, ids);
    } catch (error) {
      // Neither what is on the device nor what the layers lie on may be guessed.
      if (!this.#isInDoubt && this.stack.origin === before) throw error;
      for (const [branch, head] of suspended) yield* this.#abandon(branch, head);
      suspended.clear();
      throw error;
    } finally {
      for (const head of suspended.values()) yield* head.resume();
    }
  }

  *#commitOrigin(identity: OriginIdentity, before: BlockDevice, ids: readonly number[]): Plan {
    try {
      yield* this.commit({ ...this.#manifest, origin: identity });
    } catch (error) {
      if (!this.#isInDoubt) yield* this.stack.moveOrigin(before, ids);
      throw error;
    }
  }

  /** Makes durable what the open layers have taken over, so that whoever reads their devices finds it. */
  *settle(): Plan {
    for (const { id } of this.stack.layers) yield* this.stack.tableOf(id).settle();
  }

  /**
   * Closes layers that no open branch needs.
   *
   * @param kept Layers that are needed all the same, with what they lie on.
   */
  *release(kept: Iterable<number> = []): Plan {
    const ends = this.#manifest.branches.flatMap(({ name, layer }) =>
      this.#heads.has(name) ? [layer] : []
    );
    const named = new Set(this.#manifest.layers.map(({ id }) => id));
    for (const id of kept) if (named.has(id)) ends.push(id);
    const needed = new Set(ends.flatMap((id) => pathTo(this.#manifest, id)));
    // Those opened last lie on those opened first, also after a lift.
    for (const { id } of this.stack.layers.reverse()) {
      if (!needed.has(id)) yield* this.stack.close(id);
    }
  }

  /**
   * Verifies what can be verified without I/O.
   *
   * @throws {Error} When an invariant is broken.
   */
  check(): void {
    formatManifest(this.#manifest);
    this.stack.check();
    const open = new Set(this.stack.layers.map(({ id }) => id));
    for (const branch of this.#heads.keys()) {
      const { layer } = branchOf(this.#manifest, branch);
      for (const id of pathTo(this.#manifest, layer)) assert(open.has(id), `layer ${id} is open`);
    }
  }

  *#begin(branch: string, layer: number): Plan {
    const head = new WatchedHead(branch, this.quota);
    yield* this.#point(head, layer);
    yield* head.resume();
    this.#heads.set(branch, head);
  }

  /** Makes sure of the manifest in charge, after another one may have been written. */
  *#restore(): Plan {
    try {
      yield* this.#log.write(formatManifest(this.#manifest));
    } catch {
      this.#isInDoubt = true;
    }
  }

  *#abandon(branch: string, head: MappedDevice): Plan {
    this.#heads.delete(branch);
    yield* head.destroy();
  }

  *#point(head: MappedDevice, layer: number): Plan {
    const { sectorCount } = this.#manifest;
    const device = this.stack.viewOf(layer);
    yield* head.load([createLinear({ device, startSector: 0, sectorCount })]);
  }
}

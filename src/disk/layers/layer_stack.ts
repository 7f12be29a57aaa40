/**
 * The layer stack: the layers that are open, each a snapshot of the view below it.
 *
 *     view of 4 ── snapshot of ──> view of 2 ── snapshot of ──> view of 1 ── snapshot of ──> origin
 *         │                            │                            │
 *       COW 4                        COW 2                        COW 1
 *
 * A view is a mapped device and stays the same object as long as its layer is open; what it is a
 * snapshot of can be exchanged under it. So whatever lies above needs not be told.
 *
 * Stores are `PO` with settling at flushes: a layer has room for every chunk there is, and what a
 * power cut takes away is what was not flushed.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { assert } from "../../block/errors.ts";
import { flushStep, type Plan } from "../../block/plan.ts";
import type { ExceptionTable, TableEvent } from "../../exception/mod.ts";
import { MappedDevice } from "../../mapper/mod.ts";
import { planSnapshot, type SnapshotView } from "../../targets/mod.ts";

/** What all layers of a disk have in common. */
export interface LayerManner {
  /** The disk's size. */
  readonly sectorCount: number;
  /** The unit of copy-on-write, in sectors. */
  readonly chunkSectors: number;
  /** When exceptions become durable. */
  readonly durability: "each" | "flush";
  /** Told of a layer's events. */
  readonly onEvent: (id: number, event: TableEvent) => void;
}

/** A layer in use. */
export interface OpenLayer {
  /** Its id in the manifest. */
  readonly id: number;
  /** What it shows. */
  readonly view: MappedDevice;
  /** The device that holds its exceptions. */
  readonly cow: BlockDevice;
}

/** COW devices that are open, by layer, the lowest first. */
export type LayerDevices = ReadonlyMap<number, BlockDevice>;

/** The layers that are open. */
export class LayerStack {
  readonly #manner: LayerManner;
  readonly #layers = new Map<number, OpenLayer>();
  #origin: BlockDevice;

  /**
   * A stack on an origin, with no layer open.
   *
   * @param origin What the lowest layers lie on.
   * @param manner What all layers have in common.
   */
  constructor(origin: BlockDevice, manner: LayerManner) {
    this.#origin = origin;
    this.#manner = manner;
  }

  /** What the lowest layers lie on. */
  get origin(): BlockDevice {
    return this.#origin;
  }

  /** All open layers, in the order in which they were opened. */
  get layers(): OpenLayer[] {
    return [...this.#layers.values()];
  }

  /**
   * Whether a layer is open.
   *
   * @param id Its id.
   */
  has(id: number): boolean {
    return this.#layers.has(id);
  }

  /**
   * What a layer shows.
   *
   * @param id Its id, or `null` for the origin; it is open.
   */
  viewOf(id: number | null): BlockDevice {
    return id === null ? this.#origin : this.#layer(id).view;
  }

  /**
   * A layer's exceptions.
   *
   * @param id Its id; it is open.
   */
  tableOf(id: number): ExceptionTable {
    const [target] = this.#layer(id).view.activeTargets ?? [];
    const table = (target as SnapshotView | undefined)?.exceptions;
    assert(table !== undefined && table !== null, "an open layer has exceptions");
    return table;
  }

  /**
   * Opens a layer.
   *
   * @param id Its id.
   * @param parent What it lies on, which is open; `null` for the origin.
   * @param cow The device that holds its exceptions, or zeroes.
   */
  *open(id: number, parent: number | null, cow: BlockDevice): Plan {
    const target = yield* this.#planTarget(id, parent, cow);
    const view = new MappedDevice(`layer-${id}`);
    try {
      yield* view.load([target]);
      yield* view.resume();
    } catch (error) {
      yield* view.destroy();
      throw error;
    }
    this.#layers.set(id, { id, view, cow });
  }

  /**
   * Puts a layer on something else, under whatever lies above. What it shows must be the same there,
   * or may change: that is the caller's business.
   *
   * @param id Its id; it is open.
   * @param parent What it lies on from now on, which is open; `null` for the origin.
   */
  *move(id: number, parent: number | null): Plan {
    const { view, cow } = this.#layer(id);
    // A view that has been switched flushes what it lies on. What cannot be flushed shows here.
    yield flushStep(this.viewOf(parent));
    yield* view.suspend();
    try {
      // The store is read again from the device, so nothing may be left in memory alone.
      yield* this.tableOf(id).settle();
      yield* view.load([yield* this.#planTarget(id, parent, cow)]);
    } catch (error) {
      yield* view.resume();
      throw error;
    }
    try {
      yield* view.resume();
    } catch {
      yield* view.resume();
    }
  }

  /**
   * Puts the lowest layers on another origin, all of them or none; when that fails as well,
   * {@linkcode origin} is the new one, and what layers show cannot be relied on.
   *
   * @param origin The new one.
   * @param ids The layers that lie on it; they are open.
   */
  *moveOrigin(origin: BlockDevice, ids: readonly number[]): Plan {
    const before = this.#origin;
    this.#origin = origin;
    const moved: number[] = [];
    try {
      for (const id of ids) {
        yield* this.move(id, null);
        moved.push(id);
      }
    } catch (error) {
      this.#origin = before;
      try {
        for (const id of moved) yield* this.move(id, null);
      } catch (failure) {
        this.#origin = origin; // Some are there: the caller has to give all of them up.
        throw failure;
      }
      throw error;
    }
  }

  /**
   * Closes a layer on which no other open one lies.
   *
   * @param id Its id.
   * @returns Its COW device, which is still open.
   */
  *close(id: number): Plan<BlockDevice> {
    const { view, cow } = this.#layer(id);
    this.#layers.delete(id);
    yield* view.destroy();
    return cow;
  }

  /**
   * Verifies what can be verified without I/O.
   *
   * @throws {Error} When an invariant is broken.
   */
  check(): void {
    for (const { id } of this.layers) this.tableOf(id).check();
  }

  #layer(id: number): OpenLayer {
    const layer = this.#layers.get(id);
    assert(layer !== undefined, `layer ${id} is open`);
    return layer;
  }

  #planTarget(id: number, parent: number | null, cow: BlockDevice): Plan<SnapshotView> {
    const { sectorCount, chunkSectors, durability, onEvent } = this.#manner;
    return planSnapshot({
      origin: this.viewOf(parent),
      cow,
      sectorCount,
      store: "PO",
      chunkSectors,
      durability,
      onFailure: "refuse",
      onEvent: (event) => onEvent(id, event),
    });
  }
}

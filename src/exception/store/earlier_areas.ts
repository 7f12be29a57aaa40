/**
 * The list's end, seen from behind: a merge takes the newest exceptions, whose entries may lie in several
 * areas, and clears them all before any of it is written.
 *
 *     area    0 full    1 full        2 full          3 the last
 *             ........  ....│cleared  cleared         cleared │ never used
 *                           ^ the list's end to be
 *
 * **State**: images of areas in front of the last one, which are full: those that a merge has looked at.
 *
 * **Invariant**: an image differs from what the device holds only in what it says is dirty.
 *
 * **Failure**: reading an area may fail, and changes nothing. What is cleared is told, so that whoever
 * cannot write it can put it back.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { assert } from "../../block/errors.ts";
import { type Plan, readStep } from "../../block/plan.ts";
import { sectorsToBytes } from "../../block/units.ts";
import { AreaImage } from "./area_image.ts";
import type { AreaLayout } from "./disk_format.ts";
import type { ExceptionRun } from "./exception_store.ts";

/** Where a list of entries ends. */
export interface ListEnd {
  /** The area that has the newest entries. */
  readonly area: number;
  /** Its image. */
  readonly image: AreaImage;
  /** How many it has. */
  readonly entryCount: number;
}

/** Entries of one area that were cleared in its image. */
export interface ClearedEntries {
  readonly area: number;
  readonly image: AreaImage;
  /** The first one. */
  readonly index: number;
  /** Its new chunk. */
  readonly newChunk: number;
  /** What they were, for {@linkcode AreaImage.restore}. */
  readonly bytes: Uint8Array;
}

/** Whoever does not merge asks before each write. */
const NONE: readonly never[] = [];

/** The run of an area's entries up to one, as far back as both sides are consecutive. */
function runEndingAt(image: AreaImage, last: number): ExceptionRun {
  const oldChunk = image.oldChunk(last);
  const newChunk = image.newChunk(last);
  let count = 1;
  while (
    count <= last && image.oldChunk(last - count) === oldChunk - count &&
    image.newChunk(last - count) === newChunk - count
  ) count++;
  return { oldChunk: oldChunk - count + 1, newChunk: newChunk - count + 1, count };
}

/** Adds the newest runs of an area, until there are so many exceptions; returns how many. */
function addNewestRuns(
  image: AreaImage,
  entryCount: number,
  countMax: number,
  runs: ExceptionRun[],
): number {
  let count = 0;
  while (count < entryCount && count < countMax) {
    const run = runEndingAt(image, entryCount - count - 1);
    runs.push(run);
    count += run.count;
  }
  return count;
}

/** Images of the areas in front of the last one. */
export class EarlierAreas {
  readonly #cow: BlockDevice;
  readonly #layout: AreaLayout;
  readonly #images = new Map<number, AreaImage>();

  /**
   * None yet; does no I/O.
   *
   * @param cow The device that the areas lie on.
   * @param layout Where.
   */
  constructor(cow: BlockDevice, layout: AreaLayout) {
    this.#cow = cow;
    this.#layout = layout;
  }

  /** Those with something to be written, the oldest first. */
  get dirty(): readonly (readonly [area: number, image: AreaImage])[] {
    if (this.#images.size === 0) return NONE;
    return [...this.#images].filter(([, { isDirty }]) => isDirty)
      .sort(([one], [other]) => one - other);
  }

  /** The image of an area, which is read unless it is known. */
  *image(area: number): Plan<AreaImage> {
    const known = this.#images.get(area);
    if (known !== undefined) return known;
    const { chunkBytes, chunkSectors } = this.#layout;
    const bytes = new Uint8Array(chunkBytes);
    yield readStep(this.#cow, bytes, this.#layout.areaChunk(area) * chunkSectors);
    const image = new AreaImage(chunkBytes, sectorsToBytes(this.#cow.limits.logicalSectors));
    image.loadAll(bytes);
    this.#images.set(area, image);
    return image;
  }

  /** Forgets the images from one area on. */
  forgetFrom(area: number): void {
    for (const each of this.#images.keys()) if (each >= area) this.#images.delete(each);
  }

  /**
   * The newest runs in front of an end.
   *
   * @param end The list's end.
   * @param countMax No further run is taken once there are so many exceptions.
   * @returns Runs, the newest first; no run goes through more than one area.
   */
  *newestRuns(end: ListEnd, countMax: number): Plan<ExceptionRun[]> {
    const runs: ExceptionRun[] = [];
    let { area, image, entryCount } = end;
    for (let count = 0;;) {
      count += addNewestRuns(image, entryCount, countMax - count, runs);
      if (count >= countMax || area === 0) break;
      image = yield* this.image(--area);
      entryCount = this.#layout.entriesPerArea;
    }
    return runs;
  }

  /**
   * Clears the newest entries in their images.
   *
   * @param end The list's end.
   * @param count How many: at least one, and no more than {@linkcode newestRuns} told of.
   * @returns What they were, the oldest area first.
   */
  clearNewest(end: ListEnd, count: number): [ClearedEntries, ...ClearedEntries[]] {
    const cleared: ClearedEntries[] = [];
    let left = count;
    let { entryCount } = end;
    for (let { area } = end; left > 0; area--) {
      const image = area === end.area ? end.image : this.#images.get(area);
      assert(image !== undefined, "a merge forgets no more than it was told of");
      const index = Math.max(0, entryCount - left);
      const newChunk = image.newChunk(index);
      const bytes = image.clear(index, entryCount - index);
      cleared.unshift({ area, image, index, newChunk, bytes });
      left -= entryCount - index;
      entryCount = this.#layout.entriesPerArea;
    }
    const [oldest, ...others] = cleared;
    assert(oldest !== undefined, "a merge forgets something");
    return [oldest, ...others];
  }
}

/**
 * The world: an origin, its tree of views, and what they have in common.
 *
 * It is changed by batches of operations. While a batch runs the model stands still; then every
 * operation settles with the model, and {@linkcode World.review} compares the states of all snapshots
 * with what the model says they must, may and must not be.
 */
import { type Plan, readStep } from "../../src/block/plan.ts";
import { type BlockDevice, isSyncDevice } from "../../src/block/device.ts";
import { openOrigin } from "../../src/mapper/stack.ts";
import { Prng } from "../../src/testing/prng.ts";
import {
  type CreateDisk,
  createDisk,
  type DiskKind,
  type GrowingDisk,
  type KeptDisk,
} from "./disks.ts";
import { Stomper } from "./stomper.ts";
import * as views from "./views.ts";
import type { View } from "./views.ts";

/** How a world is. */
export interface WorldManner {
  /** Operations run one after another by the synchronous runner, or interleaved by seed. */
  readonly isInterleaved: boolean;
  readonly originKind: DiskKind;
  readonly originSectors: number;
}

/** Makes what is written to in front of a device that has snapshots. */
export type OpenFace = (raw: BlockDevice, name: string) => BlockDevice;

/** What a world is made with. */
export interface WorldParts {
  /** Makes faces that are broken on purpose. */
  readonly openFace?: OpenFace | undefined;
  /** Makes the disks. Left out: they are in memory. */
  readonly createDisk?: CreateDisk | undefined;
}

/** The manner that follows from a seed. */
export function drawManner(seed: string): WorldManner {
  const prng = Prng.fromSeed(`${seed}/world`);
  const originKind = prng.pick(["memory", "plain", "4K"] as const);
  const sectors = prng.intBetween(1, 40) * 8 + (originKind === "4K" ? 0 : prng.int(8));
  return { isInterleaved: prng.bool(0.6), originKind, originSectors: sectors };
}

/** An origin and its tree of views. */
export class World {
  readonly manner: WorldManner;
  readonly seed: string;
  /** Every view in use, parents before children. */
  views: View[] = [];
  /** What was done, in words. */
  readonly history: string[] = [];
  readonly openFace: OpenFace;
  readonly #createDisk: CreateDisk | undefined;
  readonly #disks: GrowingDisk[] = [];
  #nameCount = 0;

  constructor(seed: string, manner: WorldManner, { openFace, createDisk }: WorldParts = {}) {
    this.seed = seed;
    this.manner = manner;
    this.openFace = openFace ?? openOrigin;
    this.#createDisk = createDisk;
  }

  /** Makes the origin. */
  *begin(): Plan {
    const { originKind, originSectors } = this.manner;
    const { device } = yield* this.disk(originKind, "disk", originSectors);
    this.views.push({
      name: "origin",
      model: new Stomper(originSectors),
      depth: 0,
      parent: null,
      raw: device,
      face: this.openFace(device, "origin"),
      snapshot: null,
      children: [],
      isNewborn: false,
    });
  }

  /** Makes a disk that is closed with the world. */
  *disk(kind: DiskKind, name: string, sectorCount: number): Plan<GrowingDisk> {
    const make = this.#createDisk;
    const disk = make === undefined
      ? createDisk(kind, name, sectorCount)
      : yield* make(kind, name, sectorCount);
    this.#disks.push(disk);
    return disk;
  }

  /** A name that no view has had. */
  newName(): string {
    return `s${++this.#nameCount}`;
  }

  /** Notes that chunks of a view were written, for the snapshots that have to keep them. */
  demand(view: View, sector: number, sectorCount: number, isDone: boolean): void {
    for (const child of view.children) {
      const end = Math.min(sector + sectorCount, child.model.sectorCount);
      if (sector < end) demandChunks(child, sector, end, isDone && !child.isNewborn);
    }
    if (view.snapshot !== null) demandChunks(view, sector, sector + sectorCount, isDone);
  }

  /** Compares every snapshot's state with the model, and lets go of those that are lost. */
  *review(): Plan {
    const lost = new Set<View>();
    for (const view of this.views) {
      view.isNewborn = false;
      if (view.snapshot === null) continue;
      takeDemands(view.snapshot);
      const isTainted = view.parent !== null && lost.has(view.parent);
      if (isTainted || this.#isInvalid(view)) lost.add(view);
    }
    for (const view of [...lost].reverse()) {
      yield* this.#bury(view, !lost.has(view.parent as View));
    }
  }

  /** Reads every view whole. */
  *verify(): Plan {
    for (const view of this.views) {
      const wrong = view.model.compare(yield* views.planReadAll(view.face), 0);
      if (wrong !== null) throw new Error(`${view.name} reads wrong: ${wrong}`);
    }
  }

  /** Ends everything; what persistent stores leave behind must be right. */
  *close(): Plan {
    for (const view of [...this.views].reverse()) {
      yield* views.planClose(view.face);
      if (view.snapshot === null) {
        yield* this.#checkKept(view);
        continue;
      }
      yield* views.planClose(view.raw);
      yield* reopenDisk(view.snapshot.cow);
      yield* views.checkLeftBehind(view);
    }
    this.abandon();
  }

  /** Closes the origin's disk, finds it again, and reads what it keeps. */
  *#checkKept({ name, model }: View): Plan {
    const disk = this.#disks[0]!;
    yield* reopenDisk(disk);
    const wrong = model.compare(yield* views.planReadAll(disk.device), 0);
    if (wrong !== null) throw new Error(`${name} was closed, and its disk reads wrong: ${wrong}`);
  }

  /** Gives memory back, in whatever state everything is. Disks that are kept are their maker's. */
  abandon(): void {
    for (const { device } of this.#disks) if (isSyncDevice(device)) device.closeSync();
  }

  /** Takes a view out. */
  forget(view: View): void {
    this.views = this.views.filter((each) => each !== view);
    if (view.parent !== null) {
      view.parent.children = view.parent.children.filter((each) => each !== view);
    }
  }

  #isInvalid(view: View): boolean {
    const state = view.snapshot!;
    const status = views.statusOf(view);
    const capacity = views.capacityOf(state);
    const most = views.mostExceptionsIn(view);
    const want = (holds: boolean, what: string) => {
      if (holds) return;
      const facts = `${state.known.size} to ${most} exceptions, room for ${capacity}`;
      throw new Error(`${view.name} has status ${status}, but ${what} (${facts})`);
    };
    if (status === "Invalid") {
      want(most > capacity, "its COW device is not full");
      return true;
    }
    want(state.known.size <= capacity, "its COW device is full");
    if (status === "Overflow") {
      want(state.manner.store === "PO", "only PO overflows");
      want(state.hasOverflowed || most > capacity, "its COW device is not full");
      state.hasOverflowed = true;
    } else {
      want(!state.hasOverflowed, "it had overflowed");
      want(!state.mustRefuse, "something was refused");
      const count = views.exceptionsIn(status, state);
      want(state.known.size <= count && count <= most, `it has ${count} exceptions`);
    }
    state.mustRefuse = false;
    return false;
  }

  /** A lost view answers with EIO, or, where only its parent is lost, perhaps rightly; never wrong. */
  *#bury(view: View, isInvalid: boolean): Plan {
    const sectorBytes = view.face.limits.logicalSectors * 512;
    const bytes = new Uint8Array(sectorBytes);
    for (let at = 0; at < view.model.sectorCount; at += sectorBytes / 512) {
      try {
        yield readStep(view.face, bytes, at);
      } catch (error) {
        if ((error as { code?: string }).code === "EIO") continue;
        throw error;
      }
      if (isInvalid) throw new Error(`${view.name} is invalid, but sector ${at} can be read`);
      const wrong = view.model.compare(bytes, at);
      if (wrong !== null) throw new Error(`${view.name} lost its parent and reads wrong: ${wrong}`);
    }
    this.history.push(`  ${view.name} is ${isInvalid ? "invalid" : "orphaned"}`);
    yield* views.planClose(view.face);
    yield* views.planClose(view.raw);
    this.forget(view);
  }
}

/** Closes a disk and opens it again, if it is of those that can be found again. */
export function* reopenDisk(disk: GrowingDisk | KeptDisk): Plan {
  if ("reopen" in disk) yield* disk.reopen();
}

function demandChunks(view: View, sector: number, end: number, isDone: boolean): void {
  const { demanded, manner: { chunkSectors } } = view.snapshot!;
  const last = Math.floor((end - 1) / chunkSectors);
  for (let chunk = Math.floor(sector / chunkSectors); chunk <= last; chunk++) {
    demanded.set(chunk, isDone || demanded.get(chunk) === true);
  }
}

function takeDemands({ demanded, known, maybe }: views.SnapshotState): void {
  for (const [chunk, isCertain] of demanded) {
    if (isCertain) maybe.delete(chunk);
    if (!known.has(chunk)) (isCertain ? known : maybe).add(chunk);
  }
  demanded.clear();
}

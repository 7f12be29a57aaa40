/**
 * The lives of snapshots in the model: taken, removed, closed and opened again, grown, merged.
 */
import { allStep, type Plan, writeStep } from "../../src/block/plan.ts";
import type { MappedDevice } from "../../src/mapper/mapped_device.ts";
import type { SnapshotOptions } from "../../src/targets/snapshot_member.ts";
import { planSnapshotMerge } from "../../src/targets/snapshot_merge.ts";
import { planSnapshot } from "../../src/targets/snapshot.ts";
import { Prng } from "../../src/testing/prng.ts";
import { readCowImage } from "./cow_image.ts";
import type { Stomper } from "./stomper.ts";
import type { Operation } from "./operations.ts";
import { mustRefuse, type Prepared } from "./requests.ts";
import * as views from "./views.ts";
import type { SnapshotManner, SnapshotState, View } from "./views.ts";
import { reopenDisk, type World } from "./world.ts";

const VIEWS_MAX = 9;
const CHILDREN_MAX = 5;
const DEPTH_MAX = 3;

/** Makes a new snapshot ready; it may be taken while its parent is written. */
export function* prepareSnapshot(
  world: World,
  { draws }: Operation,
): Plan<Prepared | null> {
  const parents = world.views.filter(({ depth, children }) =>
    depth < DEPTH_MAX && children.length < CHILDREN_MAX
  );
  const parent = parents[(draws[0] ?? 0) % (parents.length || 1)];
  if (parent === undefined || parent.model.sectorCount < 8) return null;
  if (world.views.length >= VIEWS_MAX) return null;
  const prng = Prng.fromSeed(draws.join("/"));
  const state = yield* drawState(world, parent, prng);
  const unit = Math.max(parent.raw.limits.logicalSectors, state.cow.device.limits.logicalSectors);
  const cut = prng.bool(0.2) ? prng.int(parent.model.sectorCount) : 0;
  const sectorCount = Math.max(unit, Math.floor((parent.model.sectorCount - cut) / unit) * unit);
  const name = world.newName();
  const options = optionsOf(parent, state, sectorCount);
  let device: MappedDevice | null = null;
  function* open(): Plan {
    device = yield* views.planDevice(name, planSnapshot(options));
  }
  const { store, chunkSectors, durability, copyOnRead, copyOnReadPercentMax } = state.manner;
  const room = views.capacityOf(state);
  return {
    kind: "snapshot",
    text: `snapshot ${name} of ${parent.name}, ${sectorCount} sectors, ${store} ${chunkSectors} ` +
      `${durability}, room for ${room}${copyOnRead ? `, keeps ${copyOnReadPercentMax}%` : ""}`,
    plan: open(),
    touches: [],
    round: 0,
    *settle(error) {
      if (error !== null) return mustRefuse(parent, error);
      const view: View = {
        name,
        model: parent.model.fork(sectorCount),
        depth: parent.depth + 1,
        parent,
        raw: device!,
        face: world.openFace(device!, `${name}-origin`),
        snapshot: state,
        children: [],
        isNewborn: true,
      };
      parent.children.push(view);
      world.views.push(view);
    },
  };
}

function* drawState(world: World, parent: View, prng: Prng): Plan<SnapshotState> {
  const kind = prng.pick(["memory", "plain", "4K"] as const);
  const unit = Math.max(parent.raw.limits.logicalSectors, kind === "4K" ? 8 : 1);
  const chunkSectors = Math.max(unit, 2 ** prng.int(7));
  const needed = Math.ceil(parent.model.sectorCount / chunkSectors) + 4;
  const chunkCount = prng.bool(0.6) ? needed * 2 : 3 + prng.int(needed);
  const sectorCount = chunkCount * chunkSectors + (kind === "4K" ? 0 : prng.int(chunkSectors));
  const cow = yield* world.disk(kind, `cow${sectorCount}`, sectorCount);
  // Only the first sector of a new COW device must be zeroes.
  const rubbish = prng.bytes((sectorCount - unit) * 512);
  yield writeStep(cow.device, rubbish, unit);
  const manner: SnapshotManner = {
    store: prng.pick(["P", "P", "PO", "PO", "N"] as const),
    chunkSectors,
    durability: prng.pick(["each", "flush"] as const),
    discardZeroesCow: prng.bool(),
    discardPassdownOrigin: prng.bool(),
    pendingChunksMax: prng.pick([1, 3, 2048]),
    copyOnRead: prng.bool(0.4),
    copyOnReadPercentMax: prng.pick([50, 50, 100, 20]),
  };
  const none = { known: new Set<number>(), maybe: new Set<number>(), demanded: new Map() };
  return { cow, manner, ...none, hasOverflowed: false, mustRefuse: false };
}

function optionsOf(parent: View, { cow, manner }: SnapshotState, sectorCount: number) {
  const { discardZeroesCow, discardPassdownOrigin } = manner;
  return {
    ...manner,
    discardPassdownOrigin: discardZeroesCow && discardPassdownOrigin,
    origin: parent.raw,
    cow: cow.device,
    sectorCount,
  } satisfies SnapshotOptions;
}

/** A snapshot without snapshots, and its place. */
export interface Leaf {
  readonly view: View;
  readonly parent: View;
  readonly state: SnapshotState;
}

/** Picks a leaf; only one that outlives its device, if asked. */
export function pickLeaf(world: World, draw: number, isPersistent: boolean): Leaf | null {
  const leaves = world.views.flatMap((view): Leaf[] => {
    const { parent, snapshot: state, children } = view;
    if (parent === null || state === null || children.length > 0) return [];
    return isPersistent && state.manner.store === "N" ? [] : [{ view, parent, state }];
  });
  return leaves[draw % (leaves.length || 1)] ?? null;
}

/** Removes a leaf, perhaps while its parent is written. */
export function prepareRemoval(world: World, { draws }: Operation): Prepared | null {
  const leaf = pickLeaf(world, draws[0] ?? 0, false);
  if (leaf === null) return null;
  const { view } = leaf;
  function* close(): Plan {
    yield* views.planClose(view.face);
    yield* views.planClose(view.raw);
  }
  return {
    kind: "remove",
    text: `remove ${view.name}`,
    plan: close(),
    touches: [{ view, sector: 0, sectorCount: view.model.sectorCount }],
    round: 0,
    *settle(error) {
      if (error !== null) throw error;
      world.forget(view);
    },
  };
}

/** Closes a leaf and opens it again, with nothing else under way. */
export function* reopen(world: World, { draws }: Operation): Plan<string | null> {
  const leaf = pickLeaf(world, draws[0] ?? 0, true);
  if (leaf === null) return null;
  const { view, parent, state } = leaf;
  yield* views.planClose(view.face);
  yield* views.planClose(view.raw);
  yield* reopenDisk(state.cow);
  yield* views.checkLeftBehind(view);
  const options = optionsOf(parent, state, view.model.sectorCount);
  view.raw = yield* views.planDevice(view.name, planSnapshot(options));
  view.face = world.openFace(view.raw, `${view.name}-origin`);
  state.hasOverflowed = false;
  return `reopen ${view.name}`;
}

/** Makes the COW device of a leaf larger. */
export function grow(world: World, { draws }: Operation): string | null {
  const leaf = pickLeaf(world, draws[0] ?? 0, false);
  if (leaf === null) return null;
  const { cow, manner } = leaf.state;
  const sectorCount = cow.device.sectorCount + manner.chunkSectors * (1 + (draws[1] ?? 0) % 6);
  cow.grow(sectorCount);
  return `grow the COW device of ${leaf.view.name} to ${sectorCount} sectors`;
}

/**
 * Makes a merge ready: from now on the parent shows the snapshot.
 *
 * @returns What is to run beside requests to the parent, or `null` where a merge could fill up a
 * parent that is a snapshot itself.
 */
export function* prepareMerge(world: World, operation: Operation): Plan<Prepared | null> {
  const leaf = pickLeaf(world, operation.draws[0] ?? 0, true);
  if (leaf === null || !hasRoomForMerge(leaf)) return null;
  const { view, parent, state } = leaf;
  const options = optionsOf(parent, state, view.model.sectorCount);
  if (view.model.sectorCount !== parent.model.sectorCount) return null;
  yield* views.planClose(view.face);
  yield* views.planClose(parent.face);
  const merge = operation.kind === "handover"
    ? yield* handOver(view, options)
    : yield* closeAndOpen(view, options);
  parent.face = merge;
  const before = parent.model.fork();
  parent.model.become(view.model);
  world.forget(view);
  const pauses = world.manner.isInterleaved ? (operation.draws[1] ?? 0) % 3 : 0;
  return {
    kind: operation.kind,
    text: `${operation.kind} ${view.name} into ${parent.name}, pausing ${pauses} times`,
    plan: pauses > 0 ? mergeInParts(merge, pauses) : merge.background(),
    touches: [],
    round: 2,
    *settle(error) {
      if (error !== null) throw error;
      const isDone = yield* isMerged(merge, state);
      const { chunkSectors } = state.manner;
      for (const chunk of mergedChunks(view, state)) {
        const sector = chunk * chunkSectors;
        const sectorCount = Math.min(chunkSectors, parent.model.sectorCount - sector);
        world.demand(parent, sector, sectorCount, isDone && state.known.has(chunk));
      }
      yield* endMerge(world, parent, merge, isDone, before);
    },
  };
}

/** The chunks that a merge may write. */
function mergedChunks(view: View, { known, maybe, manner }: SnapshotState): Set<number> {
  const chunks = new Set([...known, ...maybe]);
  const chunkCount = Math.ceil(view.model.sectorCount / manner.chunkSectors);
  for (let chunk = 0; manner.copyOnRead && chunk < chunkCount; chunk++) chunks.add(chunk);
  return chunks;
}

function* closeAndOpen(view: View, options: SnapshotOptions): Plan<MappedDevice> {
  yield* views.planClose(view.raw);
  yield* views.checkLeftBehind(view);
  return yield* views.planDevice("merge", planSnapshotMerge(options));
}

/** The table of the snapshot goes over to the merge while both exist. */
function* handOver(view: View, options: SnapshotOptions): Plan<MappedDevice> {
  const source = view.raw as MappedDevice;
  const target = yield* planSnapshotMerge(options);
  yield* source.suspend();
  const merge = yield* views.planDevice(
    "merge",
    (function* () {
      return target;
    })(),
  );
  yield* views.planClose(source);
  return merge;
}

/** A merge that is suspended now and then, and goes on. */
function* mergeInParts(merge: MappedDevice, pauses: number): Plan {
  for (let pause = 0; pause < pauses; pause++) {
    yield allStep([merge.background(), suspendAndResume(merge)]);
  }
  yield* merge.background();
}

function* suspendAndResume(merge: MappedDevice): Plan {
  yield* merge.suspend();
  yield* merge.resume();
}

/** A parent that could fill up would make the merge fail. */
function hasRoomForMerge({ parent: { snapshot, model } }: Leaf): boolean {
  if (snapshot === null) return true;
  const chunkCount = Math.ceil(model.sectorCount / snapshot.manner.chunkSectors);
  return !snapshot.hasOverflowed && views.capacityOf(snapshot) >= chunkCount;
}

/** A merge that is done has left no exception behind, and says so unless it says it had been full. */
function* isMerged(
  merge: MappedDevice,
  { cow, hasOverflowed }: SnapshotState,
): Plan<boolean> {
  const status = merge.activeTargets?.[0]?.status() ?? "";
  const [allocated, metadata] = status.split(/\/\d+ /);
  const isEmpty = readCowImage(yield* views.planReadAll(cow.device)).entries.length === 0;
  return isEmpty && (allocated === metadata || (hasOverflowed && status === "Overflow"));
}

/** What is wrong with what a merge shows; what it stands on may be lost. */
function* wrongIn(merge: MappedDevice, parent: View): Plan<string | null> {
  let bytes: Uint8Array;
  try {
    bytes = yield* views.planReadAll(merge);
  } catch (error) {
    mustRefuse(parent, error);
    return null;
  }
  return parent.model.compare(bytes, 0);
}

/** A merge fails only into a snapshot that is lost. */
function* endMerge(
  world: World,
  parent: View,
  merge: MappedDevice,
  isDone: boolean,
  before: Stomper,
): Plan {
  if (isDone) {
    const wrong = yield* wrongIn(merge, parent);
    if (wrong !== null) throw new Error(`${parent.name} was merged and reads wrong: ${wrong}`);
  } else {
    const status = merge.activeTargets?.[0]?.status();
    if (parent.snapshot === null) throw new Error(`The merge ended with status ${status}`);
    parent.snapshot.mustRefuse = true;
    parent.model.maybeBecome(before);
  }
  yield* views.planClose(merge);
  parent.face = world.openFace(parent.raw, `${parent.name}-origin`);
}

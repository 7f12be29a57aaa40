/**
 * Requests of the model: reads, writes, zeroes, discards and flushes of a view, made ready to run and
 * settled with the model afterwards.
 */
import {
  discardStep,
  flushStep,
  type Plan,
  readStep,
  type Step,
  writeStep,
  zeroStep,
} from "../../src/block/plan.ts";
import { codeOf } from "../../src/block/errors.ts";
import { patternOf } from "../../src/testing/pattern.ts";
import type { Operation, OperationKind } from "./operations.ts";
import { mayBeKept, type View } from "./views.ts";
import type { World } from "./world.ts";

/** A stretch of a view that an operation reads or writes. */
export interface Touch {
  readonly view: View;
  readonly sector: number;
  readonly sectorCount: number;
}

/** An operation, made ready on the state that it met. */
export interface Prepared {
  readonly text: string;
  readonly kind: OperationKind;
  readonly plan: Plan<unknown>;
  /** Where it must not meet another one. */
  readonly touches: readonly Touch[];
  /** In which round it settles: after everything it depends on. */
  readonly round: 0 | 1 | 2;
  /** Tells the model. */
  settle(error: unknown): Plan;
}

function* perform(step: Step): Plan {
  yield step;
}

/** Makes a request ready. */
export function prepareRequest(world: World, operation: Operation): Prepared | null {
  switch (operation.kind) {
    case "write":
    case "zero":
      return prepareWrite(world, operation);
    case "read":
      return prepareRead(world, operation);
    case "discard":
      return prepareDiscard(world, operation);
    default:
      return prepareFlush(world, operation);
  }
}

/** A failure is right only if the view cannot be used any more. */
export function mustRefuse(view: View, error: unknown): void {
  if (view.snapshot === null || codeOf(error) !== "EIO") throw error;
  view.snapshot.mustRefuse = true;
}

function viewOf(world: World, [draw = 0]: readonly number[]): View {
  return world.views[draw % world.views.length]!;
}

/** A stretch: a few whole chunks of some size, or anything. */
function stretchOf(view: View, draws: readonly number[]): { sector: number; sectorCount: number } {
  const [, shape = 0, place = 0, length = 0] = draws;
  const unit = view.face.limits.logicalSectors;
  const size = view.model.sectorCount;
  const grain = Math.max(unit, shape % 3 === 0 ? 2 ** (Math.floor(shape / 3) % 7) : 1);
  const sector = Math.floor((place % size) / grain) * grain;
  const most = grain === unit ? 40 : 3 * grain;
  const wanted = Math.ceil((length % most + 1) / grain) * grain;
  return { sector, sectorCount: Math.min(wanted, size - sector) };
}

function prepareWrite(world: World, { number, kind, draws }: Operation): Prepared {
  const view = viewOf(world, draws);
  const { sector, sectorCount } = stretchOf(view, draws);
  const fua = (draws[4] ?? 0) % 5 === 0;
  const write = kind === "zero" ? 0 : number;
  const step = kind === "zero"
    ? zeroStep(view.face, sector, sectorCount, fua)
    : writeStep(view.face, patternOf(number, sector, sectorCount), sector, fua);
  return {
    kind,
    text: `${kind} ${view.name} ${sector}+${sectorCount}${fua ? " fua" : ""}`,
    plan: perform(step),
    touches: [{ view, sector, sectorCount }],
    round: 1,
    *settle(error) {
      const isDone = error === null;
      world.demand(view, sector, sectorCount, isDone);
      for (const child of view.children) {
        if (!child.isNewborn) continue;
        const end = Math.min(sector + sectorCount, child.model.sectorCount);
        child.model.maybeStomp(write, sector, Math.max(0, end - sector));
      }
      if (isDone) {
        if (view.snapshot?.hasOverflowed) throw new Error(`${view.name} is full, and took a write`);
        view.model.stomp(write, sector, sectorCount);
      } else {
        mustRefuse(view, error);
        view.model.maybeStomp(write, sector, sectorCount);
      }
    },
  };
}

function prepareRead(world: World, { draws }: Operation): Prepared {
  const view = viewOf(world, draws);
  const { sector, sectorCount } = stretchOf(view, draws);
  const target = new Uint8Array(sectorCount * 512);
  return {
    kind: "read",
    text: `read ${view.name} ${sector}+${sectorCount}`,
    plan: perform(readStep(view.face, target, sector)),
    touches: [{ view, sector, sectorCount }],
    round: 0,
    *settle(error) {
      if (error !== null) return mustRefuse(view, error);
      const wrong = view.model.compare(target, sector);
      if (wrong !== null) throw new Error(`${view.name} reads wrong: ${wrong}`);
    },
  };
}

function prepareFlush(world: World, { draws }: Operation): Prepared {
  const view = viewOf(world, draws);
  return {
    kind: "flush",
    text: `flush ${view.name}`,
    plan: perform(flushStep(view.face)),
    touches: [{ view, sector: 0, sectorCount: 0 }],
    round: 1,
    *settle(error) {
      if (error !== null) mustRefuse(view, error);
    },
  };
}

/** A discard goes to the snapshot itself: an origin refuses it. */
function prepareDiscard(world: World, { draws }: Operation): Prepared | null {
  const view = viewOf(world, draws);
  const { snapshot, parent, raw } = view;
  if (snapshot === null || parent === null || view.children.length > 0) return null;
  if (!snapshot.manner.discardZeroesCow || !raw.supports.discard) return null;
  const { sector, sectorCount } = stretchOf(view, draws);
  const touch = { view, sector, sectorCount };
  const passes = snapshot.manner.discardPassdownOrigin && parent.raw.supports.discard;
  if (passes && parent.snapshot !== null) return null;
  return {
    kind: "discard",
    text: `discard ${view.name} ${sector}+${sectorCount}`,
    plan: perform(discardStep(raw, sector, sectorCount)),
    touches: passes ? [touch, { ...touch, view: parent }] : [touch],
    round: 2,
    *settle(error) {
      if (error !== null) {
        mustRefuse(view, error);
        view.model.maybeStomp(0, sector, sectorCount);
        if (passes) discardBelow(world, view, touch, false);
        return;
      }
      if (snapshot.hasOverflowed) throw new Error(`${view.name} is full, and took a discard`);
      for (let at = sector; at < sector + sectorCount; at++) discardSector(view, at, passes);
      if (passes) discardBelow(world, view, touch, true);
    },
  };
}

function discardSector(view: View, at: number, passes: boolean): void {
  const { known, maybe, demanded, manner, cow } = view.snapshot!;
  const chunk = Math.floor(at / manner.chunkSectors);
  const isWhole = cow.device.supports.discard;
  const isUncertain = maybe.has(chunk) || demanded.has(chunk) ||
    (!known.has(chunk) && !passes && mayBeKept(view, chunk));
  if (isUncertain || !isWhole) view.model.maybeStomp(0, at, 1);
  else if (known.has(chunk) || passes) view.model.stomp(0, at, 1);
}

/** What was passed down is zeroed in the parent; the snapshot's siblings keep what it held. */
function discardBelow(world: World, view: View, touch: Touch, isDone: boolean): void {
  const parent = view.parent!;
  const { sector, sectorCount } = touch;
  const children = parent.children;
  parent.children = children.filter((each) => each !== view);
  world.demand(parent, sector, sectorCount, isDone);
  parent.children = children;
  if (isDone) parent.model.stomp(0, sector, sectorCount);
  else parent.model.maybeStomp(0, sector, sectorCount);
}

/**
 * Actors: sequences of requests by chance, several of which run side by side.
 */
import { allStep, type Plan } from "../../../src/block/plan.ts";
import type { Prng } from "../../../src/testing/prng.ts";
import type { Machine, View } from "../machine.ts";
import { discard, flush, read, takeSnapshot, write } from "../requests.ts";

/** What an actor does how often; what is left out it never does. */
export type Habits = Partial<
  Record<"write" | "fua" | "zero" | "flush" | "read" | "discard", number>
>;

/** How an actor goes about it. */
export interface ActorOptions {
  /** How many requests. */
  readonly count: number;
  readonly habits: Habits;
  /** The longest request, in sectors. */
  readonly sectorsMax?: number;
  /** Which views it uses, of those that are there. */
  readonly uses?: (view: View) => boolean;
}

const NEVER: Required<Habits> = { write: 0, fua: 0, zero: 0, flush: 0, read: 0, discard: 0 };

/** An actor that does requests by chance. */
export function* actor(machine: Machine, prng: Prng, options: ActorOptions): Plan {
  const { count, habits, sectorsMax = 8, uses = () => true } = options;
  for (let done = 0; done < count; done++) {
    const views = machine.usableViews.filter(uses);
    if (views.length === 0) return;
    const view = prng.pick(views);
    yield* request(machine, prng, view, prng.weighted({ ...NEVER, ...habits }), sectorsMax);
  }
}

function* request(
  machine: Machine,
  prng: Prng,
  view: View,
  kind: keyof Habits,
  sectorsMax: number,
): Plan {
  const [sector, sectorCount] = stretch(machine, prng, sectorsMax);
  switch (kind) {
    case "flush":
      return yield* flush(machine, view);
    case "read":
      return yield* read(machine, view, sector, sectorCount);
    case "discard":
      if (view.setting?.hasDiscards) yield* discard(machine, view, sector, sectorCount);
      return;
    default:
      yield* write(machine, view, sector, sectorCount, {
        fua: kind === "fua",
        isZero: kind === "zero",
      });
  }
}

/** A stretch of at most so many sectors. */
export function stretch(machine: Machine, prng: Prng, sectorsMax: number): [number, number] {
  const { originSectors } = machine.setting;
  const sector = prng.int(originSectors);
  return [sector, Math.min(prng.intBetween(1, sectorsMax), originSectors - sector)];
}

/** Takes all snapshots that are not there yet, one after another. */
export function* takeAll(machine: Machine): Plan {
  for (const view of machine.snapshots) yield* takeSnapshot(machine, view);
}

/** Plans side by side; ends with the last. */
export function* sideBySide(...plans: Plan[]): Plan {
  yield allStep(plans);
}

/** Several actors of one kind, side by side. */
export function crowd(machine: Machine, prng: Prng, actors: number, options: ActorOptions): Plan {
  return sideBySide(...Array.from({ length: actors }, () => actor(machine, prng, options)));
}

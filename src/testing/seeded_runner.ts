/**
 * The seeded runner: performs plans side by side, in an order that follows from a seed, and can cut
 * the power after any step.
 *
 * It is the third runner beside `runSync` and `runAsync`, and finds what they cannot show on demand:
 * races. A device that tells its plans (`isPlannedDevice`) is stepped into, down to the *leaf steps*:
 * requests to devices that finish at once. Between any two moves of one plan, any other may move:
 *
 *     ready ── pick ──> performs its leaf step ── pick ──> goes on to its next step
 *       │                                                    │
 *       │  wait, gate closed: not picked until it opens      │  all: waits for its own plans
 *
 * That a step is performed and that the plan hears of it are two moves: a real device, too, has done
 * its work some time before anyone is told.
 *
 * A cut leaves plans where they are: no `finally` runs, as none would. What the devices then hold is
 * theirs to say (a device that simulates power loss decides which unflushed writes survive).
 *
 * Fails: when every plan left waits at a closed gate, with an error that names what each waits for.
 * A plan that fails does not stop the others; its error is in its ending.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { isPlannedDevice, type Plan, runSync, type Step } from "../block/plan.ts";
import { Prng } from "./prng.ts";

/** How a plan ended, or that it did not. */
export type Ending =
  | { readonly state: "finished"; readonly result: unknown }
  | { readonly state: "failed"; readonly error: unknown }
  | { readonly state: "cut" };

/** What {@linkcode runSeeded} is told. */
export interface SeededRunOptions {
  /** What the order follows from. */
  readonly seed: string | number;
  /** Plans that go on beside the others; the run does not wait for them to end. */
  readonly background?: readonly Plan<unknown>[];
  /**
   * The power is cut after this many leaf steps.
   *
   * @default {Infinity}
   */
  readonly leafStepsMax?: number;
  /**
   * Whether some plans are slow: others take many steps between two of theirs, as beside a request
   * that a busy device keeps waiting.
   *
   * @default {false}
   */
  readonly isUneven?: boolean;
  /** Called before each leaf step: a log, or a fault to inject by throwing. */
  onLeafStep?(step: Step, leafStep: number): void;
}

/** What a run came to. */
export interface SeededRun {
  /** How each plan ended, in the order given. */
  readonly endings: readonly Ending[];
  /** How each background plan ended, or that it did not. */
  readonly background: readonly Ending[];
  /** Which plans finished, in the order given. */
  readonly finished: readonly boolean[];
  /** How many leaf steps were performed. To try every cut, run with 0, 1, … up to this. */
  readonly leafSteps: number;
  /** Whether the power was cut before every plan had ended. */
  readonly isCut: boolean;
}

/** The device a step is addressed to, if any. */
function deviceOf(step: Step): BlockDevice | undefined {
  return "device" in step ? step.device : undefined;
}

/** One line of execution: a plan, and above it on the stack the plans it has stepped into. */
class Strand {
  readonly stack: Plan<unknown>[];
  /** The step the topmost plan has yielded, until it is performed. */
  step: Step | undefined;
  /** For an `all` step: the strands it waits for. */
  children: Strand[] = [];
  ending: Ending | undefined;
  /** What the topmost plan will hear when it is picked next. */
  failure: { readonly error: unknown } | undefined;

  constructor(plan: Plan<unknown>) {
    this.stack = [plan];
  }

  /** Whether it can be picked. */
  get isReady(): boolean {
    if (this.ending !== undefined) return false;
    if (this.step?.kind === "wait") return this.step.gate.isOpen;
    return this.children.every((child) => child.ending !== undefined);
  }

  /** Tells the topmost plan how its step went, and takes its next step or its end. */
  resume(): void {
    const plan = this.stack.at(-1) as Plan<unknown>;
    const { failure } = this;
    this.failure = undefined;
    try {
      const next = failure === undefined ? plan.next() : plan.throw(failure.error);
      if (!next.done) {
        this.step = next.value;
        return;
      }
      this.stack.pop();
      if (this.stack.length === 0) this.ending = { state: "finished", result: next.value };
    } catch (error) {
      this.stack.pop();
      if (this.stack.length === 0) this.ending = { state: "failed", error };
      else this.failure = { error };
    }
  }

  /** Ends an `all` step: it failed if one of its plans did. */
  join(): void {
    for (const child of this.children) {
      if (child.ending?.state === "failed") this.failure ??= { error: child.ending.error };
    }
    this.children = [];
  }
}

/** How often a strand is picked, compared with others, where some are slow. */
const PACES = [1, 1, 1, 0.02];

class SeededRunner {
  readonly #prng: Prng;
  readonly #paces = new WeakMap<Strand, number>();
  readonly #options: SeededRunOptions;
  readonly #strands: Strand[];
  leafSteps = 0;

  constructor(strands: readonly Strand[], options: SeededRunOptions) {
    this.#prng = Prng.fromSeed(options.seed);
    this.#options = options;
    this.#strands = [...strands];
  }

  /** Moves one strand. Returns whether any could be moved. */
  move(): boolean {
    const ready = this.#strands.filter((strand) => strand.isReady);
    if (ready.length === 0) return false;
    const strand = this.#options.isUneven ? this.#pickByPace(ready) : this.#prng.pick(ready);
    if (strand.children.length > 0) strand.join();
    const { step } = strand;
    strand.step = undefined;
    if (step === undefined) strand.resume();
    else this.#perform(strand, step);
    if (strand.ending !== undefined) this.#strands.splice(this.#strands.indexOf(strand), 1);
    return true;
  }

  #pickByPace(ready: readonly Strand[]): Strand {
    const ends: number[] = [];
    let end = 0;
    for (const strand of ready) {
      let pace = this.#paces.get(strand);
      if (pace === undefined) this.#paces.set(strand, pace = this.#prng.pick(PACES));
      ends.push(end += pace);
    }
    const at = this.#prng.uint32() / 2 ** 32 * end;
    return ready[ends.findIndex((each) => at < each)] ?? ready[0] as Strand;
  }

  deadlock(): Error {
    const waits = this.#strands.map(({ step }) => step?.kind === "wait" ? step.why : undefined);
    return new Error(
      `Every plan waits, and none is left to open a gate: they wait for ` +
        waits.filter((why) => why !== undefined).join("; for "),
    );
  }

  #perform(strand: Strand, step: Step): void {
    if (step.kind === "wait" || step.kind === "sleep") return;
    if (step.kind === "all") {
      strand.children = step.plans.map((plan) => new Strand(plan));
      this.#strands.push(...strand.children);
      return;
    }
    const device = deviceOf(step);
    try {
      if (device !== undefined && isPlannedDevice(device)) {
        strand.stack.push(device.planStep(step));
        return;
      }
      this.#options.onLeafStep?.(step, this.leafSteps);
      this.leafSteps++;
      runSync((function* () {
        yield step;
      })());
    } catch (error) {
      strand.failure = { error };
    }
  }
}

/**
 * Performs plans side by side, in an order that follows from the seed.
 *
 * Leaf devices must be able to finish at once (`supports.sync`).
 *
 * @param plans The plans; none has been started.
 * @param options The seed, and when the power is cut.
 * @returns How each plan ended.
 * @throws {Error} When every plan waits.
 *
 * @example A race, and a cut
 * ```ts
 * import { createMemoryDevice, writeStep } from "cowdisk";
 * import { patternOf, runSeeded } from "cowdisk/testing";
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * const device = createMemoryDevice({ sectorCount: 8 });
 * function* writer(seed: number) {
 *   yield writeStep(device, patternOf(seed, 0, 1), 0);
 *   yield writeStep(device, patternOf(seed, 1, 1), 1);
 * }
 * const whole = runSeeded([writer(1), writer(2)], { seed: 7 });
 * deepEqual(whole.finished, [true, true]);
 * equal(whole.leafSteps, 4);
 * const cut = runSeeded([writer(1), writer(2)], { seed: 7, leafStepsMax: 3 });
 * equal(cut.isCut, true);
 * ```
 */
export function runSeeded(plans: readonly Plan<unknown>[], options: SeededRunOptions): SeededRun {
  const foreground = plans.map((plan) => new Strand(plan));
  const background = (options.background ?? []).map((plan) => new Strand(plan));
  const runner = new SeededRunner([...foreground, ...background], options);
  const leafStepsMax = options.leafStepsMax ?? Infinity;
  const isGoingOn = () => foreground.some((strand) => strand.ending === undefined);
  let isCut = false;
  while (isGoingOn()) {
    if (runner.leafSteps >= leafStepsMax) {
      isCut = true;
      break;
    }
    if (!runner.move()) throw runner.deadlock();
  }
  const endingOf = (strand: Strand): Ending => strand.ending ?? { state: "cut" };
  const endings = foreground.map(endingOf);
  return {
    endings,
    background: background.map(endingOf),
    finished: endings.map((ending) => ending.state === "finished"),
    leafSteps: runner.leafSteps,
    isCut,
  };
}

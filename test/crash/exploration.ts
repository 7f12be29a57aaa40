/**
 * Exploring a workload: run once, its machine's power is cut before every step, several times.
 *
 *     step 0 ─── step 1 ─── step 2 ─── … ─── the end
 *       │          │          │                │
 *       cut 0, 1   cut 0, 1   cut 0, 1         cut 0, 1      each: reboot, compare, go on, close
 *                             │
 *                             └── one of the cuts is where the next act begins: a crash after a crash
 *
 * A cut changes nothing for the machine that runs, so a workload of n steps takes n steps. Everything
 * follows from the seed, and a *place* names one crash state: `workload:seed/act.step.cut`.
 */
import type { Plan, Step } from "../../src/block/plan.ts";
import { Prng } from "../../src/testing/prng.ts";
import { runSeeded, type SeededRun } from "../../src/testing/seeded_runner.ts";
import { Fault } from "./fault.ts";
import { close, goOn, verify } from "./aftermath.ts";
import { Machine, type Setting } from "./machine.ts";
import { reboot } from "./reboot.ts";
import { goOnMerging } from "./requests.ts";

/** A script by seed. */
export interface Workload {
  readonly name: string;
  /** What must hold whenever the power goes. */
  readonly law: string;
  /** What it runs on. */
  setting(prng: Prng): Setting;
  /** What is done. After a crash it is asked again, on the machine as it was found. */
  act(machine: Machine, prng: Prng): Plan;
  /** Whether a crash now is of use to the next act. Default: at some step. */
  isTimeToCrash?(machine: Machine): boolean;
}

/** How a workload is explored; what is not said follows from the seed. */
export interface ExplorationOptions {
  readonly seed: string;
  /** How often each step is cut. Default 1. */
  readonly cutsPerStep?: number;
  /** Of the crash states, only this one. */
  readonly only?: CrashPlace;
  /** Told of every crash state, before it is tried. */
  readonly onState?: () => void;
}

/** A crash state of a workload; or the crash before the `next` act, or the `run` of the act itself. */
export interface CrashPlace {
  readonly act: number;
  readonly step: number;
  readonly cut: number | "next" | "run";
}

/** Something that must not be, and where. */
export class BrokenPromise extends Error {
  readonly place: CrashPlace;

  constructor(cause: unknown, place: CrashPlace) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.place = place;
  }
}

/** Acts are cut off, or made to fail, at a step below this. */
const STEPS_USUAL = 150;
/** More steps than any workload takes: it goes round in circles. */
const STEPS_MAX = 20_000;

/**
 * Runs a workload and tries what may be found after a cut at every step.
 *
 * @returns How many crash states were tried.
 * @throws {BrokenPromise} The first one in which something is wrong.
 */
export function explore(workload: Workload, options: ExplorationOptions): number {
  return new Exploration(workload, options).run();
}

class Exploration {
  readonly #workload: Workload;
  readonly #options: ExplorationOptions;
  #failure: BrokenPromise | null = null;
  #stateCount = 0;
  #act = 0;
  #hasFaults = false;

  constructor(workload: Workload, options: ExplorationOptions) {
    this.#workload = workload;
    this.#options = options;
  }

  run(): number {
    const { seed } = this.#options;
    const manner = Prng.fromSeed(`${seed}/manner`);
    const actCount = manner.pick([1, 2, 2, 3]);
    this.#hasFaults = manner.bool(0.2);
    const setting = this.#workload.setting(Prng.fromSeed(`${seed}/setting`));
    let machine: Machine | null = Machine.fresh(setting, seed);
    for (this.#act = 0; machine !== null; this.#act++) {
      machine = this.#perform(machine, this.#act + 1 < actCount);
    }
    return this.#stateCount;
  }

  /** Performs one act, cutting it at every step; returns the machine that the next one runs on. */
  #perform(machine: Machine, isFollowed: boolean): Machine | null {
    const prng = Prng.fromSeed(`${this.#options.seed}/${this.#act}`);
    const { isTimeToCrash } = this.#workload;
    const nextStep = prng.int(STEPS_USUAL);
    const isUneven = prng.bool();
    let next: Machine | null = null;
    const runSeed = `${this.#options.seed}/${this.#act}`;
    const plans = [this.#workload.act(machine, prng)];
    if (machine.merging !== undefined) plans.push(goOnMerging(machine));
    const fault = new Fault(
      machine,
      this.#hasFaults ? prng.int(STEPS_USUAL) : Infinity,
      prng.bool(),
    );
    const onLeafStep = (performed: Step, step: number) => {
      fault.mend();
      this.#tryCuts(machine, step);
      const isNext = isTimeToCrash?.(machine) ?? step === nextStep;
      if (isFollowed && next === null && isNext) next = this.#tryNext(machine, step);
      fault.strike(performed, step);
    };
    try {
      const run = runSeeded(plans, {
        seed: runSeed,
        isUneven,
        leafStepsMax: STEPS_MAX,
        onLeafStep,
      });
      fault.mend();
      const end = run.leafSteps;
      const place = { act: this.#act, step: end, cut: "run" } as const;
      this.#tryToEnd(run, place);
      this.#tryCuts(machine, end);
      if (isFollowed) next ??= this.#tryNext(machine, end);
      this.#attempt(place, () => {
        verify(machine);
        close(machine);
      });
      if (this.#failure !== null) throw this.#failure;
      return next;
    } catch (error) {
      (next as Machine | null)?.abandon();
      throw this.#failure ?? error;
    } finally {
      machine.abandon();
    }
  }

  /** What a run came to, if not to its end. */
  #tryToEnd({ endings, isCut }: SeededRun, place: CrashPlace): void {
    this.#attempt(place, () => {
      if (isCut) throw new Error(`It takes more than ${STEPS_MAX} steps`);
      for (const ending of endings) if (ending.state === "failed") throw ending.error;
    });
  }

  #tryCuts(machine: Machine, step: number): void {
    const { cutsPerStep = 1, only } = this.#options;
    const act = this.#act;
    if (only === undefined) {
      for (let cut = 0; cut < cutsPerStep; cut++) this.#tryCut(machine, { act, step, cut });
    } else if (only.act === act && only.step === step && typeof only.cut === "number") {
      this.#tryCut(machine, only);
    }
  }

  #tryCut(machine: Machine, place: CrashPlace): void {
    if (this.#failure !== null) return;
    this.#stateCount++;
    this.#options.onState?.();
    this.#attempt(place, () => {
      const { act, step, cut } = place;
      const prng = Prng.fromSeed(`${this.#options.seed}/${act}.${step}.${cut}`);
      const started = reboot(machine, prng);
      try {
        goOn(started, prng);
      } finally {
        started.abandon();
      }
    });
  }

  /** A crash that is not the last one. */
  #tryNext(machine: Machine, step: number): Machine | null {
    const act = this.#act;
    let next: Machine | null = null;
    this.#attempt({ act, step, cut: "next" }, () => {
      next = reboot(machine, Prng.fromSeed(`${this.#options.seed}/${act}.${step}.next`));
    });
    return next;
  }

  /** Keeps the first failure: where it happens, a plan would take it for its own. */
  #attempt(place: CrashPlace, body: () => void): void {
    if (this.#failure !== null) return;
    try {
      body();
    } catch (error) {
      this.#failure = new BrokenPromise(error, place);
    }
  }
}

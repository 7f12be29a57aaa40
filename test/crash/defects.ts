/**
 * Defects: mistakes in the order of I/O, put into the code for a while, to show that the crash rings
 * notice each of them.
 *
 * Most are put between the stack and its disks: a step is lost, or comes late. What a started machine
 * does is synchronous and stays right, so it is the crash that is judged and not the judge.
 */
import type { Plan, Step } from "../../src/block/plan.ts";
import { ExceptionTable } from "../../src/exception/exception_table.ts";
import type { ExceptionRun } from "../../src/exception/store/exception_store.ts";
import { Origin } from "../../src/targets/origin.ts";
import { Mapping } from "../../src/targets/target.ts";
import { SimulatedDisk } from "../../src/testing/simulated_disk.ts";

/** A mistake that can be put in and taken out. */
export interface Defect {
  readonly name: string;
  /** The workloads that are to catch it. */
  readonly workloads: readonly string[];
  /** Puts it in; returns how to take it out. */
  install(): () => void;
}

/** Replaces a method until it is put back. */
function replace<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  make: (right: Owner[Name]) => Owner[Name],
): () => void {
  const right = owner[name];
  owner[name] = make(right);
  return () => void (owner[name] = right);
}

/** Does something else in the place of a disk's steps, where `instead` has a plan. */
function onDisks(
  instead: (disk: SimulatedDisk, step: Step, right: (step: Step) => Plan) => Plan | null,
): () => void {
  return replace(
    SimulatedDisk.prototype,
    "planStep",
    (planStep) =>
      function (this: SimulatedDisk, step: Step): Plan {
        const right = (each: Step) => planStep.call(this, each);
        return instead(this, step, right) ?? right(step);
      },
  );
}

function* nothing(): Plan {}

const isCow = ({ name }: SimulatedDisk) => name.startsWith("cow");

/** Holds steps back until a certain one has been performed. */
function late(
  isLate: (disk: SimulatedDisk, step: Step) => boolean,
  isAwaited: (disk: SimulatedDisk, step: Step) => boolean,
): () => void {
  const held = new WeakMap<SimulatedDisk, Step[]>();
  return onDisks((disk, step, right) => {
    if (isLate(disk, step)) {
      held.set(disk, [...held.get(disk) ?? [], step]);
      return nothing();
    }
    if (!isAwaited(disk, step)) return null;
    const steps = held.get(disk) ?? [];
    held.delete(disk);
    return (function* () {
      for (const each of [step, ...steps]) yield* right(each);
    })();
  });
}

/** Loses the durability of some writes. */
function forgetful(isForgotten: (disk: SimulatedDisk, step: Step) => boolean): () => void {
  return onDisks((disk, step, right) =>
    step.kind === "write" && step.fua && isForgotten(disk, step)
      ? right({ ...step, fua: false })
      : null
  );
}

/** Loses some steps. */
function lost(isLost: (disk: SimulatedDisk, step: Step) => boolean): () => void {
  return onDisks((disk, step) => isLost(disk, step) ? nothing() : null);
}

function isHeader(step: Step): step is Step & { kind: "write" } {
  return step.kind === "write" && step.sector === 0;
}

/** Whether a write is of what a view holds, and not of a table. */
const isPattern = (step: Step) =>
  step.kind === "write" && new TextDecoder().decode(step.source.subarray(0, 4)) === "cowp";

const saysInvalid = (step: Step) => isHeader(step) && step.source[4] === 0;

export const DEFECTS: readonly Defect[] = [
  {
    name: "exceptions are committed before their data is copied",
    workloads: ["first-touch", "group-commit"],
    install: () =>
      replace(
        ExceptionTable.prototype,
        "break",
        (right) =>
          function* (
            this: ExceptionTable,
            ...[first, count, settling, fill = (run) => this.copyOut(run)]: Parameters<typeof right>
          ) {
            const runs: ExceptionRun[] = [];
            const made = yield* right.call(this, first, count, settling, function* (run) {
              runs.push(run);
            });
            for (const run of runs) yield* fill(run) ?? [];
            return made;
          },
      ),
  },
  {
    name: "a commit does not flush the data in front of its entries",
    workloads: ["first-touch", "group-commit"],
    install: () => lost((disk, { kind }) => isCow(disk) && kind === "flush"),
  },
  {
    name: "a commit is answered before its entries are durable",
    workloads: ["first-touch", "group-commit"],
    install: () => forgetful((disk, step) => isCow(disk) && !isHeader(step)),
  },
  {
    name: "the next area is zeroed after the full one was written",
    workloads: ["areas"],
    install: () =>
      late(
        (disk, step) => isCow(disk) && step.kind === "zero" && step.sector > 2,
        (disk, step) => isCow(disk) && step.kind === "write" && step.fua,
      ),
  },
  {
    name: "H1: the header of a fresh store is written before its first area is zeroed",
    workloads: ["creation"],
    install: () =>
      late(
        (disk, step) => isCow(disk) && step.kind === "zero" && step.sector <= 8,
        (disk, step) => isCow(disk) && isHeader(step),
      ),
  },
  {
    name: "H2: what a torn write left behind the end of the list is not cleared",
    workloads: ["stale-tail"],
    install: () => lost((disk, step) => isCow(disk) && step.kind === "zero" && step.sector === 3),
  },
  {
    name: "H3: an invalidation is answered before it is durable",
    workloads: ["invalidation"],
    install: () => forgetful((disk, step) => isCow(disk) && saysInvalid(step)),
  },
  {
    name: "the origin is overwritten before the exception is durable",
    workloads: ["first-touch", "siblings"],
    install: () => {
      const undo = [
        replace(
          ExceptionTable.prototype,
          "break",
          (right) =>
            function (this: ExceptionTable, ...[first, count, , fill]: Parameters<typeof right>) {
              return right.call(this, first, count, "policy", fill);
            },
        ),
        replace(ExceptionTable.prototype, "isSettled", () => () => true),
      ];
      return () => undo.forEach((each) => each());
    },
  },
  {
    name: "a merge forgets exceptions before the origin was flushed",
    workloads: ["quiet-merge"],
    install: () => lost(({ name }, { kind }) => name === "origin" && kind === "flush"),
  },
  {
    name: "a snapshot is answered before the origin was flushed",
    workloads: ["creation"],
    install: () => replace(Origin.prototype, "begin", () => function* () {}),
  },
  {
    name: "a relocation is answered before its table is durable",
    workloads: ["relocation"],
    install: () => forgetful(({ name }, step) => name === "origin" && !isPattern(step)),
  },
  {
    name: "writes do not wait for reads of a snapshot that go to the origin",
    workloads: ["reads"],
    install: () => replace(Mapping.prototype, "track", () => () => {}),
  },
];

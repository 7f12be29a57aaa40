/**
 * Copy-on-read beside everything else, by seed: reads, origin writes, snapshot writes and flushes on a
 * few chunks at once, to the end or until the power is cut, and a merge of what is left.
 *
 * Each sector of a view may hold what it held, or a write to that view; where only one write went and
 * everything ended, it must hold that one. An origin write that shows in the snapshot, or a fetch that
 * undoes a write, is neither.
 */
import process from "node:process";
import { expect, test } from "vitest";
import { flushStep, type Plan, readStep, runSync, writeStep } from "../../../src/block/plan.ts";
import type { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { planSnapshotMerge } from "../../../src/targets/snapshot_merge.ts";
import { planSnapshot } from "../../../src/targets/snapshot.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { Prng } from "../../../src/testing/prng.ts";
import { runSeeded } from "../../../src/testing/seeded_runner.ts";
import { Stomper } from "../../model/stomper.ts";
import { planDevice, type SnapshotSetUp, Stack, statusOf } from "./rig.ts";

const SECTORS = 48;
const SEEDS = 400;

/** What a view may hold, and what it must hold once everything has ended. */
class ViewModel {
  readonly possible = new Stomper(SECTORS);
  readonly #writes = new Map<number, number[]>();

  constructor() {
    this.possible.stomp(1, 0, SECTORS);
  }

  note(write: number, sector: number, sectorCount: number): void {
    this.possible.maybeStomp(write, sector, sectorCount);
    for (let at = sector; at < sector + sectorCount; at++) {
      this.#writes.set(at, [...this.#writes.get(at) ?? [], write]);
    }
  }

  /** What it must hold: the one write, or one of several. */
  ended(): Stomper {
    const ended = new Stomper(SECTORS);
    ended.stomp(1, 0, SECTORS);
    for (const [sector, [first = 1, ...others]] of this.#writes) {
      ended.stomp(first, sector, 1);
      for (const write of others) ended.maybeStomp(write, sector, 1);
    }
    return ended;
  }
}

/** A stack, and requests to it that are under way together. */
class Race {
  readonly stack = new Stack({ sectorCount: SECTORS });
  readonly cow = this.stack.cow(160);
  readonly setUp: SnapshotSetUp;
  readonly origin = new ViewModel();
  readonly snapshot = new ViewModel();
  readonly reads: { bytes: Uint8Array; sector: number; view: ViewModel }[] = [];
  readonly #prng: Prng;
  #write = 1;

  constructor(seed: string) {
    this.#prng = Prng.fromSeed(seed);
    this.setUp = {
      on: this.cow,
      chunkSectors: this.#prng.pick([2, 4, 8]),
      copyOnRead: true,
      copyOnReadPercentMax: this.#prng.pick([30, 50, 100]),
      durability: this.#prng.pick(["each", "flush"] as const),
      store: this.#prng.pick(["P", "PO"] as const),
      pendingChunksMax: this.#prng.pick([1, 2, 2048]),
    };
  }

  open(): MappedDevice {
    return runSync(planDevice("snapshot", planSnapshot(this.stack.options(this.setUp))));
  }

  /** A few requests; `device` shows the snapshot's model. */
  *plans(device: MappedDevice, isMerging: boolean): Iterable<Plan> {
    const count = this.#prng.intBetween(3, 9);
    for (let index = 0; index < count; index++) {
      const sector = this.#prng.int(SECTORS);
      const sectorCount = this.#prng.intBetween(1, Math.min(20, SECTORS - sector));
      const kind = this.#prng.weighted({ read: 5, origin: isMerging ? 0 : 3, write: 2, flush: 1 });
      if (kind === "flush") yield device.planStep(flushStep(device));
      else if (kind === "read") {
        const bytes = new Uint8Array(sectorCount * 512);
        this.reads.push({ bytes, sector, view: this.snapshot });
        yield device.planStep(readStep(device, bytes, sector));
      } else {
        const [view, to] = kind === "origin"
          ? [this.origin, this.stack.origin] as const
          : [this.snapshot, device] as const;
        const write = ++this.#write;
        view.note(write, sector, sectorCount);
        const fua = this.#prng.bool(0.2);
        yield to.planStep(writeStep(to, patternOf(write, sector, sectorCount), sector, fua));
      }
    }
  }

  checkReads(): void {
    for (const { bytes, sector, view } of this.reads) {
      const wrong = view.possible.fork().compare(bytes, sector);
      if (wrong !== null) throw new Error(`A read: ${wrong}`);
    }
  }
}

function verify(device: MappedDevice, model: Stomper): void {
  const bytes = new Uint8Array(SECTORS * 512);
  device.readSync(bytes, 0);
  const wrong = model.fork().compare(bytes, 0);
  if (wrong !== null) throw new Error(`${device.name}: ${wrong}`);
}

/** Everything ends; then the snapshot is opened again, and merged while it is used. */
function raceToTheEnd(seed: string): void {
  const race = new Race(seed);
  const device = race.open();
  const { endings } = runSeeded([...race.plans(device, false)], { seed });
  for (const ending of endings) if (ending.state === "failed") throw ending.error;
  race.checkReads();
  verify(device, race.snapshot.ended());
  verify(race.stack.origin, race.origin.ended());
  device.closeSync();
  const again = race.open();
  verify(again, race.snapshot.ended());
  again.closeSync();
  const options = race.stack.options(race.setUp);
  const merge = runSync(planDevice("merge", planSnapshotMerge(options)));
  const plans = [...race.plans(merge, true), merge.background()];
  const merged = runSeeded(plans, { seed: `${seed}/merge` });
  for (const ending of merged.endings) if (ending.state === "failed") throw ending.error;
  race.checkReads();
  expect(statusOf(merge)).toMatch(/^(\d+)\/160 \1$/);
  verify(merge, race.snapshot.possible);
  merge.closeSync();
  verify(race.stack.origin, race.snapshot.possible);
}

/** The power goes; what was not durable is lost. */
function raceToTheCut(seed: string): void {
  const race = new Race(seed);
  const device = race.open();
  const leafStepsMax = Prng.fromSeed(`${seed}/cut`).int(60);
  const plans = [...race.plans(device, false), ...race.plans(device, false)];
  runSeeded(plans, { seed, leafStepsMax });
  const { stack, cow } = race.stack.reboot(race.cow, true);
  const options = stack.options({ ...race.setUp, on: cow });
  const again = runSync(planDevice("reopened", planSnapshot(options)));
  if (statusOf(again) !== "Invalid") verify(again, race.snapshot.possible);
  verify(stack.origin, race.origin.possible);
  again.closeSync();
}

const RACES = { "to the end": raceToTheEnd, "to a power cut": raceToTheCut };

for (const [name, race] of Object.entries(RACES)) {
  test(`reads that are kept race with everything else, ${name}`, () => {
    const chosen = process.env.SEED;
    const seeds = chosen ? [chosen] : Array.from({ length: SEEDS }, (_, seed) => `${seed}`);
    for (const seed of seeds) {
      try {
        race(seed);
      } catch (cause) {
        const replay = `SEED=${seed} deno task test:unit test/unit/targets/copy_on_read_races`;
        throw new Error(`${(cause as Error).message}\nseed ${seed}; replay: ${replay}`, { cause });
      }
    }
  });
}

/**
 * Replay of write logs: an origin and a COW device over `log-writes`, and the power cut behind every
 * entry that either log has, flushes and FUA writes included.
 *
 * Requests come one after another here, so that the two logs have one common order: it is known how
 * far each had come before every step. What may happen side by side is drawn in `test/crash/`.
 *
 * A sector of a view must hold its last durable write or one that was asked for later. A write is
 * durable when it was acknowledged and then flushed, or had FUA.
 */
import { describe, expect, test } from "vitest";
import { flushStep, type Plan, runSync, writeStep } from "../../src/block/plan.ts";
import type { SyncBlockDevice } from "../../src/block/device.ts";
import { checked } from "../../src/block/checked.ts";
import { createMemoryDevice, type MemoryDevice } from "../../src/devices/memory.ts";
import type { MappedDevice } from "../../src/mapper/mapped_device.ts";
import { openMergeSync, openSnapshotSync } from "../../src/mapper/stack.ts";
import { type LogReplay, openLog } from "../../src/targets/fault/log_replay.ts";
import { createLogWrites } from "../../src/targets/fault/log_writes.ts";
import { planSnapshot } from "../../src/targets/snapshot.ts";
import { planSnapshotMerge } from "../../src/targets/snapshot_merge.ts";
import { planSnapshotOrigin } from "../../src/targets/snapshot_origin.ts";
import { patternOf } from "../../src/testing/pattern.ts";
import { Prng } from "../../src/testing/prng.ts";
import { runSeeded } from "../../src/testing/seeded_runner.ts";
import { readAll } from "../model/views.ts";
import { Stomper } from "../model/stomper.ts";
import { planDevice } from "../unit/targets/rig.ts";

const ORIGIN_SECTORS = 72;
/** Chunks of one sector: the third area is begun. */
const COW_SECTORS = 84;

/** A device whose writes are logged. */
class LoggedDisk {
  readonly disk: MemoryDevice;
  readonly device: MappedDevice;
  readonly #base: Uint8Array;
  readonly #log: MemoryDevice;

  constructor(name: string, content: Uint8Array) {
    const sectorCount = content.length / 512;
    this.#base = content.slice();
    this.disk = createMemoryDevice({ name, sectorCount, content });
    this.#log = createMemoryDevice({ name: `${name}-log`, sectorCount: 100_000 });
    const parts = { device: this.disk, logDevice: this.#log, sectorCount };
    this.device = runSync(planDevice(name, planned(() => createLogWrites(parts))));
  }

  /** How many entries the log has. */
  get entryCount(): number {
    return Number(this.device.activeTargets?.[0]?.status().split(" ")[0]);
  }

  /** A disk as it was at first, and the log from its beginning. Ends the logging. */
  beginning(): { readonly disk: MemoryDevice; readonly replay: LogReplay } {
    this.device.closeSync();
    const content = this.#base;
    return {
      disk: createMemoryDevice({ sectorCount: content.length / 512, content }),
      replay: runSync(openLog(this.#log)),
    };
  }
}

function* planned<Result>(make: () => Result): Plan<Result> {
  return make();
}

/** For every sector the writes that may be found in it, the durable one first. */
type Findings = readonly (readonly number[])[];

/** What has been promised of a view, and what has been asked for. */
class Promised {
  readonly #findings: number[][];

  /** A view that holds these writes, durably. */
  constructor(writes: readonly number[]) {
    this.#findings = writes.map((write) => [write]);
  }

  /** The write that is read from each sector while nothing is lost. */
  get now(): number[] {
    return this.#findings.map((writes) => writes.at(-1) ?? 0);
  }

  /** What may be found after a loss of power; not changed by what follows. */
  get afterLoss(): Findings {
    return this.#findings.map((writes) => writes.slice());
  }

  /** Whether one of these sectors was written and not flushed since. */
  isUnflushed(sector: number, count: number): boolean {
    return this.#findings.slice(sector, sector + count).some(({ length }) => length > 1);
  }

  asked(write: number, sector: number, count: number): void {
    for (let at = sector; at < sector + count; at++) this.#findings[at]?.push(write);
  }

  durable(write: number, sector: number, count: number): void {
    for (let at = sector; at < sector + count; at++) this.#findings[at] = [write];
  }

  flushed(): void {
    for (const [sector, write] of this.now.entries()) this.#findings[sector] = [write];
  }
}

/** A model in which every sector holds one of its writes. */
function modelOf(findings: Findings): Stomper {
  const model = new Stomper(findings.length);
  for (const [sector, [durable = 0, ...later]] of findings.entries()) {
    model.stomp(durable, sector, 1);
    for (const write of later) model.maybeStomp(write, sector, 1);
  }
  return model;
}

/** A moment before a step: how far the logs were, and what had been promised. */
interface Moment {
  readonly originEntries: number;
  readonly cowEntries: number;
  readonly phase: "creating" | "open" | "merging";
  readonly origin: Findings;
  readonly snapshot: Findings | null;
}

/** A workload on logged devices, and its moments. */
class LoggedRun {
  readonly origin = new LoggedDisk("disk", patternOf(1, 0, ORIGIN_SECTORS));
  readonly cow = new LoggedDisk("cow", wipedRubbish(COW_SECTORS));
  /** The COW device as the snapshot sees it. */
  readonly #cowFace: SyncBlockDevice;
  readonly moments: Moment[] = [];
  readonly #prng: Prng;
  readonly #durability: "each" | "flush";
  #write = 1;
  #phase: Moment["phase"] = "creating";
  readonly #originPromise: Promised;
  #snapshotPromise: Promised | null = null;

  constructor(seed: string, durability: "each" | "flush", hide = (cow: SyncBlockDevice) => cow) {
    this.#cowFace = hide(this.cow.device);
    this.#prng = Prng.fromSeed(seed);
    this.#durability = durability;
    this.#originPromise = new Promised(new Array(ORIGIN_SECTORS).fill(1));
  }

  perform(): void {
    const { endings } = runSeeded([this.#work()], { seed: 1, onLeafStep: () => this.#note() });
    const [ending] = endings;
    if (ending?.state === "failed") throw ending.error;
    this.#note();
  }

  #note(): void {
    const moment = {
      originEntries: this.origin.entryCount,
      cowEntries: this.cow.entryCount,
      phase: this.#phase,
      origin: this.#originPromise.afterLoss,
      snapshot: this.#snapshotPromise?.afterLoss ?? null,
    };
    this.moments.push(moment);
  }

  get #options() {
    return {
      origin: this.origin.device,
      cow: this.#cowFace,
      chunkSectors: 1,
      durability: this.#durability,
    };
  }

  *#work(): Plan {
    const origin = yield* planDevice(
      "origin",
      planSnapshotOrigin({ origin: this.origin.device }),
    );
    for (let count = 0; count < 4; count++) yield* this.#writeSomewhere(origin);
    const snapshot = yield* planDevice("snapshot", planSnapshot(this.#options));
    this.#originPromise.flushed(); // It begins with a flush of its origin.
    this.#snapshotPromise = new Promised(this.#originPromise.now);
    this.#phase = "open";
    for (let count = 0; count < 30; count++) {
      if (this.#prng.bool(0.2)) yield* this.#flush(this.#prng.bool() ? snapshot : origin, snapshot);
      else yield* this.#writeSomewhere(this.#prng.bool() ? snapshot : origin, snapshot);
    }
    yield* this.#flush(snapshot, snapshot);
    yield* snapshot.destroy();
    yield* origin.destroy();
    this.#phase = "merging";
    const merge = yield* planDevice("merge", planSnapshotMerge(this.#options));
    yield* merge.background();
    expect(merge.activeTargets?.[0]?.status()).toBe(`2/${COW_SECTORS} 2`);
    yield* merge.destroy();
  }

  *#writeSomewhere(device: MappedDevice, snapshot?: MappedDevice): Plan {
    const promised = this.#promiseOf(device, snapshot);
    const write = ++this.#write;
    const count = this.#prng.intBetween(1, 6);
    const sector = this.#prng.int(ORIGIN_SECTORS - count + 1);
    // In the log FUA passes what is unflushed, in Linux's as well: over the same sector the older
    // write would come later, which no disk does.
    const fua = this.#prng.bool(0.2) && !promised.isUnflushed(sector, count);
    promised.asked(write, sector, count);
    yield writeStep(device, patternOf(write, sector, count), sector, fua);
    if (fua) promised.durable(write, sector, count);
  }

  *#flush(device: MappedDevice, snapshot: MappedDevice): Plan {
    yield flushStep(device);
    this.#promiseOf(device, snapshot).flushed();
  }

  #promiseOf(device: MappedDevice, snapshot?: MappedDevice): Promised {
    const promised = device === snapshot ? this.#snapshotPromise : this.#originPromise;
    if (promised === null) throw new Error("the snapshot has been taken");
    return promised;
  }
}

function wipedRubbish(sectorCount: number): Uint8Array {
  return new Uint8Array(sectorCount * 512).fill(0xa5).fill(0, 0, 512);
}

/** A disk of its own with the same content. */
function copyOf(disk: MemoryDevice): MemoryDevice {
  return createMemoryDevice({ sectorCount: disk.sectorCount, content: readAll(disk) });
}

function verifyMoment(moment: Moment, diskNow: MemoryDevice, cowNow: MemoryDevice): void {
  const [disk, cow] = [copyOf(diskNow), copyOf(cowNow)];
  const compare = (name: string, device: MemoryDevice | MappedDevice, findings: Findings) => {
    const wrong = modelOf(findings).compare(readAll(device), 0);
    if (wrong !== null) throw new Error(`${name}: ${wrong}`);
  };
  const { phase, origin, snapshot: held } = moment;
  if (phase !== "merging") compare("the origin", disk, origin);
  const snapshot = openSnapshotSync({ origin: disk, cow, chunkSectors: 1 });
  const status = snapshot.activeTargets?.[0]?.status() ?? "";
  if (!/^\d+\/84 \d+$/.test(status)) throw new Error(`the snapshot has status ${status}`);
  if (held !== null) compare("the snapshot", snapshot, held);
  snapshot.closeSync();
  if (phase === "merging" && held !== null) {
    openMergeSync({ origin: disk, cow }).closeSync();
    compare("the merged disk", disk, held);
  }
  for (const device of [disk, cow]) device.closeSync();
}

/** Goes through all moments, with the logs replayed as far as they were; tells how many there are. */
function verifyEveryMoment(run: LoggedRun): number {
  const [origin, cow] = [run.origin.beginning(), run.cow.beginning()];
  const catchUp = ({ replay, disk }: typeof origin, entryCount: number) => {
    const entriesMax = entryCount - replay.entryIndex;
    if (entriesMax > 0) runSync(replay.replay(disk, { entriesMax }));
  };
  let last: Moment | null = null;
  let count = 0;
  for (const moment of run.moments) {
    const { originEntries, cowEntries } = moment;
    const isSame = last?.originEntries === originEntries && last.cowEntries === cowEntries &&
      last.phase === moment.phase;
    if (isSame && moment !== run.moments.at(-1)) {
      last = moment;
      continue;
    }
    // Of moments with the same logs the last one has been promised most, the first asked least.
    for (const each of last === null ? [moment] : [last, moment]) {
      catchUp(origin, each.originEntries);
      catchUp(cow, each.cowEntries);
      try {
        verifyMoment(each, origin.disk, cow.disk);
      } catch (cause) {
        const where = `behind entry ${each.originEntries} of the origin and ${each.cowEntries} ` +
          `of the COW device, ${each.phase}`;
        throw new Error(`${where}: ${(cause as Error).message}`, { cause });
      }
      count++;
    }
    last = moment;
  }
  for (const { replay, disk } of [origin, cow]) runSync(replay.replay(disk));
  for (const [replayed, live] of [[origin, run.origin], [cow, run.cow]] as const) {
    expect(readAll(replayed.disk)).toEqual(readAll(live.disk));
  }
  return count;
}

describe("behind every entry of the logs a snapshot is what it was promised to be", () => {
  test.each(["each", "flush"] as const)("durability %s", (durability) => {
    let momentCount = 0;
    for (let seed = 0; seed < 8; seed++) {
      const run = new LoggedRun(`${durability}/${seed}`, durability);
      run.perform();
      try {
        momentCount += verifyEveryMoment(run);
      } catch (cause) {
        const replay = "deno task test:unit test/history/crash_replay";
        throw new Error(`seed ${seed}: ${(cause as Error).message}; replay: ${replay}`, { cause });
      }
    }
    expect(momentCount).toBeGreaterThan(1000);
  });
});

test.each([
  ["a flush", { flush: false, fua: true }, /creating|open/],
  ["FUA", { flush: true, fua: false }, /creating|open/],
])("a COW device that does not pass on %s is caught", (_what, passes, where) => {
  const run = new LoggedRun("each/0", "each", (cow) => faceWithout(cow, passes));
  run.perform();
  expect(() => verifyEveryMoment(run)).toThrow(where);
});

/** A device that says that everything is durable. */
function faceWithout(
  below: SyncBlockDevice,
  passes: { readonly flush: boolean; readonly fua: boolean },
): SyncBlockDevice {
  return checked({
    name: below.name,
    sectorCount: below.sectorCount,
    limits: below.limits,
    supports: below.supports,
    readSync: (target, sector) => below.readSync(target, sector),
    writeSync: (source, sector, fua) => below.writeSync(source, sector, { fua: fua && passes.fua }),
    writeZeroesSync: (sector, count, fua) =>
      below.writeZeroesSync(sector, count, { fua: fua && passes.fua }),
    discardSync: (sector, count) => below.discardSync(sector, count),
    flushSync: () => {
      if (passes.flush) below.flushSync();
    },
    closeSync: () => {},
  });
}

import { describe, expect, test } from "vitest";
import {
  discardStep,
  flushStep,
  type Plan,
  readStep,
  type Step,
  writeStep,
  zeroStep,
} from "../../../src/block/plan.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { Prng } from "../../../src/testing/prng.ts";
import { runSeeded } from "../../../src/testing/seeded_runner.ts";
import { SimulatedDisk } from "../../../src/testing/simulated_disk.ts";

const COUNT = 8;

function* perform(step: Step): Plan {
  yield step;
}

function diskOf(seed: string | number = 0, logicalSectors = 1): SimulatedDisk {
  return new SimulatedDisk({ name: "disk", sectorCount: COUNT, seed, logicalSectors });
}

function stampsOf(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = "";
  for (let at = 4; at < bytes.length; at += 512) text += view.getUint32(at, true);
  return text;
}

/** Everything that cuts may leave now. */
function outcomes(disk: SimulatedDisk): Set<string> {
  const prng = Prng.fromSeed(1);
  return new Set(Array.from({ length: 200 }, () => stampsOf(disk.afterCut(prng).contents())));
}

/** All states that are seen before the leaf steps of some plans, for many seeds. */
function statesOf(plansOf: (disk: SimulatedDisk) => Plan[], logicalSectors = 1): Set<string> {
  const states = new Set<string>();
  for (let seed = 0; seed < 100; seed++) {
    const disk = diskOf(seed, logicalSectors);
    const onLeafStep = () => void states.add(stampsOf(disk.contents()));
    runSeeded(plansOf(disk), { seed, onLeafStep });
    states.add(stampsOf(disk.contents()));
  }
  return states;
}

const write = (disk: SimulatedDisk, stamp: number, fua = false) =>
  perform(writeStep(disk, patternOf(stamp, 0, COUNT), 0, fua));

describe("a cut", () => {
  test("leaves the disk as it was, and another one behind", () => {
    const disk = diskOf();
    disk.writeSync(patternOf(1, 0, COUNT), 0);
    const after = disk.afterCut(Prng.fromSeed(0), "nothing");
    expect(stampsOf(after.contents())).toBe("00000000");
    expect(after.volatileCount).toBe(0);
    expect(stampsOf(disk.contents())).toBe("11111111");
    expect(disk.volatileCount).toBe(COUNT);
    expect(after.limits).toEqual(disk.limits);
    expect(after.name).toBe(disk.name);
  });

  test("takes nothing that was flushed, or written with FUA", () => {
    const disk = diskOf();
    disk.writeSync(patternOf(1, 0, COUNT), 0);
    disk.flushSync();
    disk.writeZeroesSync(2, 1, { fua: true });
    disk.writeSync(patternOf(3, 4, 1), 4, { fua: true });
    expect(outcomes(disk)).toEqual(new Set(["11013111"]));
  });

  test("may take a discard back", () => {
    const disk = diskOf();
    disk.writeSync(patternOf(1, 0, COUNT), 0, { fua: true });
    disk.discardSync(0, COUNT);
    expect(outcomes(disk)).toContain("11111111");
    expect(outcomes(disk)).toContain("00000000");
  });

  test("is decided by its seed", () => {
    const disk = diskOf();
    disk.writeSync(patternOf(1, 0, COUNT), 0);
    const cut = () => stampsOf(disk.afterCut(Prng.fromSeed("once")).contents());
    expect(cut()).toBe(cut());
  });
});

describe("under the seeded runner", () => {
  test("a write lands whole, or in two parts, either one first", () => {
    const states = statesOf((disk) => [write(disk, 1)]);
    expect(states).toContain("11110000");
    expect(states).toContain("00001111");
    expect(states).toContain("00000000");
    for (const state of states) expect(state).toMatch(/^(0*1*|1*0*)$/);
  });

  test("parts are cut between logical blocks", () => {
    const states = statesOf((disk) => [write(disk, 1)], 4);
    expect(states).toEqual(new Set(["00000000", "11110000", "00001111", "11111111"]));
  });

  test("that a durable write is durable is a step of its own", () => {
    const seen = new Set<boolean>();
    const disk = diskOf();
    runSeeded([write(disk, 1, true)], {
      seed: 0,
      onLeafStep: () => void seen.add(disk.volatileCount > 0),
    });
    expect(seen).toContain(true);
    expect(disk.volatileCount).toBe(0);
  });

  test("a flush leaves volatile what was answered while it was under way", () => {
    const results = new Set<number>();
    for (let seed = 0; seed < 100; seed++) {
      const disk = diskOf(seed);
      const late = perform(writeStep(disk, patternOf(2, 0, 1), 0));
      runSeeded([perform(flushStep(disk)), late], { seed });
      results.add(disk.volatileCount);
    }
    expect(results).toEqual(new Set([0, 1]));
  });

  test("the bytes of a write are taken when it begins", () => {
    const disk = diskOf();
    const source = patternOf(1, 0, COUNT);
    const steps = disk.planStep(writeStep(disk, source, 0));
    const first = steps.next();
    source.fill(0);
    expect(first.done).toBe(false);
    runSeeded([
      (function* () {
        yield first.value as Step;
        yield* steps;
      })(),
    ], { seed: 0 });
    expect(stampsOf(disk.contents())).toBe("11111111");
  });

  test("every kind of request does what the faces do", () => {
    const disk = diskOf();
    const target = new Uint8Array(COUNT * 512);
    function* all(): Plan {
      yield writeStep(disk, patternOf(1, 0, COUNT), 0);
      yield zeroStep(disk, 1, 1);
      yield discardStep(disk, 2, 1);
      yield readStep(disk, target, 0);
    }
    runSeeded([all()], { seed: 0 });
    expect(stampsOf(target)).toBe("10011111");
  });

  test("a request outside the disk fails, and lands nowhere", () => {
    const disk = diskOf();
    const plan = perform(writeStep(disk, patternOf(1, 0, COUNT), 1));
    const { endings } = runSeeded([plan], { seed: 0 });
    expect(endings).toMatchObject([{ state: "failed", error: { code: "EINVAL" } }]);
    expect(disk.volatileCount).toBe(0);
  });
});

describe("broken sectors", () => {
  const fails = (body: () => void) => expect(body).toThrow(/sector 3 is broken/);

  test("fail reads that touch them, until a write mends them", () => {
    const disk = diskOf();
    disk.breakSectors(3, 1, { reads: true, writes: false });
    const sector = new Uint8Array(512);
    disk.readSync(sector, 2);
    fails(() => disk.readSync(sector, 3));
    fails(() => disk.readSync(new Uint8Array(3 * 512), 2));
    disk.writeSync(sector, 3);
    disk.readSync(sector, 3);
  });

  test("fail writes, of whose other sectors any may land", () => {
    const landed = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const disk = diskOf(seed);
      disk.breakSectors(3, 1, { reads: false, writes: true });
      fails(() => disk.writeSync(patternOf(1, 2, 3), 2));
      landed.add(stampsOf(disk.contents()));
    }
    expect(landed).toEqual(new Set(["00000000", "00100000", "00001000", "00101000"]));
  });

  test("stay broken after a cut, and can be mended", () => {
    const disk = diskOf();
    disk.breakSectors(3, 1, { reads: true, writes: true });
    const after = disk.afterCut(Prng.fromSeed(0));
    fails(() => after.readSync(new Uint8Array(512), 3));
    fails(() => after.writeSync(new Uint8Array(512), 3));
    after.breakSectors(3, 1, { reads: false, writes: false });
    after.readSync(new Uint8Array(512), 3);
  });

  test("what a failed write left behind is not made durable by FUA", () => {
    const disk = diskOf();
    disk.breakSectors(3, 1, { reads: false, writes: true });
    fails(() => disk.writeSync(patternOf(1, 0, COUNT), 0, { fua: true }));
    expect(outcomes(disk)).toContain("00000000");
  });
});

test("contents it is made with are durable, and copied", () => {
  const bytes = patternOf(1, 0, COUNT);
  const disk = new SimulatedDisk({ bytes });
  bytes.fill(0);
  expect(outcomes(disk)).toEqual(new Set(["11111111"]));
});

test("a closed disk refuses flushes and writes, also under the seeded runner", () => {
  const disk = diskOf();
  disk.closeSync();
  for (const step of [flushStep(disk), writeStep(disk, patternOf(1, 0, 1), 0)]) {
    const { endings } = runSeeded([perform(step)], { seed: 0 });
    expect(endings).toMatchObject([{ state: "failed", error: { code: "ESHUTDOWN" } }]);
  }
});

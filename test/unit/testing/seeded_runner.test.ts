import { describe, expect, test } from "vitest";
import type { BlockDevice } from "../../../src/block/device.ts";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { Gate } from "../../../src/block/gate.ts";
import {
  allStep,
  flushStep,
  type Plan,
  readStep,
  sleepStep,
  type Step,
  waitStep,
  writeStep,
} from "../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { patternOf, Prng, runSeeded } from "../../../src/testing/mod.ts";

const SECTOR = new Uint8Array(512);

function disk(): BlockDevice {
  return createMemoryDevice({ sectorCount: 64 });
}

/** A device that does every request by a plan over another, twice. */
function doubling(below: BlockDevice): BlockDevice {
  return {
    ...below,
    supports: { ...below.supports, sync: false },
    *planStep(step: Step): Plan {
      if (!("device" in step)) throw new Error("not for a device");
      yield { ...step, device: below };
      yield { ...step, device: below };
    },
  } as unknown as BlockDevice;
}

function* flushes(device: BlockDevice, count: number): Plan<number> {
  for (let flush = 0; flush < count; flush++) yield flushStep(device);
  return count;
}

/** The order in which plans a and b perform three steps each. */
function orderOf(seed: number): string {
  const order: string[] = [];
  function* plan(name: string): Plan {
    for (let step = 0; step < 3; step++) {
      yield flushStep({ ...device, flushSync: () => void order.push(name) } as BlockDevice);
    }
  }
  const device = disk();
  runSeeded([plan("a"), plan("b")], { seed });
  return order.join("");
}

describe("the order", () => {
  test("follows from the seed", () => {
    for (let seed = 0; seed < 10; seed++) expect(orderOf(seed)).toBe(orderOf(seed));
  });

  test("takes every form, over the seeds", () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 600; seed++) orders.add(orderOf(seed));
    expect(orders.size).toBe(20); // 6 over 3.
  });

  test("lets others move between a step and what its plan does next", () => {
    let seen = false;
    for (let seed = 0; seed < 50 && !seen; seed++) {
      let isPerformed = false;
      const device = {
        ...disk(),
        flushSync: () => void (isPerformed = true),
      } as unknown as BlockDevice;
      let isHeard = false;
      const performs = function* (): Plan {
        yield flushStep(device);
        isHeard = true;
      };
      const looks = function* (): Plan {
        for (let look = 0; look < 5; look++) {
          if (isPerformed && !isHeard) seen = true;
          yield sleepStep(1);
        }
      };
      runSeeded([performs(), looks()], { seed });
    }
    expect(seen).toBe(true);
  });
});

test("endings tell results from errors, in the order given", () => {
  const device = disk();
  function* fails(): Plan {
    yield readStep(device, SECTOR, 64);
  }
  const run = runSeeded([flushes(device, 3), fails(), flushes(device, 1)], { seed: 1 });
  expect(run.finished).toEqual([true, false, true]);
  expect(run.endings[0]).toEqual({ state: "finished", result: 3 });
  expect(run.endings[1]).toMatchObject({ state: "failed", error: { code: "EINVAL" } });
  expect(run.isCut).toBe(false);
  expect(run.leafSteps).toBe(5);
});

test("no plans end at once", () => {
  expect(runSeeded([], { seed: 1 })).toMatchObject({ endings: [], leafSteps: 0, isCut: false });
});

describe("a device that tells its plans", () => {
  test("is stepped into, as deep as it goes", () => {
    const device = disk();
    const source = patternOf(1, 0, 1);
    function* plan(): Plan<string> {
      yield writeStep(doubling(doubling(device)), source, 0);
      return "done";
    }
    const leaves: string[] = [];
    const run = runSeeded([plan()], {
      seed: 1,
      onLeafStep: (step, leafStep) => leaves.push(`${leafStep} ${step.kind}`),
    });
    expect(run.endings).toEqual([{ state: "finished", result: "done" }]);
    expect(leaves).toEqual(["0 write", "1 write", "2 write", "3 write"]);
  });

  test("hears of failures below it, and passes on those it does not handle", () => {
    const device = disk();
    const heard: string[] = [];
    const handling = {
      ...doubling(device),
      *planStep(step: Step): Plan {
        try {
          yield step.kind === "read" ? { ...step, device } : flushStep(device);
        } catch (error) {
          heard.push((error as BlockDeviceError).code);
          throw new BlockDeviceError("ENXIO", "Cannot go on", { cause: error });
        }
      },
    } as unknown as BlockDevice;
    function* plan(): Plan<string> {
      yield flushStep(handling);
      try {
        yield readStep(handling, SECTOR, 64);
      } catch (error) {
        return (error as BlockDeviceError).code;
      }
      return "not refused";
    }
    const run = runSeeded([plan()], { seed: 1 });
    expect(run.endings).toEqual([{ state: "finished", result: "ENXIO" }]);
    expect(heard).toEqual(["EINVAL"]);
  });
});

describe("waiting", () => {
  test("ends when another plan opens the gate", () => {
    for (let seed = 0; seed < 20; seed++) {
      const gate = new Gate();
      const waits = function* (): Plan<boolean> {
        yield waitStep(gate, "the other");
        return gate.isOpen;
      };
      const opens = function* (): Plan {
        yield sleepStep(1);
        gate.open();
      };
      const run = runSeeded([waits(), opens()], { seed });
      expect(run.endings[0]).toEqual({ state: "finished", result: true });
    }
  });

  test("for ever is an error that names what each waits for", () => {
    function* waits(why: string): Plan {
      yield waitStep(new Gate(), why);
    }
    function* waitsWithin(): Plan {
      yield allStep([waits("the copy of chunk 9")]);
    }
    const plans = [waits("the copy of chunk 7"), flushes(disk(), 2), waitsWithin()];
    expect(() => runSeeded(plans, { seed: 1 })).toThrow(
      "Every plan waits, and none is left to open a gate: they wait for " +
        "the copy of chunk 7; for the copy of chunk 9",
    );
  });
});

describe("an all step", () => {
  test("ends when all of its plans have, and fails with the first failure in order", () => {
    const device = disk();
    for (let seed = 0; seed < 20; seed++) {
      let ended = 0;
      const child = function* (flushCount: number, message?: string): Plan {
        yield* flushes(device, flushCount);
        ended++;
        if (message !== undefined) throw new Error(message);
      };
      const parent = function* (): Plan<[string, number]> {
        yield allStep([]);
        try {
          yield allStep([child(1), child(5, "first in order"), child(1, "first in time")]);
        } catch (error) {
          return [(error as Error).message, ended];
        }
        return ["", ended];
      };
      const run = runSeeded([parent()], { seed });
      expect(run.endings).toEqual([{ state: "finished", result: ["first in order", 3] }]);
    }
  });
});

describe("a power cut", () => {
  test("comes after the n-th leaf step, for every n, and no finally runs", () => {
    const total = runSeeded([flushes(disk(), 3), flushes(disk(), 3)], { seed: 5 }).leafSteps;
    expect(total).toBe(6);
    for (let leafStepsMax = 0; leafStepsMax <= total + 1; leafStepsMax++) {
      let cleanedUp = 0;
      const plan = function* (device: BlockDevice): Plan {
        try {
          yield* flushes(device, 3);
        } finally {
          cleanedUp++;
        }
      };
      const run = runSeeded([plan(disk()), plan(disk())], { seed: 5, leafStepsMax });
      expect(run.leafSteps).toBe(Math.min(leafStepsMax, total));
      expect(run.isCut).toBe(leafStepsMax <= total);
      expect(cleanedUp).toBe(run.finished.filter(Boolean).length);
      for (const [index, ending] of run.endings.entries()) {
        expect(ending.state).toBe(run.finished[index] ? "finished" : "cut");
      }
    }
  });

  test("cuts the same run at a later point: what came before is the same", () => {
    const traceOf = (leafStepsMax: number): string[] => {
      const trace: string[] = [];
      const device = disk();
      const reads = function* (base: number): Plan {
        for (let sector = 0; sector < 4; sector++) yield readStep(device, SECTOR, base + sector);
      };
      runSeeded([reads(0), reads(10), reads(20)], {
        seed: "cut",
        leafStepsMax,
        onLeafStep: (step) => trace.push(step.kind === "read" ? `${step.sector}` : step.kind),
      });
      return trace;
    };
    const whole = traceOf(Infinity);
    for (let count = 0; count <= whole.length; count++) {
      expect(traceOf(count)).toEqual(whole.slice(0, count));
    }
  });
});

test("background plans go on beside the others, and are not waited for", () => {
  const device = disk();
  let isWoken = false;
  const gate = new Gate();
  function* worker(): Plan {
    yield waitStep(gate, "work");
    isWoken = true;
    yield waitStep(new Gate(), "more work");
  }
  function* opens(): Plan {
    yield* flushes(device, 1);
    gate.open();
    yield* flushes(device, 20);
  }
  // deno-lint-ignore require-yield
  function* fails(): Plan {
    throw new Error("in the background");
  }
  const run = runSeeded([opens()], { seed: 3, background: [worker(), fails()] });
  expect(isWoken).toBe(true);
  expect(run.finished).toEqual([true]);
  expect(run.background).toMatchObject([
    { state: "cut" },
    { state: "failed", error: { message: "in the background" } },
  ]);
});

test("where some plans are slow, one can be overtaken by all of another", () => {
  const overtakings = (isUneven: boolean) => {
    let count = 0;
    for (let seed = 0; seed < 40; seed++) {
      const ended: string[] = [];
      const counted = function* (flushCount: number, name: string): Plan {
        yield* flushes(disk(), flushCount);
        ended.push(name);
      };
      runSeeded([counted(2, "short"), counted(31, "long")], { seed, isUneven });
      if (ended[0] === "long") count++;
    }
    return count;
  };
  expect(overtakings(false)).toBe(0);
  expect(overtakings(true)).toBeGreaterThan(3);
});

test("a fault can be injected before any leaf step", () => {
  const device = disk();
  const run = runSeeded([flushes(device, 3)], {
    seed: 1,
    onLeafStep(_step, leafStep) {
      if (leafStep === 1) throw new BlockDeviceError("EIO", "Cannot flush: injected");
    },
  });
  expect(run.endings).toMatchObject([{ state: "failed", error: { code: "EIO" } }]);
  expect(run.leafSteps).toBe(1);
});

test("a leaf that has only the asynchronous face cannot be run", () => {
  const device = disk();
  const slow = {
    ...device,
    name: "slow",
    supports: { ...device.supports, sync: false },
  } as unknown as BlockDevice;
  const run = runSeeded([flushes(slow, 1)], { seed: Prng.fromSeed(1).uint32() });
  expect(run.endings).toMatchObject([{ state: "failed", error: { code: "ENOTSUP" } }]);
});

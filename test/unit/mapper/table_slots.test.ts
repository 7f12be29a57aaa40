import { describe, expect, test } from "vitest";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { Gate } from "../../../src/block/gate.ts";
import { runAsync, runSync, waitStep } from "../../../src/block/plan.ts";
import { TableSlots } from "../../../src/mapper/table_slots.ts";
import { createLinear } from "../../../src/targets/linear.ts";
import type { Target } from "../../../src/targets/target.ts";
import { Bench, quiet } from "../exception/rig.ts";

/** A linear target that notes its life, and can be made to refuse. */
function noting(notes: string[], name = "it", more: Partial<Target> = {}): Target {
  const { device } = new Bench().disk("disk", 20);
  const inner = createLinear({ device, startSector: 0, sectorCount: 20 });
  const note = (what: string) => () => void notes.push(`${name} ${what}`);
  const noted = (what: string) =>
    function* () {
      notes.push(`${name} ${what}`);
    };
  return {
    type: "noting",
    sectorCount: inner.sectorCount,
    supports: inner.supports,
    limits: inner.limits,
    devices: inner.devices,
    onEvent: () => {},
    map: (request) => inner.map(request),
    planFlush: () => inner.planFlush(),
    isBusy: () => false,
    status: () => "",
    table: () => "",
    presuspend: noted("presuspend"),
    postsuspend: note("postsuspend"),
    preresume: note("preresume"),
    resume: noted("resume"),
    background: noted("background"),
    destroy: noted("destroy"),
    ...more,
  };
}

/** Slots with a table in charge. */
function slotsOf(...targets: Target[]): TableSlots {
  const slots = new TableSlots();
  runSync(slots.load(targets));
  runSync(slots.resume());
  return slots;
}

describe("switching", () => {
  test("old and new exist side by side, and the order of calls is dm's", () => {
    const notes: string[] = [];
    const slots = slotsOf(noting(notes, "old"));
    runSync(slots.load([noting(notes, "new")]));
    expect([slots.active.targets.length, slots.inactive?.targets.length]).toEqual([1, 1]);
    runSync(slots.resume());
    expect(notes).toEqual([
      "old preresume",
      "old resume",
      "old presuspend",
      "old postsuspend",
      "new preresume",
      "new resume",
      "old destroy",
    ]);
    expect([slots.inactive, slots.hasActive]).toEqual([null, true]);
  });

  test("loading twice drops the first, clearing drops it", () => {
    const notes: string[] = [];
    const slots = new TableSlots();
    runSync(slots.load([noting(notes, "first")]));
    runSync(slots.load([noting(notes, "second")]));
    expect(notes).toEqual(["first destroy"]);
    runSync(slots.clear());
    expect([notes, slots.inactive, slots.hasActive]).toEqual([
      ["first destroy", "second destroy"],
      null,
      false,
    ]);
  });

  test.each([true, false])(
    "a refusal leaves the old table in charge, suspended before: %s",
    (wasSuspended) => {
      const notes: string[] = [];
      const slots = slotsOf(noting([]));
      const preresume = () => {
        throw new BlockDeviceError("EINVAL", "not yet");
      };
      runSync(slots.load([noting(notes, "new", { preresume })]));
      if (wasSuspended) runSync(slots.suspend());
      expect(() => runSync(slots.resume())).toThrow("not yet");
      expect([slots.isSuspended, slots.inactive?.targets.length, notes]).toEqual([
        wasSuspended,
        1,
        [],
      ]);
      runSync(slots.clear());
      runSync(slots.resume());
      expect(slots.isSuspended).toBe(false);
    },
  );

  test("a device below that fails later leaves the new table, suspended, and resume tries again", () => {
    const notes: string[] = [];
    let fails = true;
    const slots = slotsOf(noting(notes, "old"));
    const young = noting(notes, "new", {
      *resume() {
        if (fails) throw new BlockDeviceError("EIO", "worn");
      },
    });
    runSync(slots.load([young]));
    expect(() => runSync(slots.resume())).toThrow("worn");
    expect([slots.isSuspended, slots.active.targets[0] === young, notes.at(-1)]).toEqual([
      true,
      true,
      "old destroy",
    ]);
    fails = false;
    runSync(slots.resume());
    expect(slots.isSuspended).toBe(false);
  });

  test("work in the background is the active table's", () => {
    const notes: string[] = [];
    const slots = slotsOf(noting(notes, "old"), noting(notes, "next"));
    runSync(slots.background());
    expect(notes.slice(-2)).toEqual(["old background", "next background"]);
  });
});

describe("requests", () => {
  test("are counted from their start to their end, however they end, and waited for", async () => {
    const slots = slotsOf(noting([]));
    const gate = new Gate();
    const request = runAsync(slots.counted((function* () {
      yield waitStep(gate, "the test");
      throw new BlockDeviceError("EIO", "worn");
    })()));
    const failure = expect(request).rejects.toThrow("worn");
    expect(slots.hasRequests).toBe(true);
    let isSuspended = false;
    const suspension = runAsync(slots.suspend()).then(() => void (isSuspended = true));
    await quiet();
    expect([isSuspended, slots.isSuspended]).toEqual([false, true]);
    gate.open();
    await Promise.all([failure, suspension]);
    expect(slots.hasRequests).toBe(false);
  });

  test("that wait for resumption go on with it, and with the end", async () => {
    for (const verb of ["resume", "destroy"] as const) {
      const slots = slotsOf(noting([]));
      runSync(slots.suspend());
      let hasGoneOn = false;
      const waiting = runAsync(slots.resumed()).then(() => void (hasGoneOn = true));
      await quiet();
      expect(hasGoneOn).toBe(false);
      await runAsync(slots[verb]());
      await waiting;
    }
  });
});

test("the end: both tables end, and what the device was able to do is still told", () => {
  const notes: string[] = [];
  const slots = slotsOf(noting(notes, "active"));
  const { supports, limits } = slots;
  runSync(slots.load([noting(notes, "inactive")]));
  runSync(slots.destroy());
  expect(notes.slice(2)).toEqual([
    "active presuspend",
    "active postsuspend",
    "active destroy",
    "inactive destroy",
  ]);
  expect([slots.hasActive, slots.inactive, slots.supports, slots.limits]).toEqual([
    false,
    null,
    supports,
    limits,
  ]);
});

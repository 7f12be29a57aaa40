import { expect, test } from "vitest";
import { planWriteBytes } from "../../../../src/block/byte_access.ts";
import { Gate } from "../../../../src/block/gate.ts";
import { flushStep, type Plan, type Step, waitStep } from "../../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";
import { PartFence, partFenceOf } from "../../../../src/nbd/transmission/part_fence.ts";
import { Prng, runSeeded } from "../../../../src/testing/mod.ts";

const SECTOR_COUNT = 8;
const device = createMemoryDevice({ sectorCount: SECTOR_COUNT });

function* oneStep(): Plan {
  yield flushStep(device);
}

/** A write that was begun, and the kind of step that it is at: its own is "flush". */
function begin(fence: PartFence, offset: number, count: number) {
  const plan = fence.planInTurn(device, offset, count, oneStep());
  let step: Step | void = plan.next().value;
  return {
    get isItsTurn(): boolean {
      if (step?.kind === "wait" && step.gate.isOpen) step = plan.next().value;
      return step?.kind === "flush";
    },
    end: () => void plan.next(),
    fail: () => expect(() => plan.throw(new Error("failed"))).toThrow("failed"),
  };
}

test("who is on a part of a block is waited for on that block, and on no other", () => {
  const fence = new PartFence();
  const part = begin(fence, 500, 1500);
  expect(part.isItsTurn).toBe(true);
  const isFree = (offset: number, count: number) => fence.isFree(device, offset, count);
  // Its first block, its last one, and what lies across.
  expect([isFree(0, 512), isFree(1536, 512), isFree(0, 2048)]).toEqual([false, false, false]);
  expect([isFree(0, 1), isFree(2040, 100)]).toEqual([false, false]);
  // The blocks that it has whole are written at once: as between any two.
  expect([isFree(512, 1024), isFree(2048, 512)]).toEqual([true, true]);
  // But not by one who reads a part of them before.
  expect(isFree(600, 1)).toBe(false);
  part.end();
  expect([isFree(0, 2048), isFree(600, 1)]).toEqual([true, true]);
});

test("a part waits for who was on its block before, and holds the block meanwhile", () => {
  const fence = new PartFence();
  const before = begin(fence, 0, 1024);
  const elsewhere = begin(fence, 2048, 512);
  const part = begin(fence, 1000, 1);
  const after = begin(fence, 512, 512);
  const all = () => [before, elsewhere, part, after].map(({ isItsTurn }) => isItsTurn);
  expect(all()).toEqual([true, true, false, false]);
  before.end();
  expect([part.isItsTurn, after.isItsTurn]).toEqual([true, false]);
  part.end();
  expect(after.isItsTurn).toBe(true);
});

test("writes of whole blocks wait for nobody", () => {
  const fence = new PartFence();
  const all = [begin(fence, 0, 1024), begin(fence, 0, 1024), begin(fence, 512, 2048)];
  expect(all.map(({ isItsTurn }) => isItsTurn)).toEqual([true, true, true]);
  expect(fence.isFree(device, 0, 4096)).toBe(true);
});

test("a write that fails leaves", () => {
  const fence = new PartFence();
  begin(fence, 1, 1).fail();
  expect(fence.isFree(device, 0, 512)).toBe(true);
  begin(fence, 0, 512).fail();
  expect(fence.isFree(device, 1, 1)).toBe(true);
});

test("a device has one fence", () => {
  const other = createMemoryDevice({ sectorCount: SECTOR_COUNT });
  expect(partFenceOf(device)).toBe(partFenceOf(device));
  expect(partFenceOf(other)).not.toBe(partFenceOf(device));
});

/** Writes side by side, in an order by seed; nothing that was written is lost, and nobody waits for ever. */
function tryWrites(seed: number): void {
  const prng = Prng.fromSeed(seed);
  const disk = createMemoryDevice({ sectorCount: SECTOR_COUNT });
  const fence = new PartFence();
  const wanted = Array.from({ length: SECTOR_COUNT * 512 }, () => new Set<number>());
  const plans = Array.from({ length: 10 }, (_, index) => {
    const isWhole = prng.bool(0.3);
    const offset = isWhole ? prng.int(SECTOR_COUNT) * 512 : prng.int(wanted.length);
    const length = isWhole ? 512 * (1 + prng.int(3)) : 1 + prng.int(1500);
    const bytes = new Uint8Array(Math.min(length, wanted.length - offset)).fill(1 + index);
    for (let at = offset; at < offset + bytes.length; at++) wanted[at]!.add(1 + index);
    return fence.planInTurn(disk, offset, bytes.length, planWriteBytes(disk, bytes, offset));
  });
  const { finished } = runSeeded(plans, { seed, isUneven: prng.bool() });
  expect(finished).toEqual(plans.map(() => true));
  const found = new Uint8Array(wanted.length);
  disk.readSync(found, 0);
  const lost = wanted.findIndex((set, at) => set.size > 0 ? !set.has(found[at]!) : found[at] !== 0);
  expect([seed, lost]).toEqual([seed, -1]);
  expect(fence.isFree(disk, 1, wanted.length - 2)).toBe(true);
}

test("in whatever order writes go on, none loses another's bytes, and all come to an end", () => {
  for (let seed = 0; seed < 300; seed++) tryWrites(seed);
});

test("a write that is performed in its turn is seen until it has ended, whole or not", async () => {
  for (const [offset, count, other] of [[0, 512, 1], [1, 1, 0]] as const) {
    const fence = new PartFence();
    const gate = new Gate();
    const plan = function* (): Plan<string> {
      yield waitStep(gate, "the test");
      return "done";
    };
    const result = fence.runInTurn(device, offset, count, plan());
    expect(fence.isFree(device, other, 512)).toBe(false);
    gate.open();
    expect(await result).toBe("done");
    expect(fence.isFree(device, other, 512)).toBe(true);
  }
});

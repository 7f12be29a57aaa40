import { describe, expect, test } from "vitest";
import type { BlockDevice } from "../../../src/block/device.ts";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { type Plan, runAsync, writeStep } from "../../../src/block/plan.ts";
import { performPlanned, performSync } from "../../../src/mapper/request.ts";
import { TargetList } from "../../../src/mapper/target_list.ts";
import { createLinear } from "../../../src/targets/linear.ts";
import type { Mapping, Target } from "../../../src/targets/target.ts";
import { ChunkFence } from "../../../src/exception/mod.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { Bench, quiet } from "../exception/rig.ts";

/** A target that answers as a test says, and is otherwise linear. */
function answering(device: BlockDevice, map: (request: Mapping) => void, isBusy = false): Target {
  const inner = createLinear({ device, startSector: 0, sectorCount: device.sectorCount });
  return Object.assign(Object.create(inner), { map, isBusy: () => isBusy }) as Target;
}

function setUp() {
  const bench = new Bench();
  const content = patternOf(1, 0, 40);
  return {
    bench,
    one: bench.disk("one", 40, { content }),
    two: bench.disk("two", 40, { content }),
  };
}

/** Performs a request both ways and returns what each left in its trace. */
async function both(
  makeList: (bench: Bench, face: "device" | "slow") => TargetList,
  kind: "read" | "write" | "zero" | "discard",
  sector: number,
  sectorCount: number,
  fua = false,
): Promise<string[]> {
  const [sync, planned] = [new Bench(), new Bench()];
  const make = () =>
    kind === "write" ? patternOf(9, sector, sectorCount) : new Uint8Array(sectorCount * 512);
  const bytes = kind === "read" || kind === "write" ? make() : null;
  performSync(makeList(sync, "device"), kind, bytes, sector, sectorCount, fua);
  const request = { kind, bytes: bytes?.slice() ?? null, sector, sectorCount, fua, isOwned: false };
  await planned.settle(runAsync(performPlanned(makeList(planned, "slow"), request)));
  const trace = sync.takeTrace();
  expect(planned.takeTrace()).toEqual(trace);
  return trace;
}

const twoDisks = (bench: Bench, face: "device" | "slow") =>
  new TargetList(
    ["one", "two"].map((name) =>
      createLinear({ device: bench.disk(name, 60)[face], startSector: 20, sectorCount: 10 })
    ),
  );

describe("a request is put to the targets it lies in, the same in both ways", () => {
  test.each([
    [0, 10, ["one write 20+10 fua"]],
    [10, 10, ["two write 20+10 fua"]],
    [9, 2, ["one write 29+1 fua", "two write 20+1 fua"]],
    [0, 20, ["one write 20+10 fua", "two write 20+10 fua"]],
    [5, 0, []],
  ])("%i+%i", async (sector, count, trace) => {
    expect(await both(twoDisks, "write", sector, count, true)).toEqual(trace);
  });

  test.each(["read", "zero", "discard"] as const)("a %s", async (kind) => {
    expect(await both(twoDisks, kind, 9, 2)).toEqual([`one ${kind} 29+1`, `two ${kind} 20+1`]);
  });

  test("bytes land where they belong, across targets", () => {
    const { one, two } = setUp();
    const list = new TargetList(
      [one, two].map(({ device }) => createLinear({ device, startSector: 0, sectorCount: 40 })),
    );
    performSync(list, "write", patternOf(9, 38, 4), 38, 4, false);
    const found = new Uint8Array(4 * 512);
    performSync(list, "read", found, 38, 4, false);
    expect(found).toEqual(patternOf(9, 38, 4));
    expect(one.bytes.subarray(38 * 512)).toEqual(patternOf(9, 38, 2));
    expect(two.bytes.subarray(0, 1024)).toEqual(patternOf(9, 40, 2));
  });
});

describe("answers", () => {
  test("for a part: the target is asked again for the rest", async () => {
    const asked: string[] = [];
    const list = (bench: Bench, face: "device" | "slow") => {
      const device = bench.disk("disk", 40)[face];
      return new TargetList([answering(device, (request) => {
        asked.push(`${request.sector}+${request.sectorCount}`);
        request.remap(device, request.sector, Math.min(3, request.sectorCount));
      })]);
    };
    expect(await both(list, "write", 1, 8)).toEqual([
      "disk write 1+3",
      "disk write 4+3",
      "disk write 7+2",
    ]);
    // The planned way asks once more, after it has made the bytes its own.
    expect(asked).toEqual(["1+8", "4+5", "7+2", "1+8", "1+8", "4+5", "7+2"]);
  });

  test("ended: those sectors need nothing", async () => {
    const list = (bench: Bench, face: "device" | "slow") =>
      new TargetList([
        answering(bench.disk("disk", 40)[face], (request) => request.end(request.sectorCount)),
      ]);
    expect(await both(list, "discard", 0, 40)).toEqual([]);
  });

  test("planned: the plan is performed; one that tells 0 is followed by another question", async () => {
    const list = (bench: Bench, face: "device" | "slow") => {
      const device = bench.disk("disk", 40)[face];
      let isReady = false;
      function* prepare(): Plan<number> {
        yield writeStep(device, new Uint8Array(512), 39);
        isReady = true;
        return 0;
      }
      return new TargetList([answering(device, (request) => {
        if (!isReady) request.submit(prepare());
        else request.remap(device, request.sector, request.sectorCount);
      })]);
    };
    expect(await both(list, "write", 3, 4)).toEqual(["disk write 39+1", "disk write 3+4"]);
  });

  test("thrown: the request fails, with what was thrown", async () => {
    const { one } = setUp();
    const list = new TargetList([answering(one.device, () => {
      throw new BlockDeviceError("EIO", "killed");
    })]);
    expect(() => performSync(list, "read", new Uint8Array(512), 0, 1, false)).toThrow("killed");
    const request = {
      kind: "zero",
      bytes: null,
      sector: 0,
      sectorCount: 1,
      fua: false,
      isOwned: true,
    } as const;
    await expect(runAsync(performPlanned(list, { ...request }))).rejects.toThrow("killed");
  });
});

describe("the bytes of a write are taken at the call", () => {
  test.each(["at once, by the device", "by a copy, when the answer is a plan or a part"])(
    "%s",
    async (how) => {
      const { bench, one } = setUp();
      const map = (request: Mapping) =>
        request.remap(
          one.slow,
          request.sector,
          how.startsWith("at once") ? request.sectorCount : 1,
        );
      const list = new TargetList([answering(one.slow, map)]);
      const bytes = patternOf(9, 0, 4);
      const request = {
        kind: "write",
        bytes,
        sector: 0,
        sectorCount: 4,
        fua: false,
        isOwned: false,
      } as const;
      const work = runAsync(performPlanned(list, { ...request }));
      await quiet();
      bytes.fill(0xdd);
      await bench.settle(work);
      expect(one.bytes.subarray(0, 4 * 512)).toEqual(patternOf(9, 0, 4));
    },
  );
});

test("what is kept track of is inside its fence from the answer to the end of its I/O", async () => {
  const { bench, one } = setUp();
  const fence = new ChunkFence();
  const list = new TargetList([answering(one.slow, (request) => {
    request.remap(one.slow, request.sector, request.sectorCount);
    request.track(fence, 4, 6);
  })]);
  for (const fails of [false, true]) {
    bench.fault = () => fails;
    const request = {
      kind: "read",
      bytes: new Uint8Array(512),
      sector: 0,
      sectorCount: 1,
      fua: false,
      isOwned: true,
    } as const;
    const work = runAsync(performPlanned(list, { ...request })).catch(() => {});
    expect([fence.isOccupied(4, 4), fence.isOccupied(6, 6)]).toEqual([true, true]);
    await bench.settle(work);
    expect(fence.isEmpty).toBe(true);
  }
});

test("a synchronous request that changes something is refused while a target is busy, before any part", () => {
  const { bench, one, two } = setUp();
  const list = new TargetList([
    createLinear({ device: one.device, startSector: 0, sectorCount: 40 }),
    answering(two.device, (request) => request.remap(two.device, 0, request.sectorCount), true),
  ]);
  for (const kind of ["write", "zero", "discard"] as const) {
    const bytes = kind === "write" ? new Uint8Array(1024) : null;
    expect(() => performSync(list, kind, bytes, 39, 2, false)).toThrow(
      expect.objectContaining({ code: "EAGAIN" }),
    );
  }
  expect(bench.takeTrace()).toEqual([]);
  performSync(list, "read", new Uint8Array(1024), 39, 2, false);
});

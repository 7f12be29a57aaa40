import { describe, expect, test } from "vitest";
import type { BlockDevice } from "../../../src/block/device.ts";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { Gate } from "../../../src/block/gate.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import {
  allStep,
  discardStep,
  flushStep,
  isPlannedDevice,
  performInKernel,
  type Plan,
  readStep,
  runAsync,
  runSync,
  sleepStep,
  type Step,
  waitStep,
  writeStep,
  zeroStep,
} from "../../../src/block/plan.ts";

/** A device that writes down what it is asked, on whichever face, and fails where it is told to. */
function recorder(name = "disk", badSector = -1) {
  const log: string[] = [];
  const note = (request: string, sector = 0) => {
    log.push(request);
    if (sector === badSector) throw new BlockDeviceError("EIO", `Cannot ${request}: it is bad`);
  };
  const fua = (options?: { fua?: boolean }) => options?.fua ? " fua" : "";
  const sync = {
    readSync: (target: Uint8Array, at: number) => note(`read ${at}+${target.length}`, at),
    writeSync: (source: Uint8Array, at: number, options?: { fua?: boolean }) =>
      note(`write ${at}+${source.length}${fua(options)}`, at),
    writeZeroesSync: (at: number, count: number, options?: { fua?: boolean }) =>
      note(`zero ${at}+${count}${fua(options)}`, at),
    discardSync: (at: number, count: number) => note(`discard ${at}+${count}`, at),
    flushSync: () => note("flush"),
  };
  const later = Object.fromEntries(
    Object.entries(sync).map(([method, run]) => [
      method.slice(0, -4),
      async (...request: never[]) => {
        await null;
        (run as (...request: never[]) => void)(...request);
      },
    ]),
  );
  const device = { name, supports: { sync: true }, ...sync, ...later } as unknown as BlockDevice;
  return { device, log };
}

function asyncOnly(device: BlockDevice): BlockDevice {
  return { ...device, supports: { ...device.supports, sync: false } };
}

const SECTOR = new Uint8Array(512);

function* everyStep(device: BlockDevice): Plan<string> {
  yield readStep(device, SECTOR, 1);
  yield writeStep(device, SECTOR, 2);
  yield writeStep(device, SECTOR, 3, true);
  yield zeroStep(device, 4, 8);
  yield zeroStep(device, 5, 8, true);
  yield discardStep(device, 6, 8);
  yield flushStep(device);
  return "done";
}

const EVERY_REQUEST = [
  "read 1+512",
  "write 2+512",
  "write 3+512 fua",
  "zero 4+8",
  "zero 5+8 fua",
  "discard 6+8",
  "flush",
];

describe("both runners", () => {
  const runners: [string, <Result>(plan: Plan<Result>) => Promise<Result>][] = [
    ["runSync", (plan) => Promise.resolve().then(() => runSync(plan))],
    ["runAsync", runAsync],
  ];
  for (const [name, run] of runners) {
    test(`${name} performs every step in order, and returns the plan's result`, async () => {
      const { device, log } = recorder();
      expect(await run(everyStep(device))).toBe("done");
      expect(log).toEqual(EVERY_REQUEST);
    });

    test(`${name} throws a step's failure into the plan, which may go on`, async () => {
      const { device, log } = recorder("disk", 7);
      const heard: unknown[] = [];
      function* plan(): Plan<number> {
        try {
          yield readStep(device, SECTOR, 7);
        } catch (error) {
          heard.push(error);
          yield readStep(device, SECTOR, 8);
        }
        return 1;
      }
      expect(await run(plan())).toBe(1);
      expect(heard).toEqual([expect.objectContaining({ code: "EIO" })]);
      expect(log).toEqual(["read 7+512", "read 8+512"]);
    });

    test(`${name} lets out what the plan lets through, after its finally`, async () => {
      const { device, log } = recorder("disk", 7);
      function* plan(): Plan {
        try {
          yield readStep(device, SECTOR, 7);
        } finally {
          yield flushStep(device);
        }
      }
      await expect(run(plan())).rejects.toMatchObject({ code: "EIO" });
      expect(log).toEqual(["read 7+512", "flush"]);
    });

    test(`${name} tells undefined that was thrown from nothing that was thrown`, async () => {
      const device = {
        supports: { sync: true },
        flushSync() {
          throw undefined;
        },
        flush: () => Promise.reject(undefined),
      } as unknown as BlockDevice;
      let caught = 0;
      function* plan(): Plan {
        try {
          yield flushStep(device);
        } catch {
          caught++;
        }
      }
      await run(plan());
      expect(caught).toBe(1);
    });

    test(`${name} goes through a gate that is open`, async () => {
      const gate = new Gate();
      gate.open();
      function* plan(): Plan<string> {
        yield waitStep(gate, "nothing");
        return "through";
      }
      expect(await run(plan())).toBe("through");
    });

    test(`${name} runs the plans of an all step, and none is left out of no plans`, async () => {
      const { device, log } = recorder();
      function* read(sector: number): Plan {
        yield readStep(device, SECTOR, sector);
      }
      function* plan(): Plan<string> {
        yield allStep([]);
        yield allStep([read(1), read(2)]);
        return "both";
      }
      expect(await run(plan())).toBe("both");
      expect(log).toEqual(["read 1+512", "read 2+512"]);
    });
  }
});

test("a synchronous run that would have to wait fails with EAGAIN and says for what", () => {
  function* plan(): Plan {
    yield waitStep(new Gate(), "the copy of chunk 7");
  }
  expect(() => runSync(plan())).toThrow(expect.objectContaining({
    code: "EAGAIN",
    message: "A synchronous call would have to wait for the copy of chunk 7",
  }));
});

test("a synchronous run refuses a device that has only the asynchronous face", () => {
  const { device, log } = recorder("slow");
  expect(() => runSync(everyStep(asyncOnly(device)))).toThrow(expect.objectContaining({
    code: "ENOTSUP",
    device: "slow",
  }));
  expect(log).toEqual([]);
});

test("an asynchronous run begins before its call returns", () => {
  let hasBegun = false;
  function* plan(): Plan {
    hasBegun = true;
    yield waitStep(new Gate(), "ever");
  }
  runAsync(plan());
  expect(hasBegun).toBe(true);
});

test("an asynchronous run waits until the gate opens", async () => {
  const gate = new Gate();
  let isThrough = false;
  function* plan(): Plan {
    yield waitStep(gate, "the test");
    isThrough = true;
  }
  const run = runAsync(plan());
  for (let turn = 0; turn < 5; turn++) await null;
  expect(isThrough).toBe(false);
  gate.open();
  await run;
  expect(isThrough).toBe(true);
});

test("the plans of an asynchronous all step are under way together", async () => {
  const gate = new Gate();
  function* waits(): Plan {
    yield waitStep(gate, "the other");
  }
  // deno-lint-ignore require-yield
  function* opens(): Plan {
    gate.open();
  }
  function* plan(): Plan {
    yield allStep([waits(), opens()]);
  }
  await runAsync(plan());
});

test("an all step fails with its first failure in order, once all of its plans have ended", async () => {
  const { device, log } = recorder("disk", 7);
  function* slow(): Plan {
    yield flushStep(device);
    yield flushStep(device);
    throw new Error("first in order, last in time");
  }
  function* quick(): Plan {
    yield readStep(device, SECTOR, 7);
  }
  function* plan(): Plan {
    yield allStep([slow(), quick()]);
  }
  await expect(runAsync(plan())).rejects.toThrow("first in order, last in time");
  expect(log).toEqual(["flush", "read 7+512", "flush"]);
});

test("a sleep lets time pass by the clock it is given, and a synchronous run does not sleep", async () => {
  const slept: number[] = [];
  const clock = {
    nowMs: () => 0,
    sleep: (timeMs: number) => Promise.resolve(void slept.push(timeMs)),
  };
  function* plan(): Plan<string> {
    yield sleepStep(20);
    return "awake";
  }
  expect(await runAsync(plan(), clock)).toBe("awake");
  expect(runSync(plan())).toBe("awake");
  expect(slept).toEqual([20]);
});

test("a device is planned if it can tell the plan of a step", () => {
  const { device } = recorder();
  expect(isPlannedDevice(device)).toBe(false);
  const planned = { ...device, *planStep(_step: Step): Plan {} };
  expect(isPlannedDevice(planned)).toBe(true);
});

describe("a step that is performed where it stands", () => {
  test("is one to kernel memory: it is done when that is told, and a refusal is thrown", () => {
    const disk = createMemoryDevice({ sectorCount: 8 });
    expect(performInKernel(writeStep(disk, new Uint8Array(512).fill(7), 3))).toBe(true);
    const sector = new Uint8Array(512);
    expect(performInKernel(readStep(disk, sector, 3))).toBe(true);
    expect(sector[511]).toBe(7);
    expect(performInKernel(zeroStep(disk, 3, 1))).toBe(true);
    expect(performInKernel(flushStep(disk))).toBe(true);
    disk.readSync(sector, 3);
    expect(sector[511]).toBe(0);
    expect(() => performInKernel(readStep(disk, sector, 8))).toThrow("Cannot read");
  });

  test("and no other: nothing is done, and the plan has to yield it", () => {
    const { device, log } = recorder();
    expect(performInKernel(flushStep(device))).toBe(false);
    expect(performInKernel(waitStep(new Gate(), "anything"))).toBe(false);
    expect(performInKernel(allStep([]))).toBe(false);
    expect(log).toEqual([]);
  });
});

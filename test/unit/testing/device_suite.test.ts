import { expect, test } from "vitest";
import { type AsyncImplementation, checked } from "../../../src/block/checked.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import {
  deviceClauses,
  deviceSuite,
  type DeviceSuiteOptions,
} from "../../../src/testing/device_suite.ts";

type Body = () => void | Promise<void>;

/** Collects a suite's tests instead of running them. */
async function collect(
  options: Omit<DeviceSuiteOptions, "test">,
  skip: "skip" | "ignore" = "skip",
) {
  const tests = new Map<string, Body>();
  const skipped: string[] = [];
  const runner = Object.assign((name: string, body: Body) => void tests.set(name, body), {
    [skip]: (name: string) => void skipped.push(name),
  });
  await deviceSuite({ ...options, test: runner });
  return { tests, skipped };
}

test("laws are sentences, and no two the same", () => {
  const laws = deviceClauses.map(({ law }) => law);
  expect(new Set(laws).size).toBe(laws.length);
  for (const law of laws) expect(law).toMatch(/^[a-z].{20,}[^.]$/);
});

test("every law is either tried or reported as skipped, under vitest and under Deno", async () => {
  for (const skip of ["skip", "ignore"] as const) {
    const create = (sectorCount: number) => createMemoryDevice({ sectorCount });
    const { tests, skipped } = await collect({ create }, skip);
    expect(tests.size + skipped.length).toBe(deviceClauses.length);
    for (const name of skipped) expect(name).toMatch(/ \(skipped: .+\)$/);
  }
});

test("every clause gets fresh devices, one for each size and face, and disposes of them", async () => {
  const log: string[] = [];
  const { tests } = await collect({
    sectorCounts: [1, 7],
    create(sectorCount) {
      const device = createMemoryDevice({ sectorCount });
      log.push(`create ${sectorCount}`);
      return {
        device,
        check: (checkedDevice) => void log.push(checkedDevice === device ? "check" : "another"),
        cleanup: () => void log.push(device.usedBytes === 0 ? "cleanup" : "not closed"),
      };
    },
  });
  log.length = 0;
  await tests.get("closing twice is no mistake")!();
  const one = (size: number) => [`create ${size}`, "check", "cleanup"];
  expect(log).toEqual([...one(1), ...one(1), ...one(7), ...one(7)]);
});

test("a failure names the law, the size, the face and the seed, and still disposes", async () => {
  let open = 0;
  const { tests } = await collect({
    seed: "commit",
    sectorCounts: [7],
    create(sectorCount) {
      open++;
      return {
        device: createMemoryDevice({ sectorCount }),
        check() {
          throw new Error("the bitmap is wrong");
        },
        cleanup: () => void open--,
      };
    },
  });
  await expect(tests.get("closing twice is no mistake")!()).rejects.toThrow(
    "It does not hold that closing twice is no mistake: the bitmap is wrong " +
      '(7 sectors, asynchronous face, seed "commit")',
  );
  expect(open).toBe(0);
});

test("laws on sizes that were not asked for, or faces that are not there, are skipped", async () => {
  const implementation: AsyncImplementation = {
    name: "empty",
    sectorCount: 0,
    supports: { write: true, discard: false, discardZeroes: false, permanence: false },
    read: () => Promise.resolve(),
    write: () => Promise.resolve(),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const { skipped } = await collect({
    sectorCounts: [0],
    create: () => checked(implementation),
  });
  expect(skipped).toContain(
    "a synchronous method never returns a promise (skipped: the device has no synchronous face)",
  );
  expect(skipped).toContain(
    "a write with FUA is a write (skipped: no size of 1 sectors or more was asked for)",
  );
});

import { describe, expect, test } from "vitest";
import { checked, type SyncImplementation } from "../../../src/block/checked.ts";
import { isKernelMemoryDevice, isSyncDevice } from "../../../src/block/device.ts";

function plain(overrides: Partial<SyncImplementation> = {}) {
  const log: string[] = [];
  const implementation: SyncImplementation = {
    name: "plain",
    sectorCount: 1000,
    supports: { write: true, discard: false, discardZeroes: false, permanence: false },
    readSync: (target, sector) => void log.push(`read ${sector}+${target.length / 512}`),
    writeSync: (source, sector, fua) =>
      void log.push(`write ${sector}+${source.length / 512}${fua ? " fua" : ""}`),
    flushSync: () => void log.push("flush"),
    closeSync: () => void log.push("close"),
    ...overrides,
  };
  return { implementation, log };
}

test("limits and supports are filled in, and cannot be changed", () => {
  const device = checked(plain().implementation);
  expect(device.limits).toEqual({ logicalSectors: 1, preferredSectors: 8 });
  expect(device.supports.sync).toBe(true);
  expect(Object.isFrozen(device.limits) && Object.isFrozen(device.supports)).toBe(true);
  expect(isSyncDevice(device)).toBe(true);
  expect(isKernelMemoryDevice(device)).toBe(false);
});

test("a synchronous write never has to wait, not even for a flush under way", async () => {
  const flush = Promise.withResolvers<void>();
  const device = checked(plain({ flush: () => flush.promise }).implementation);
  const flushing = device.flush();
  expect(device.isBusy).toBe(false);
  device.writeSync(new Uint8Array(512), 0);
  flush.resolve();
  await flushing;
});

test("zeroes are written in pieces of 64 KiB by a device that knows no better way", () => {
  const { implementation, log } = plain();
  checked(implementation).writeZeroesSync(1, 300, { fua: true });
  expect(log).toEqual(["write 1+128 fua", "write 129+128 fua", "write 257+44 fua"]);
});

test("nothing reaches an implementation that the edge has refused", async () => {
  const { implementation, log } = plain();
  const device = checked(implementation);
  expect(() => device.readSync(new Uint8Array(513), 0)).toThrow();
  expect(() => device.writeSync(new Uint8Array(512), 1000)).toThrow();
  expect(() => device.discardSync(0, 1)).toThrow();
  await expect(device.writeZeroes(-1, 1)).rejects.toThrow();
  expect(log).toEqual([]);
});

test("an implementation is closed once, by whichever face comes first", async () => {
  const { implementation, log } = plain();
  const device = checked(implementation);
  device.closeSync();
  await device.close();
  await device[Symbol.asyncDispose]();
  expect(log).toEqual(["close"]);
});

test("a flush and a close that can wait are used by the asynchronous face alone", async () => {
  const { implementation, log } = plain({
    flush: () => Promise.resolve(void log.push("flush later")),
    close: () => Promise.resolve(void log.push("close later")),
  });
  const device = checked(implementation);
  device.flushSync();
  await device.flush();
  await device.close();
  device.closeSync();
  expect(log).toEqual(["flush", "flush later", "close later"]);
});

describe("a copy between devices in kernel memory", () => {
  function memory(name: string) {
    const log: string[] = [];
    const { implementation } = plain({
      name,
      copySectorsSync(sector, target, targetSector, count) {
        log.push(`${name} ${sector} -> ${target.name} ${targetSector} +${count}`);
        return true;
      },
    });
    return { implementation, log };
  }

  test("is handed the other implementation", () => {
    const [one, two] = [memory("one"), memory("two")];
    const [source, target] = [checked(one.implementation), checked(two.implementation)];
    if (!isKernelMemoryDevice(source)) throw new Error("it does not copy");
    expect(source.copySectorsSync(3, target, 5, 8)).toBe(true);
    expect(one.log).toEqual(["one 3 -> two 5 +8"]);
  });

  test("is checked at both ends, before anything happens", () => {
    const [one, two] = [memory("one"), memory("two")];
    const source = checked(one.implementation);
    const target = checked(two.implementation);
    const frozen = checked({
      ...two.implementation,
      supports: { ...two.implementation.supports, write: false },
    });
    if (!isKernelMemoryDevice(source)) throw new Error("it does not copy");
    expect(() => source.copySectorsSync(999, target, 0, 2)).toThrow(/ends at sector 1000/);
    expect(() => source.copySectorsSync(0, target, 999, 2)).toThrow(/ends at sector 1000/);
    expect(() => source.copySectorsSync(0, frozen, 0, 1)).toThrow(/read-only/);
    target.closeSync();
    expect(() => source.copySectorsSync(0, target, 0, 1)).toThrow(/it is closed/);
    source.closeSync();
    expect(() => source.copySectorsSync(0, target, 0, 1)).toThrow(/it is closed/);
    expect(one.log).toEqual([]);
  });

  test("is left to others when the target lies elsewhere", () => {
    const one = memory("one");
    const source = checked(one.implementation);
    if (!isKernelMemoryDevice(source)) throw new Error("it does not copy");
    expect(source.copySectorsSync(0, checked(plain().implementation), 0, 1)).toBe(false);
    expect(one.log).toEqual([]);
  });
});

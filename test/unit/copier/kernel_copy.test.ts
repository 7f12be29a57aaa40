import { assertEquals, assertThrows } from "@std/assert";
import { test } from "vitest";
import { checked } from "../../../src/block/checked.ts";
import type { SyncBlockDevice } from "../../../src/block/device.ts";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { runSync } from "../../../src/block/plan.ts";
import { Copier, CopyError, Throttle, tryCopyInKernel } from "../../../src/copier/mod.ts";

/** Devices that stand for kernel memory: their bytes cannot be had, only copied among them. */
class FakeKernel {
  readonly copies: [string, number, string, number, number][] = [];
  error: Error | null = null;
  readonly #names = new Set<string>();

  device(name: string): SyncBlockDevice {
    const noBytes = () => {
      throw new BlockDeviceError("EIO", "a byte crossed the border");
    };
    const device = checked({
      name,
      sectorCount: 4096,
      supports: { write: true, discard: false, discardZeroes: false, permanence: false },
      readSync: noBytes,
      writeSync: noBytes,
      flushSync() {},
      closeSync() {},
      copySectorsSync: (sector, target, targetSector, sectorCount) => {
        if (!this.#names.has(target.name)) return false;
        if (this.error !== null) throw this.error;
        this.copies.push([name, sector, target.name, targetSector, sectorCount]);
        return true;
      },
    });
    this.#names.add(name);
    return device;
  }
}

test("a copy between devices of one kernel memory is one call and no bytes", () => {
  const kernel = new FakeKernel();
  const source = kernel.device("origin");
  const targets = [{ device: kernel.device("a"), sector: 8 }, {
    device: kernel.device("b"),
    sector: 0,
  }];
  const told: number[] = [];
  const onProgress = (doneSectors: number) => told.push(doneSectors);
  // Throttled to nothing, and in sub-jobs of a sector: neither applies to what is no I/O.
  const copier = new Copier({ subJobSectors: 1, throttle: new Throttle({ percent: 0 }) });
  const plan = copier.copy({ source, sector: 16, sectorCount: 2048, targets, onProgress });
  assertEquals(plan.next().done, true);
  assertEquals(kernel.copies, [["origin", 16, "a", 8, 2048], ["origin", 16, "b", 0, 2048]]);
  assertEquals(told, [2048]);
});

test("the short way does a copy in one call, or says no and does nothing", () => {
  const kernel = new FakeKernel();
  const source = kernel.device("origin");
  assertEquals(tryCopyInKernel(source, 0, kernel.device("cow"), 16, 8), true);
  assertEquals(kernel.copies, [["origin", 0, "cow", 16, 8]]);
  assertEquals(tryCopyInKernel(source, 0, new FakeKernel().device("elsewhere"), 0, 8), false);
  const plain = checked({
    name: "plain",
    sectorCount: 16,
    supports: { write: true, discard: false, discardZeroes: false, permanence: false },
    readSync() {},
    writeSync() {},
    flushSync() {},
    closeSync() {},
  });
  assertEquals(tryCopyInKernel(source, 0, plain, 0, 8), false);
  assertEquals(tryCopyInKernel(plain, 0, source, 0, 8), false);
  assertEquals(kernel.copies.length, 1);
});

test("a copy to another kernel memory goes through a buffer", () => {
  const source = new FakeKernel().device("here");
  const targets = [{ device: new FakeKernel().device("there"), sector: 0 }];
  const plan = new Copier().copy({ source, sector: 0, sectorCount: 8, targets });
  assertEquals(plan.next().value?.kind, "read");
});

test("a copy inside the kernel that fails names the target it was for", () => {
  const kernel = new FakeKernel();
  kernel.error = new BlockDeviceError("ENOSPC", "the arena is full");
  const source = kernel.device("origin");
  const targets = [{ device: kernel.device("cow"), sector: 0 }];
  const plan = new Copier().copy({ source, sector: 0, sectorCount: 8, targets });
  const error = assertThrows(() => runSync(plan), CopyError);
  assertEquals(error.code, "ENOSPC");
  assertEquals(error.failedTargets, [0]);
});

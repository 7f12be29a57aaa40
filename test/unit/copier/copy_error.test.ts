import {
  assertEquals,
  assertInstanceOf,
  assertLessOrEqual,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { test } from "vitest";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { runAsync, runSync } from "../../../src/block/plan.ts";
import { Copier, CopyError } from "../../../src/copier/mod.ts";
import { Rig } from "./rig.ts";

test("whichever request fails, the copy says which, stops, and gives its memory back", async () => {
  let failures = 0;
  for (let failAt = 1;; failAt++) {
    const rig = new Rig(failAt);
    rig.failAt = failAt;
    const source = rig.device("source", 64);
    const first = rig.device("first", 64);
    const second = rig.device("second", 64);
    const targets = [{ device: first.device, sector: 0 }, { device: second.device, sector: 0 }];
    const job = { source: source.device, sector: 0, sectorCount: 64, targets };
    const copier = new Copier({ subJobSectors: 8, bytesInFlightMax: 3 * 8 * 512 });
    const ending = await rig.settle(runAsync(copier.copy(job)).then(() => null, (error) => error));
    if (ending === null) break;
    failures++;
    assertInstanceOf(ending, CopyError);
    const failed = rig.requests[failAt - 1]!;
    assertEquals(ending.code, "EIO");
    assertEquals(ending.device, failed.device);
    assertEquals(ending.sector, failed.sector);
    assertEquals(ending.sourceFailed, failed.verb === "read");
    const targetIndex = ["first", "second"].indexOf(failed.device);
    assertEquals(ending.failedTargets, targetIndex < 0 ? [] : [targetIndex]);
    // What was read already is written, to both targets; nothing else is begun.
    assertEquals(rig.afterFailure.filter(({ verb }) => verb === "read"), []);
    assertLessOrEqual(rig.afterFailure.length, 2 * 2);
    assertEquals(copier.bytesInFlight, 0);
    await rig.settle(runAsync(copier.copy(job)));
    assertEquals(first.bytes, source.bytes);
    assertEquals(second.bytes, source.bytes);
  }
  assertEquals(failures, 8 * 3, "eight reads and sixteen writes can fail");
});

test("a target that fails is named, and the other ones have a copy of one sub-job whole", async () => {
  const rig = new Rig();
  const source = rig.device("origin", 8);
  const devices = ["a", "b", "c"].map((name) => rig.device(name, 8));
  rig.full.add("b");
  const targets = devices.map(({ device }) => ({ device, sector: 0 }));
  const job = { source: source.device, sector: 0, sectorCount: 8, targets };
  const error = await rig.failure(new Copier().copy(job));
  assertEquals(error.code, "ENOSPC");
  assertEquals(error.failedTargets, [1]);
  assertEquals(error.sourceFailed, false);
  assertInstanceOf(error.cause, BlockDeviceError);
  assertEquals(
    error.message,
    'Cannot write 8 sectors at sector 0 of "b", target 1 of a copy: no room',
  );
  assertEquals(devices[0]!.bytes, source.bytes);
  assertEquals(devices[2]!.bytes, source.bytes);
});

test("targets that fail together are all named", async () => {
  const rig = new Rig();
  const source = rig.device("origin", 8);
  const devices = ["a", "b", "c"].map((name) => rig.device(name, 8));
  rig.full.add("c").add("a");
  const targets = devices.map(({ device }) => ({ device, sector: 0 }));
  const plan = new Copier().copy({ source: source.device, sector: 0, sectorCount: 8, targets });
  const error = await rig.failure(plan);
  assertEquals(error.failedTargets, [0, 2]);
});

test("a source that cannot be read is told from a target, and nothing is written", async () => {
  const rig = new Rig();
  const source = rig.device("origin", 8);
  const target = rig.device("cow", 8);
  const before = target.bytes.slice();
  rig.full.add("origin");
  const targets = [{ device: target.device, sector: 0 }];
  const plan = new Copier().copy({ source: source.device, sector: 0, sectorCount: 8, targets });
  const error = await rig.failure(plan);
  assertEquals(error.sourceFailed, true);
  assertStringIncludes(error.message, '"origin", the source of a copy');
  assertEquals(target.bytes, before);
});

test("a zeroing that fails says so, and zeroes no further", async () => {
  const rig = new Rig();
  const { device } = rig.device("cow", 80);
  rig.full.add("cow");
  const copier = new Copier({ subJobSectors: 4, subJobsMax: 1 });
  const error = await rig.failure(
    copier.zero({ targets: [{ device, sector: 4 }], sectorCount: 40 }),
  );
  assertEquals(rig.afterFailure, []);
  assertStringIncludes(error.message, 'Cannot zero 4 sectors at sector 4 of "cow"');
  assertEquals(error.code, "ENOSPC");
});

test("a device with no synchronous face makes a synchronous copy fail with its code", () => {
  const { device } = new Rig().device("slow", 16);
  const targets = [{ device, sector: 8 }];
  const copier = new Copier();
  const plan = copier.copy({ source: device, sector: 0, sectorCount: 8, targets });
  assertEquals(assertThrows(() => runSync(plan), CopyError).code, "ENOTSUP");
  assertEquals(copier.bytesInFlight, 0);
});

test("a copy that is given up gives back its memory and its place in the line", async () => {
  const rig = new Rig();
  const source = rig.device("source", 32);
  const target = rig.device("target", 32);
  const targets = [{ device: target.device, sector: 0 }];
  const job = { source: source.device, sector: 0, sectorCount: 8, targets, ordered: true };
  const copier = new Copier({ subJobSectors: 8, bytesInFlightMax: 8 * 512 });
  const reading = copier.copy(job);
  reading.next();
  const waiting = copier.copy(job);
  assertEquals(waiting.next().value?.kind, "wait");
  waiting.return();
  reading.return();
  assertEquals(copier.bytesInFlight, 0);
  await rig.settle(runAsync(copier.copy({ ...job, sectorCount: 32 })));
  assertEquals(target.bytes, source.bytes);
});

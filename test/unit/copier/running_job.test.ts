import { assertEquals, assertGreater, assertThrows } from "@std/assert";
import { test } from "vitest";
import { runAsync, runSync } from "../../../src/block/plan.ts";
import { Copier, CopyError } from "../../../src/copier/mod.ts";
import { RunningJob } from "../../../src/copier/running_job.ts";
import { Rig } from "./rig.ts";

/** A job of zeroes, which needs no device that works. */
function jobOf(sectorCount: number, subJobSectors: number, sequential = false): RunningJob {
  const { device } = new Rig().device("target", 1);
  const targets = [{ device, sector: 7 }];
  return new RunningJob(null, 0, { targets, sectorCount, sequential }, subJobSectors);
}

test("sub-jobs cover a job without a gap and without an overlap", () => {
  for (const subJobSectors of [1, 7, 8, 9, 64]) {
    for (const sectorCount of [1, 7, 8, 9, 63, 64, 65]) {
      const job = jobOf(sectorCount, subJobSectors);
      let end = 0;
      let subJobs = 0;
      for (let offset = job.take(); offset >= 0; offset = job.take()) {
        assertEquals(offset, end);
        end += job.sectorsAt(offset);
        subJobs++;
      }
      assertEquals([end, subJobs], [sectorCount, job.subJobCount]);
    }
  }
});

test("after a failure no sub-job is taken, and the end tells it", () => {
  const job = jobOf(64, 8);
  job.end();
  assertEquals([job.take(), job.take()], [0, 8]);
  job.fail(0, 8, 8, new Error("worn"));
  assertEquals(job.take(), -1);
  const error = assertThrows(() => job.end(), CopyError);
  assertEquals([error.code, error.sector, error.failedTargets], ["EIO", 7 + 8, [0]]);
});

test("whose turn it is depends on what is written, not on what was taken", async () => {
  const job = jobOf(24, 8, true);
  const taken = [job.take(), job.take(), job.take()];
  assertEquals(runSync(job.waitForTurn(taken[0]!)), true);
  const second = runAsync(job.waitForTurn(taken[1]!));
  const third = runAsync(job.waitForTurn(taken[2]!));
  job.wrote(taken[0]!);
  assertEquals(await second, true);
  job.fail(0, taken[1]!, 8, new Error("worn"));
  assertEquals(await third, false);
});

test("progress only grows, by whole sub-jobs, up to the length of the job", async () => {
  const rig = new Rig();
  const source = rig.device("source", 50);
  const { device } = rig.device("target", 50);
  const told: number[] = [];
  const job = {
    source: source.device,
    sector: 0,
    sectorCount: 50,
    targets: [{ device, sector: 0 }],
    onProgress: (doneSectors: number) => told.push(doneSectors),
  };
  await rig.settle(runAsync(new Copier({ subJobSectors: 8 }).copy(job)));
  assertEquals(told.length, 7);
  assertEquals(told.at(-1), 50);
  for (let index = 1; index < 7; index++) assertGreater(told[index]!, told[index - 1]!);
});

test("with `sequential`, reads overlap but writes ascend, one after another", async () => {
  const rig = new Rig("sequential");
  const source = rig.device("source", 128);
  const target = rig.device("target", 128);
  const targets = [{ device: target.device, sector: 0 }];
  const job = { source: source.device, sector: 0, sectorCount: 128, targets, sequential: true };
  const copier = new Copier({ subJobSectors: 8, bytesInFlightMax: 4 * 8 * 512 });
  await rig.settle(runAsync(copier.copy(job)));
  assertEquals(target.bytes, source.bytes);
  const writes = rig.requests.filter(({ verb }) => verb === "write");
  assertEquals(writes.map(({ sector }) => sector), Array.from({ length: 16 }, (_, n) => n * 8));
  assertGreater(rig.bytesInFlightMax, 8 * 512);
});

test("progress ends with the first failure, though more may be written", async () => {
  for (let seed = 0; seed < 5; seed++) {
    const rig = new Rig(seed);
    rig.failAt = 20;
    const source = rig.device("source", 128);
    const target = rig.device("target", 128);
    const onProgress = () => assertEquals(rig.hasFailed, false);
    const targets = [{ device: target.device, sector: 0 }];
    const job = { source: source.device, sector: 0, sectorCount: 128, targets, onProgress };
    await rig.failure(new Copier({ subJobSectors: 8 }).copy(job));
  }
});

test("in a sequential copy nothing is written behind a sub-job that failed", async () => {
  for (let failAt = 1; failAt <= 16; failAt++) {
    const rig = new Rig(`sequential ${failAt}`);
    rig.failAt = failAt;
    const source = rig.device("source", 64);
    const target = rig.device("target", 64);
    const before = target.bytes.slice();
    const targets = [{ device: target.device, sector: 0 }];
    const job = { source: source.device, sector: 0, sectorCount: 64, targets, sequential: true };
    const copier = new Copier({ subJobSectors: 8, subJobsMax: 4 });
    await rig.failure(copier.copy(job));
    let written = 0;
    while (written < 64 * 512 && target.bytes[written] === source.bytes[written]) written++;
    const end = Math.floor(written / 4096) * 4096;
    assertEquals(target.bytes.subarray(end), before.subarray(end), `request ${failAt} failed`);
    assertEquals(copier.bytesInFlight, 0);
  }
});

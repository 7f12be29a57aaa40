import { expect, test } from "vitest";
import { allJobs, readJobs } from "../../../../src/cli/bench/jobs.ts";
import { countExceptions, readCowHeader } from "../../../../src/cli/cow_image.ts";
import { Scratch } from "../../../../src/cli/bench/scratch.ts";
import { createMemoryDevice } from "../../../../src/mod.ts";

const OPTIONS = { sectorCount: 512, chunkSectors: 8 };

const namesOf = (jobs: ReturnType<typeof allJobs>) =>
  jobs.map(({ job, order, blockSectors }) => `${job} ${order} ${blockSectors}`);

test("what does not fit on the disk is left out", () => {
  using scratch = new Scratch(OPTIONS);
  expect(namesOf(allJobs(scratch, [8, 1024]))).toEqual([
    ...["read sequential 8", "read random 8", "overwrite sequential 8", "overwrite random 8"],
    ...["touch sequential 8", "touch random 8", "merge sequential 8"],
  ]);
});

test("each job does what it says to the snapshot, and leaves nothing behind on the disk", async () => {
  using scratch = new Scratch(OPTIONS);
  const exceptions: Record<string, number> = {};
  for (const { job, order, create } of allJobs(scratch, [8])) {
    const { bare, ours, operationsMax } = create();
    for (const racer of [bare, ours]) {
      racer.prepare?.();
      await racer.run(Math.min(10, operationsMax));
    }
    exceptions[`${job} ${order}`] = countExceptions(scratch.cow, readCowHeader(scratch.cow));
  }
  expect(exceptions).toEqual({
    ...{ "read sequential": 64, "read random": 64 },
    ...{ "overwrite sequential": 64, "overwrite random": 64 },
    ...{ "touch sequential": 10, "touch random": 10 },
    "merge sequential": 0,
  });
  const disk = new Uint8Array(512 * 512);
  scratch.disk.readSync(disk, 0);
  expect(disk).not.toContain(0);
});

test("a device without a synchronous face is read as well", async () => {
  const memory = createMemoryDevice({ sectorCount: 16 });
  const sectors: number[] = [];
  const device = {
    ...memory,
    sectorCount: 16,
    supports: { ...memory.supports, sync: false },
    read: (target: Uint8Array, sector: number) => {
      sectors.push(sector);
      return memory.read(target, sector);
    },
  } as unknown as typeof memory;
  const [job] = readJobs(memory, () => device, [8]);
  await job!.create().ours.run(3);
  expect(sectors).toEqual([0, 8, 0]);
});

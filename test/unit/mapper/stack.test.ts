import { describe, expect, test } from "vitest";
import type { BlockDevice } from "../../../src/block/device.ts";
import { Copier, type CopyJob } from "../../../src/copier/mod.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { createLinear } from "../../../src/targets/linear.ts";
import { runSync } from "../../../src/block/plan.ts";
import { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import {
  openCache,
  openCacheSync,
  openMerge,
  openMergeSync,
  openOrigin,
  openSnapshot,
  openSnapshotSync,
} from "../../../src/mapper/stack.ts";
import type { DeviceFixture } from "../../../src/testing/device_fixture.ts";
import { deviceSuite } from "../../../src/testing/device_suite.ts";
import { Origin } from "../../../src/targets/origin.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { SimulatedDisk } from "../../../src/testing/simulated_disk.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import { statusOf } from "../targets/rig.ts";

const memory = (sectorCount: number, content?: Uint8Array) =>
  createMemoryDevice(content === undefined ? { sectorCount } : { sectorCount, content });

function contentOf(device: MappedDevice): Uint8Array {
  const bytes = new Uint8Array(device.sectorCount * 512);
  device.readSync(bytes, 0);
  return bytes;
}

test("devices have names that say what they are, or those they are given", async () => {
  const disk = createMemoryDevice({ sectorCount: 64, name: "disk" });
  const origin = openOrigin(disk);
  const snapshot = openSnapshotSync({ origin: disk, cow: memory(64), chunkSectors: 1 });
  expect([origin.name, snapshot.name]).toEqual(["disk-origin", "disk-snapshot"]);
  await snapshot.close();
  const { device, merged } = await openMerge({
    origin,
    cow: memory(64),
    name: "back",
    chunkSectors: 1,
  });
  await merged;
  expect([device.name, openOrigin(disk, "here").name]).toEqual(["back", "here"]);
});

test("a snapshot of what openOrigin made is a snapshot of the device below", async () => {
  const disk = memory(64, patternOf(1, 0, 64));
  const origin = openOrigin(disk);
  const one = await openSnapshot({ origin, cow: memory(200), chunkSectors: 8 });
  const two = openSnapshotSync({ origin: disk, cow: memory(200), chunkSectors: 4 });
  origin.writeSync(patternOf(2, 0, 64), 0);
  for (const snapshot of [one, two]) {
    verifySectors(contentOf(snapshot), patternOf(1, 0, 64), 0, snapshot.name);
  }
  await Promise.all([one.close(), two.close()]);
});

test("a snapshot of a snapshot of a snapshot, and each is its own", async () => {
  const disk = memory(64, patternOf(1, 0, 64));
  const views = [openOrigin(disk)];
  const raws: MappedDevice[] = [];
  for (let depth = 0; depth < 3; depth++) {
    const below = raws.at(-1) ?? disk;
    const raw = openSnapshotSync({ origin: below, cow: memory(300), chunkSectors: 2 ** depth });
    raws.push(raw);
    views.push(openOrigin(raw));
  }
  for (const [index, view] of views.entries()) {
    view.writeSync(patternOf(10 + index, 0, 20 + index), 0);
  }
  for (const [index, view] of views.entries()) {
    const expected = patternOf(1, 0, 64);
    expected.set(patternOf(10 + index, 0, 20 + index));
    verifySectors(contentOf(view), expected, 0, `depth ${index}`);
  }
  for (const device of [...views, ...raws].reverse()) await device.close();
});

test("a snapshot is there when it is opened again, and gone into its origin when it is merged", async () => {
  const disk = memory(64, patternOf(1, 0, 64));
  const cow = memory(200);
  const first = await openSnapshot({ origin: disk, cow, chunkSectors: 8 });
  await first.write(patternOf(2, 5, 30), 5);
  await first.close();
  const expected = patternOf(1, 0, 64);
  expected.set(patternOf(2, 5, 30), 5 * 512);
  const second = openSnapshotSync({ origin: disk, cow });
  verifySectors(contentOf(second), expected, 0, "reopened");
  second.closeSync();
  const merge = openMergeSync({ origin: disk, cow });
  expect(statusOf(merge)).toBe("16/200 16");
  merge.closeSync();
  const bytes = new Uint8Array(64 * 512);
  disk.readSync(bytes, 0);
  verifySectors(bytes, expected, 0, "merged");
});

test("openMerge shows the snapshot at once and merges on its own", async () => {
  const disk = memory(64, patternOf(1, 0, 64));
  const cow = memory(200);
  const snapshot = openSnapshotSync({ origin: disk, cow, chunkSectors: 1 });
  snapshot.writeSync(patternOf(2, 5, 30), 5);
  snapshot.closeSync();
  const { device, merged } = await openMerge({ origin: disk, cow });
  const expected = patternOf(1, 0, 64);
  expected.set(patternOf(2, 5, 30), 5 * 512);
  verifySectors(contentOf(device), expected, 0, "the merge");
  await merged;
  expect([statusOf(device), device.eventNumber]).toEqual(["2/200 2", 1]);
  await device.close();
});

test("a cache goes on with what an earlier one has kept, and says what it is", async () => {
  const origin = memory(64, patternOf(1, 0, 64));
  const cow = memory(200);
  const first = await openCache({ origin, cow, chunkSectors: 8 });
  contentOf(first);
  await first.close();
  const other = createMemoryDevice({ sectorCount: 64, name: "remote" });
  const second = openCacheSync({ origin: other, cow });
  verifySectors(contentOf(second), patternOf(1, 0, 64), 0, "kept from another origin");
  expect([second.name, statusOf(second)]).toEqual(["remote-cache", "80/200 16"]);
  second.closeSync();
});

test("what cannot be made leaves nothing behind", async () => {
  const disk = memory(64);
  const refusals = [
    () => openSnapshot({ origin: disk, cow: disk }),
    () => openSnapshot({ origin: disk, cow: memory(8), chunkSectors: 8 }),
    () => openSnapshot({ origin: disk, cow: memory(80), chunkSectors: 3 }),
    () => openMerge({ origin: disk, cow: memory(80), store: "N", chunkSectors: 8 }),
    () => openCache({ origin: disk, cow: disk }),
  ];
  for (const refusal of refusals) await expect(refusal()).rejects.toHaveProperty("code");
  const cow = memory(80);
  const { usedBytes } = cow;
  expect(() => openSnapshotSync({ origin: disk, cow, sectorCount: 65 })).toThrow("has 64");
  expect([cow.usedBytes, Origin.of(disk).members]).toEqual([usedBytes, []]);
});

/** A device for the suite; what it stands on is closed after it. */
function fixture(device: MappedDevice, ...below: BlockDevice[]): DeviceFixture {
  const cleanup = async () => {
    for (const each of below) await each.close();
  };
  return { device, cleanup };
}

const suites: Record<string, (sectorCount: number) => DeviceFixture> = {
  "linear at an offset": (sectorCount) => {
    const device = new MappedDevice("linear");
    const below = memory(sectorCount + 13);
    runSync(device.load([createLinear({ device: below, startSector: 13, sectorCount })]));
    runSync(device.resume());
    return fixture(device, below);
  },
  "an origin with two snapshots": (sectorCount) => {
    const origin = memory(sectorCount);
    const snapshots = [1, 16].map((chunkSectors) =>
      openSnapshotSync({ origin, cow: memory(2 * sectorCount + 100), chunkSectors })
    );
    return fixture(openOrigin(origin), ...snapshots);
  },
  "a snapshot": (sectorCount) => {
    const cow = memory(2 * sectorCount + 100);
    const options = { origin: memory(sectorCount), cow, chunkSectors: 8 };
    return fixture(openSnapshotSync({ ...options, durability: "flush" }), cow);
  },
  "a snapshot that keeps what it reads": (sectorCount) => {
    const cow = memory(2 * sectorCount + 100);
    const options = { origin: memory(sectorCount), cow, chunkSectors: 8, copyOnRead: true };
    return fixture(openSnapshotSync(options), cow);
  },
  "a cache": (sectorCount) => {
    const cow = memory(2 * sectorCount + 100);
    const origin = memory(sectorCount, patternOf(1, 0, sectorCount));
    return fixture(openCacheSync({ origin, cow, chunkSectors: 4 }), cow, origin);
  },
  "a snapshot of a cache": (sectorCount) => {
    const [cow, other] = [memory(2 * sectorCount + 100), memory(2 * sectorCount + 100)];
    const origin = openCacheSync({ origin: memory(sectorCount), cow, chunkSectors: 4 });
    return fixture(openSnapshotSync({ origin, cow: other, chunkSectors: 8 }), origin, cow);
  },
  "a snapshot of a snapshot": (sectorCount) => {
    const [cow, other] = [memory(2 * sectorCount + 100), memory(2 * sectorCount + 100)];
    const origin = openSnapshotSync({ origin: memory(sectorCount), cow, chunkSectors: 4 });
    const device = openSnapshotSync({ origin, cow: other, chunkSectors: 1, store: "N" });
    return fixture(device, origin);
  },
  "a snapshot that was merged": (sectorCount) => {
    const origin = memory(sectorCount);
    const cow = memory(2 * sectorCount + 100);
    const snapshot = openSnapshotSync({ origin, cow, chunkSectors: 2 });
    snapshot.writeSync(new Uint8Array(512), 0);
    snapshot.closeSync();
    return fixture(openMergeSync({ origin, cow }), cow);
  },
};

class CountingCopier extends Copier {
  jobs = 0;

  override copy(job: CopyJob) {
    this.jobs++;
    return super.copy(job);
  }
}

test("a copier that is given copies out and merges back, where it is not all kernel memory", () => {
  const [origin, copier] = [memory(64), new CountingCopier()];
  const cow = new SimulatedDisk({ sectorCount: 128 });
  const snapshot = openSnapshotSync({ origin, cow, chunkSectors: 8, copier });
  snapshot.writeSync(new Uint8Array(512).fill(7), 3);
  snapshot.closeSync();
  expect(copier.jobs).toBe(1);
  openMergeSync({ origin, cow, copier }).closeSync();
  expect(copier.jobs).toBe(2);
});

for (const [name, create] of Object.entries(suites)) {
  describe(`${name} is a block device`, async () => {
    await deviceSuite({ test, sectorCounts: [1, 7, 517], create });
  });
}

/**
 * Every request of a workload fails in its turn, once or from then on, on one disk or on any.
 *
 * What must hold afterwards, whichever it was: a request that was acknowledged has been done; a
 * snapshot is right or says that it is invalid, never wrong; an origin write fails only because of
 * the origin; nothing hangs; and what is opened again from the disks is right, invalid or refused.
 */
import { describe, expect, test } from "vitest";
import { codeOf } from "../../../src/block/errors.ts";
import type { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { openOrigin } from "../../../src/mapper/stack.ts";
import type { Disk, Request } from "../exception/rig.ts";
import { Stomper } from "../../model/stomper.ts";
import { type SnapshotSetUp, Stack, statusOf } from "./rig.ts";

/** A stack in the middle of a workload, and the models of its two views. */
class Trial {
  readonly stack: Stack;
  readonly setUp: SnapshotSetUp;
  readonly originModel = new Stomper(SECTORS);
  snapshotModel = new Stomper(SECTORS);
  cow: Disk;
  snapshot: MappedDevice | null = null;
  /** The requests that failed. */
  failed: Request[] = [];
  #write = 1;

  constructor(setUp: SnapshotSetUp) {
    this.stack = new Stack({ sectorCount: SECTORS });
    this.setUp = setUp;
    this.originModel.stomp(1, 0, SECTORS);
    this.cow = this.stack.cow(setUp.cowSectors ?? 200);
  }

  /** Lets the n-th request from now on fail, on some disks, once or for ever. */
  failAt(count: number, disk: RegExp, isForEver: boolean): void {
    let left = count;
    this.stack.bench.fault = (request) => {
      if (!disk.test(request.disk)) return false;
      left--;
      const fails = isForEver ? left <= 0 : left === 0;
      if (fails) this.failed.push(request);
      return fails;
    };
  }

  async open(): Promise<void> {
    this.snapshotModel = this.originModel.fork();
    try {
      ({ device: this.snapshot } = await this.stack.snapshot({ ...this.setUp, on: this.cow }));
    } catch (error) {
      expect(codeOf(error)).toBe("EIO");
    }
  }

  async writeOrigin(sector: number, count: number, fua = false): Promise<void> {
    const { origin } = this.stack;
    await this.#perform(
      this.originModel,
      sector,
      count,
      (write) => this.stack.write(origin, write, sector, count, fua),
      "disk",
    );
  }

  async writeSnapshot(sector: number, count: number, fua = false): Promise<void> {
    if (this.snapshot === null) return;
    const device = this.snapshot;
    await this.#perform(
      this.snapshotModel,
      sector,
      count,
      (write) => this.stack.write(device, write, sector, count, fua),
      null,
    );
  }

  async readSnapshot(sector: number, count: number): Promise<void> {
    if (this.snapshot === null) return;
    const bytes = new Uint8Array(count * 512);
    try {
      await this.stack.bench.settle(this.snapshot.read(bytes, sector));
    } catch (error) {
      return expect(codeOf(error)).toBe("EIO");
    }
    const wrong = this.snapshotModel.compare(bytes, sector);
    if (wrong !== null) throw new Error(`read: ${wrong}`);
  }

  async flush(): Promise<void> {
    await this.stack.bench.settle(this.snapshot?.flush() ?? Promise.resolve()).catch((error) =>
      expect(codeOf(error)).toBe("EIO")
    );
  }

  /** A write that must not fail but because of the disk named. */
  async #perform(
    model: Stomper,
    sector: number,
    count: number,
    write: (number: number) => Promise<void>,
    culprit: string | null,
  ): Promise<void> {
    const number = ++this.#write;
    const before = this.failed.length;
    try {
      await write(number);
      model.stomp(number, sector, count);
    } catch (error) {
      expect(codeOf(error)).toBe("EIO");
      model.maybeStomp(number, sector, count);
      if (culprit === null) return;
      const own = this.failed.slice(before).filter(({ disk, kind }) =>
        disk === culprit && kind !== "read"
      );
      expect(own.length).toBeGreaterThan(0);
    }
  }

  /** With all faults gone, every view is right or invalid, and the disks tell the same. */
  async verdict(): Promise<void> {
    this.stack.bench.fault = () => false;
    if (this.setUp.durability !== "flush") await this.#reopen(true);
    await this.#verify(this.stack.origin, this.originModel);
    if (this.snapshot !== null) {
      const status = statusOf(this.snapshot);
      if (status !== "Invalid") await this.#verify(this.snapshot, this.snapshotModel);
      else await expect(this.stack.read(this.snapshot)).rejects.toMatchObject({ code: "EIO" });
      await this.snapshot.close();
    }
    await this.#reopen(false);
  }

  async #verify(device: { name: string } & MappedDevice, model: Stomper): Promise<void> {
    const wrong = model.compare(await this.stack.read(device), 0);
    if (wrong !== null) throw new Error(`${device.name}: ${wrong}`);
  }

  /** A COW device that refused twice to be told that it is invalid is beyond anyone's help. */
  get #wasToldInvalid(): boolean {
    const refused = this.failed.filter(({ disk, kind, sector }) =>
      disk !== "disk" && kind === "write" && sector === 0
    );
    return refused.length < 2;
  }

  async #reopen(isPowerCut: boolean): Promise<void> {
    if (!this.#wasToldInvalid || this.setUp.store === "N") return;
    const { stack, cow } = this.stack.reboot(this.cow, isPowerCut);
    const origin = openOrigin(stack.disk.device);
    try {
      const { device, status } = await stack.snapshot({ ...this.setUp, on: cow });
      const wrong = this.snapshot === null || status() === "Invalid"
        ? null
        : this.snapshotModel.fork().compare(await stack.read(device), 0);
      await device.close();
      if (wrong !== null) throw new Error(`reopened: ${wrong}`);
    } finally {
      origin.closeSync();
    }
  }
}

const SECTORS = 120;

/** The workloads; each names what it goes through. */
const WORKLOADS: Record<string, (trial: Trial) => Promise<void>> = {
  "opening": async () => {},
  "first touches by the origin": async (trial) => {
    await trial.writeOrigin(0, 8);
    await trial.writeOrigin(20, 30);
    await trial.writeOrigin(0, 60, true);
  },
  "first touches by the snapshot, of whole chunks and of parts": async (trial) => {
    await trial.writeSnapshot(8, 8);
    await trial.writeSnapshot(20, 30);
    await trial.writeSnapshot(4, 60, true);
  },
  "both, and a flush": async (trial) => {
    await trial.writeSnapshot(10, 20);
    await trial.writeOrigin(0, 20);
    await trial.flush();
    await trial.writeSnapshot(0, 50);
    await trial.writeOrigin(30, 40);
  },
  "reads among both, and a flush": async (trial) => {
    await trial.readSnapshot(3, 20);
    await trial.writeOrigin(10, 20);
    await trial.readSnapshot(20, 30);
    await trial.writeSnapshot(18, 12);
    await trial.readSnapshot(0, 60);
    await trial.flush();
    await trial.writeOrigin(40, 30);
    await trial.readSnapshot(50, 50);
  },
};

/** How snapshots are: chunks of one sector cross an area's border after 32 exceptions. */
const SET_UPS: Record<string, SnapshotSetUp> = {
  "chunks of 8": { chunkSectors: 8 },
  "an area's border": { chunkSectors: 1 },
  "durability flush": { chunkSectors: 1, durability: "flush" },
  "a COW device that fills up": { chunkSectors: 8, cowSectors: 48 },
  "one that fills up and overflows": { chunkSectors: 8, cowSectors: 48, store: "PO" },
  "copy-on-read": { chunkSectors: 8, copyOnRead: true },
  "copy-on-read over an area's border": {
    chunkSectors: 1,
    copyOnRead: true,
    copyOnReadPercentMax: 100,
  },
  "copy-on-read on a COW device that fills up": {
    chunkSectors: 8,
    cowSectors: 80,
    copyOnRead: true,
    copyOnReadPercentMax: 70,
  },
  "copy-on-read with durability flush": {
    chunkSectors: 4,
    durability: "flush",
    copyOnRead: true,
  },
  "store N": { chunkSectors: 4, store: "N" },
};

/** Runs a workload without faults, to see how many requests there are. */
async function countRequests(setUp: SnapshotSetUp, work: (trial: Trial) => Promise<void>) {
  const trial = new Trial(setUp);
  await trial.open();
  await work(trial);
  return trial.stack.bench.requestCount;
}

describe.each(Object.keys(SET_UPS))("%s", (name) => {
  const setUp = SET_UPS[name]!;
  test.each(Object.keys(WORKLOADS))("%s", async (workload) => {
    const work = WORKLOADS[workload]!;
    const count = await countRequests(setUp, work);
    for (const [how, disk] of [["once", /./], ["for ever", /disk/], ["for ever", /cow/]] as const) {
      for (let at = 1; at <= count; at++) {
        const trial = new Trial(setUp);
        trial.failAt(at, disk, how === "for ever");
        await trial.open();
        await work(trial);
        await trial.verdict().catch((cause) => {
          const failed = JSON.stringify(trial.failed);
          const message = `Request ${at} to ${disk} fails ${how}: ${cause.message}\n${failed}`;
          throw new Error(message, { cause });
        });
      }
    }
  });
});

/** A merge with requests before, beside and after it. */
class MergeTrial {
  readonly stack = new Stack({ sectorCount: SECTORS });
  readonly model = new Stomper(SECTORS);
  readonly sibling = new Stomper(SECTORS);
  #write = 1;

  async run(fault: (request: Request, index: number) => boolean): Promise<void> {
    const { stack, model } = this;
    for (const each of [model, this.sibling]) each.stomp(1, 0, SECTORS);
    const other = await stack.snapshot({ chunkSectors: 16 });
    const { device, cow } = await stack.snapshot({ chunkSectors: 1, cowSectors: 200 });
    for (const [sector, count] of [[3, 20], [60, 8], [30, 10]] as const) {
      await this.#stomp(device, sector, count);
    }
    await device.close();
    const merge = await stack.merge(cow, { chunkSectors: 1 });
    const before = stack.bench.requestCount;
    stack.bench.fault = (request, index) => fault(request, index - before);
    await this.#stomp(merge, 62, 4);
    await stack.run(merge.background());
    const hasFailed = statusOf(merge) === "Merge failed";
    await this.#stomp(merge, 10, 50);
    stack.bench.fault = () => false;
    await this.#verify(merge, model);
    if (statusOf(other.device) !== "Invalid") await this.#verify(other.device, this.sibling);
    if (!hasFailed) expect(statusOf(merge)).toBe("2/200 2");
    await stack.bench.settle(merge.flush());
    const left = stack.reboot(cow, true);
    const again = await left.stack.merge(left.cow, { chunkSectors: 1 });
    await this.#verify(again, model, left.stack);
    await left.stack.run(again.background());
    expect(statusOf(again)).toBe("2/200 2");
    await this.#verify(left.stack.origin, model, left.stack);
    for (const each of [again, merge, other.device]) await each.close();
  }

  async #stomp(device: MappedDevice, sector: number, count: number): Promise<void> {
    const number = ++this.#write;
    try {
      await this.stack.write(device, number, sector, count);
      this.model.stomp(number, sector, count);
    } catch (error) {
      expect(codeOf(error)).toBe("EIO");
      this.model.maybeStomp(number, sector, count);
    }
  }

  async #verify(device: MappedDevice, model: Stomper, stack = this.stack): Promise<void> {
    const wrong = model.compare(await stack.read(device), 0);
    if (wrong !== null) throw new Error(`${device.name}: ${wrong}`);
  }
}

describe("a merge", () => {
  test.each(["once", "for ever"])("with any of its requests failing %s", async (how) => {
    let count = 0;
    await new MergeTrial().run((_, index) => (count = index, false));
    expect(count).toBeGreaterThan(20);
    for (let at = 1; at <= count; at++) {
      const fails = (_: Request, index: number) => how === "once" ? index === at : index >= at;
      await new MergeTrial().run(fails).catch((cause) => {
        throw new Error(`Request ${at} fails ${how}: ${cause.message}`, { cause });
      });
    }
  });
});

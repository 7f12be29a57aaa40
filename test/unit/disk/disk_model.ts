/**
 * A model of a disk: every snapshot and every branch as a whole copy of its contents.
 */
import { assert } from "@std/assert";
import type { BlockDeviceError } from "../../../src/block/errors.ts";
import type { AsyncDisk } from "../../../src/disk/async_disk.ts";
import { Disk } from "../../../src/disk/disk.ts";
import type { DiskOptions } from "../../../src/disk/disk_options.ts";
import { ModelReaders } from "./model_readers.ts";
import { patternOf, Prng } from "../../../src/testing/mod.ts";

export const SECTOR_COUNT = 100;
const CHUNK_SECTORS = 8;
const BYTE_COUNT = SECTOR_COUNT * 512;

/** All bytes of a disk. */
export async function contentsOf(disk: AsyncDisk): Promise<Uint8Array> {
  const bytes = new Uint8Array(disk.device.sectorCount * 512);
  await disk.device.read(bytes, 0);
  return bytes;
}

export function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** Whole chunks in which two states differ, as a diff tells them. */
export function changesBetween(
  one: Uint8Array,
  other: Uint8Array,
): { sector: number; sectorCount: number }[] {
  const extents: { sector: number; sectorCount: number }[] = [];
  for (let sector = 0; sector < SECTOR_COUNT; sector += CHUNK_SECTORS) {
    const sectorCount = Math.min(CHUNK_SECTORS, SECTOR_COUNT - sector);
    const [from, to] = [sector * 512, (sector + sectorCount) * 512];
    if (areEqual(one.subarray(from, to), other.subarray(from, to))) continue;
    const last = extents.at(-1);
    if (last !== undefined && last.sector + last.sectorCount === sector) {
      last.sectorCount += sectorCount;
    } else extents.push({ sector, sectorCount });
  }
  return extents;
}

/** A disk beside its model. */
export class DiskTrial {
  readonly #prng: Prng;
  readonly #openDisk: (branch: string) => Promise<AsyncDisk>;
  readonly #origin: Uint8Array;
  readonly snapshots = new Map<string, Uint8Array>();
  readonly branches = new Map<string, Uint8Array>();
  readonly #open = new Map<string, AsyncDisk>();
  readonly log: string[] = [];
  readonly #readers: ModelReaders | null;
  #nameCount = 0;
  #underWay: Promise<unknown>[] = [];

  constructor(
    seed: string,
    openDisk: ((branch: string) => Promise<AsyncDisk>) | "beside readers",
    origin: Uint8Array,
  ) {
    this.#prng = Prng.fromSeed(seed);
    const readers = openDisk === "beside readers" ? new ModelReaders(this.#prng, this.log) : null;
    this.#readers = readers;
    this.#openDisk = openDisk === "beside readers"
      ? (branch) => readers!.openDisk(branch)
      : openDisk;
    this.#origin = origin;
    this.branches.set("main", origin);
  }

  async run(operationCount: number): Promise<void> {
    await this.#reopen();
    for (let count = 0; count < operationCount; count++) await this.#step();
    await this.#verify();
    await this.#reopen();
    await this.#readers?.verify();
    await this.#readers?.end();
    await this.#verifyAll();
    await this.#readers?.place.untilLayers(this.snapshots.size + this.branches.size);
    for (const disk of this.#open.values()) await disk.close();
  }

  #newName(): string {
    return `name ${this.#nameCount++}`;
  }

  async #step(): Promise<void> {
    if (this.#readers !== null && this.#prng.int(4) === 0) return await this.#meet(this.#readers);
    const [branch, disk] = this.#prng.pick([...this.#open]);
    const state = this.#prng.pick([null, ...this.snapshots.keys()]);
    const step = this.#prng.int(20);
    if (step < 8) return this.#write(branch, disk);
    if (step < 11) return await this.#snapshot(branch, disk);
    if (step < 13) return await this.#rollBack(branch, disk, state);
    if (step < 15) return await this.#delete(disk);
    if (step === 15) return await this.#fork(disk, state);
    if (step === 16) return await this.#closeOrOpen(branch, disk);
    if (step === 17) return await this.#diff(branch, disk, state);
    if (step === 18) return await this.#verify();
    if (this.#prng.int(3) === 0) await this.#reopen();
  }

  /** Something that readers do, or happens to them. */
  async #meet(readers: ModelReaders): Promise<void> {
    const step = this.#prng.int(8);
    if (step < 2) return await readers.go();
    await this.#settle();
    if (step < 4) return await readers.verify();
    // A deletion that was not awaited takes the name away in a turn of its own.
    for (const disk of this.#open.values()) await disk.diff(null, null);
    const branch = this.#prng.pick([...this.branches.keys()]);
    const snapshot = this.#prng.pick([null, null, ...this.snapshots.keys()]);
    const isFatal = step === 7;
    if (isFatal) { for (const disk of this.#open.values()) await disk.device.flush(); }
    await readers.come({
      branch,
      snapshot,
      want: (snapshot === null ? this.branches.get(branch) : this.snapshots.get(snapshot))!,
      snapshots: [...this.snapshots.keys()],
    }, isFatal);
    if (!isFatal) return;
    // What a crashed tab has in memory goes with it.
    for (const disk of this.#open.values()) await disk.close().catch(() => {});
    await this.#openAgain();
  }

  /** Not awaited: the next change must wait for it. */
  #write(branch: string, disk: AsyncDisk): void {
    const sector = this.#prng.int(SECTOR_COUNT);
    const sectorCount = this.#prng.intBetween(1, Math.min(30, SECTOR_COUNT - sector));
    this.log.push(`write ${sectorCount} sectors at ${sector} of ${branch}`);
    const bytes = patternOf(this.#prng.uint32(), sector, sectorCount);
    const next = (this.branches.get(branch) as Uint8Array).slice();
    next.set(bytes, sector * 512);
    this.branches.set(branch, next);
    // Overlapping requests under way may land in any order, so each begins after the last.
    const fua = this.#prng.bool();
    const before = this.#underWay.at(-1);
    const perform = () => disk.device.write(bytes, sector, { fua });
    this.#underWay.push(before === undefined ? perform() : before.then(perform));
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#underWay = [];
  }

  async #snapshot(branch: string, disk: AsyncDisk): Promise<void> {
    const name = this.#newName();
    this.log.push(`snapshot ${name} of ${branch}`);
    if (this.#underWay.length > 1) await this.#settle();
    await this.#syncOrAsync(
      disk instanceof Disk ? () => disk.snapshotSync(name) : null,
      () => disk.snapshot(name),
    );
    this.snapshots.set(name, this.branches.get(branch) as Uint8Array);
  }

  /** What cannot be done at once has not been begun. */
  async #syncOrAsync(
    perform: (() => void) | null,
    performLater: () => Promise<void>,
  ): Promise<void> {
    if (perform === null || this.#prng.bool()) return await performLater();
    try {
      perform();
    } catch (error) {
      if ((error as BlockDeviceError).code !== "EAGAIN") throw error;
      await performLater();
    }
  }

  async #rollBack(branch: string, disk: AsyncDisk, name: string | null): Promise<void> {
    this.log.push(`roll ${branch} back to ${name}`);
    await this.#settle();
    await this.#syncOrAsync(
      disk instanceof Disk ? () => disk.rollbackSync(name) : null,
      () => disk.rollback(name),
    );
    this.branches.set(branch, this.#stateOf(name));
  }

  #stateOf(name: string | null): Uint8Array {
    return name === null ? this.#origin : this.snapshots.get(name) as Uint8Array;
  }

  async #delete(disk: AsyncDisk): Promise<void> {
    if (this.snapshots.size === 0) return;
    const name = this.#prng.pick([...this.snapshots.keys()]);
    const isAwaited = this.#prng.bool();
    this.log.push(`delete ${name}${isAwaited ? "" : ", in the background"}`);
    this.snapshots.delete(name);
    // The disk may be closed before it is done.
    const ending = disk.delete(name).catch((error) => {
      const isExpected = error.code === "ESHUTDOWN" || /the tab is gone$/.test(error.message);
      assert(isExpected, String(error));
    });
    // The name is taken away by the first turn; what comes next waits for it. A reader may stay long.
    if (isAwaited && this.#readers === null) await ending;
  }

  async #fork(disk: AsyncDisk, name: string | null): Promise<void> {
    if (this.branches.size > 3) return await this.#removeBranch(disk);
    const branch = this.#newName();
    this.log.push(`fork ${branch} on ${name}`);
    this.#open.set(branch, await disk.fork(name, branch));
    this.branches.set(branch, this.#stateOf(name));
  }

  async #removeBranch(disk: AsyncDisk): Promise<void> {
    const branch = [...this.branches.keys()].find((each) => !this.#open.has(each));
    if (branch === undefined) return;
    this.log.push(`remove the branch ${branch}`);
    await disk.removeBranch(branch);
    this.branches.delete(branch);
  }

  async #closeOrOpen(branch: string, disk: AsyncDisk): Promise<void> {
    const closed = [...this.branches.keys()].find((each) => !this.#open.has(each));
    if (closed !== undefined) {
      this.log.push(`open ${closed}`);
      this.#open.set(closed, await disk.openBranch(closed));
    } else if (this.#open.size > 1) {
      this.log.push(`close ${branch}`);
      await this.#settle();
      await disk.close();
      this.#open.delete(branch);
    }
  }

  async #diff(branch: string, disk: AsyncDisk, name: string | null): Promise<void> {
    this.log.push(`diff ${name} with ${branch}`);
    await this.#settle();
    const found = JSON.stringify(await disk.diff(name));
    const wanted = JSON.stringify(
      changesBetween(this.#stateOf(name), this.branches.get(branch) as Uint8Array),
    );
    assert(found === wanted, `the diff is ${found}, want ${wanted}`);
  }

  async #reopen(): Promise<void> {
    this.log.push("close everything, open it");
    await this.#settle();
    for (const disk of this.#open.values()) await disk.close();
    await this.#openAgain();
  }

  async #openAgain(): Promise<void> {
    const names = [...this.#open.keys()];
    this.#open.clear();
    const [first = "main", ...others] = names;
    const disk = await this.#openDisk(first);
    this.#open.set(first, disk);
    for (const name of others) this.#open.set(name, await disk.openBranch(name));
  }

  /** What is open shows what the model says. */
  async #verify(): Promise<void> {
    await this.#settle();
    // A deletion that was not awaited takes the name away in a turn of its own.
    for (const disk of this.#open.values()) await disk.diff(null, null);
    for (const [branch, disk] of this.#open) {
      const isRight = areEqual(await contentsOf(disk), this.branches.get(branch) as Uint8Array);
      assert(isRight, `the branch ${branch} reads wrong`);
      if (disk instanceof Disk) disk.check();
    }
    const [disk] = [...this.#open.values()] as [AsyncDisk];
    const names = disk.snapshots.map(({ name }) => name).sort();
    assert(
      JSON.stringify(names) === JSON.stringify([...this.snapshots.keys()].sort()),
      `there are the snapshots ${names}`,
    );
  }

  /** So does every snapshot, after everything was deleted that can be. */
  async #verifyAll(): Promise<void> {
    const [disk] = [...this.#open.values()] as [AsyncDisk];
    await disk.settleDeletions();
    await this.#verify();
    for (const [name, bytes] of this.snapshots) {
      const fork = await disk.fork(name, "the last");
      assert(areEqual(await contentsOf(fork), bytes), `the snapshot ${name} reads wrong`);
      await fork.close();
      await disk.removeBranch("the last");
    }
  }
}

/** A trial of a disk beside readers. */
export function tryDiskBesideReaders(seed: string): Promise<void> {
  return tryDiskThatIs("beside readers", seed, "test/unit/disk/disk_model.test.ts");
}

/** A trial of a disk in this thread. */
export function tryDisk(seed: string, options: DiskOptions, origin?: Uint8Array): Promise<void> {
  const openDisk = (branch: string) => Disk.open("trial", { ...options, branch });
  return tryDiskThatIs(openDisk, seed, "test/unit/disk/disk_model.test.ts", origin);
}

/** A trial's failure, with what is needed to have it again. */
export async function tryDiskThatIs(
  openDisk: ((branch: string) => Promise<AsyncDisk>) | "beside readers",
  seed: string,
  file: string,
  origin: Uint8Array = new Uint8Array(BYTE_COUNT),
): Promise<void> {
  const trial = new DiskTrial(seed, openDisk, origin);
  try {
    await trial.run(40);
  } catch (cause) {
    throw new Error(
      `seed "${seed}": ${cause instanceof Error ? cause.message : cause}\n` +
        `replay: SEED="${seed}" deno task test:unit ${file}\n` +
        trial.log.join("\n"),
      { cause },
    );
  }
}

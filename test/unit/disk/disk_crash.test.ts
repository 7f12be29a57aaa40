import { assert } from "@std/assert";
import { expect, test } from "vitest";
import { createMemoryDevice, type MemoryDevice } from "../../../src/devices/mod.ts";
import { Disk } from "../../../src/disk/disk.ts";
import { patternOf, Prng } from "../../../src/testing/mod.ts";
import { failFrom, SimulatedStorage } from "./simulated_storage.ts";

const SECTOR_COUNT = 96;

/** What a disk holds, by snapshot; the branch's own state has the name `null`. */
type State = ReadonlyMap<string | null, Uint8Array>;

/** A change, and what a disk holds after it. */
interface Change {
  readonly text: string;
  perform(disk: Disk): Promise<void>;
  apply(state: State): State;
}

function write(seed: number, sector: number, sectorCount: number): Change {
  const bytes = patternOf(seed, sector, sectorCount);
  return {
    text: `write ${sectorCount} sectors at ${sector}`,
    async perform(disk) {
      await disk.device.write(bytes, sector);
      await disk.device.flush();
    },
    apply(state) {
      const contents = state.get(null)!.slice();
      contents.set(bytes, sector * 512);
      return new Map(state).set(null, contents);
    },
  };
}

function snapshot(name: string): Change {
  return {
    text: `snapshot ${name}`,
    perform: (disk) => disk.snapshot(name),
    apply: (state) => new Map(state).set(name, state.get(null)!),
  };
}

function rollback(name: string): Change {
  return {
    text: `roll back to ${name}`,
    perform: (disk) => disk.rollback(name),
    apply: (state) => new Map(state).set(null, state.get(name)!),
  };
}

function remove(name: string): Change {
  return {
    text: `delete ${name}`,
    perform: (disk) => disk.delete(name),
    apply(state) {
      const left = new Map(state);
      left.delete(name);
      return left;
    },
  };
}

function fork(name: string, branch: string): Change {
  return {
    text: `fork ${branch} on ${name}`,
    perform: async (disk) => await (await disk.fork(name, branch)).close(),
    apply: (state) => state,
  };
}

function removeBranch(branch: string): Change {
  return {
    text: `remove the branch ${branch}`,
    perform: (disk) => disk.removeBranch(branch),
    apply: (state) => state,
  };
}

const LIFE: readonly Change[] = [
  write(1, 0, 40),
  snapshot("one"),
  write(2, 10, 20),
  snapshot("two"),
  write(3, 24, 30),
  fork("one", "side"),
  rollback("one"),
  write(4, 3, 9),
  snapshot("three"),
  write(5, 60, 10),
  remove("one"),
  removeBranch("side"),
  rollback("two"),
  write(6, 0, 3),
  remove("two"),
  remove("three"),
];

async function contentsOf(disk: Disk): Promise<Uint8Array> {
  const bytes = new Uint8Array(SECTOR_COUNT * 512);
  await disk.device.read(bytes, 0);
  return bytes;
}

/** What a disk holds, found by going back to each of its snapshots. */
async function stateOf(disk: Disk): Promise<State> {
  const state = new Map<string | null, Uint8Array>([[null, await contentsOf(disk)]]);
  for (const { name } of disk.snapshots) {
    await disk.rollback(name);
    state.set(name, await contentsOf(disk));
  }
  disk.check();
  return state;
}

function areSame(one: State, other: State): boolean {
  return one.size === other.size &&
    [...one].every(([name, bytes]) => {
      const same = other.get(name);
      return same !== undefined && Buffer.compare(bytes, same) === 0;
    });
}

async function openDisk(storage: SimulatedStorage): Promise<Disk> {
  return await Disk.open("crash", { origin: SECTOR_COUNT, storage });
}

const EMPTY: State = new Map([[null, new Uint8Array(SECTOR_COUNT * 512)]]);

test(
  "a loss of power in any step of a disk's life leaves it as before or after the change",
  async () => {
    const prng = Prng.fromSeed("disk");
    const storage = new SimulatedStorage();
    let survivors: { storage: SimulatedStorage; what: string }[] = [];
    storage.onStep = (what) => {
      for (let cut = 0; cut < 4; cut++) survivors.push({ storage: storage.afterCut(prng), what });
    };
    let stateCount = 0;
    const verify = async (allowed: readonly State[], text: string) => {
      for (const { storage, what } of survivors) {
        await using disk = await openDisk(storage);
        await disk.settleDeletions();
        const found = await stateOf(disk);
        assert(
          allowed.some((state) => areSame(found, state)),
          `${text}, power lost before: ${what}: the disk is neither as before nor as after`,
        );
        stateCount++;
      }
      survivors = [];
    };
    let state = EMPTY;
    const disk = await openDisk(storage);
    await verify([EMPTY], "open");
    for (const change of LIFE) {
      await change.perform(disk);
      const after = change.apply(state);
      // A write that was under way may be there in part; every snapshot is as it was.
      if (!change.text.startsWith("write")) await verify([state, after], change.text);
      survivors = [];
      state = after;
    }
    await disk.close();
    expect(stateCount).toBeGreaterThan(300);
  },
  60_000,
);

test("a failure in any step of a change leaves the disk as it was, or changed", async () => {
  for (const [index, change] of LIFE.entries()) {
    if (change.text.startsWith("write")) continue;
    let hasFailed = true;
    for (let step = 0; hasFailed; step++) {
      const storage = new SimulatedStorage();
      let state = EMPTY;
      const disk = await openDisk(storage);
      for (const earlier of LIFE.slice(0, index)) {
        await earlier.perform(disk);
        state = earlier.apply(state);
      }
      failFrom(storage, step, 1);
      hasFailed = await change.perform(disk).then(() => false, () => true);
      storage.onStep = () => {};
      const allowed = [state, change.apply(state)];
      const live = await contentsOf(disk);
      assert(
        allowed.some((each) => Buffer.compare(each.get(null)!, live) === 0),
        `${change.text}, step ${step} failed: the open disk reads wrong`,
      );
      await disk.close();
      await using again = await openDisk(storage);
      await again.settleDeletions();
      const found = await stateOf(again);
      assert(
        allowed.some((each) => areSame(found, each)),
        `${change.text}, step ${step} failed: the disk is neither as before nor as after`,
      );
      assert(step < 500, "a change has an end");
    }
  }
}, 60_000);

/** What a branch shows on one origin, and what it shall show on the other. */
async function rebasingDisk(storage: SimulatedStorage) {
  const origins = [11, 12].map((seed) =>
    createMemoryDevice({ sectorCount: SECTOR_COUNT, content: patternOf(seed, 0, SECTOR_COUNT) })
  ) as [MemoryDevice, MemoryDevice];
  const disk = await Disk.open("crash", { origin: origins[0], storage });
  await disk.device.write(patternOf(1, 8, 16), 8);
  await disk.snapshot("one");
  await disk.device.write(patternOf(2, 40, 8), 40);
  const contents = origins.map((origin) => {
    const bytes = new Uint8Array(SECTOR_COUNT * 512);
    origin.readSync(bytes, 0);
    bytes.set(patternOf(1, 8, 16), 8 * 512);
    bytes.set(patternOf(2, 40, 8), 40 * 512);
    return bytes;
  }) as [Uint8Array, Uint8Array];
  await disk.device.flush();
  return { disk, origins, contents };
}

/** A disk is on one of its origins, reads as it should there, and is refused on the other. */
async function requireOneOrigin(
  storage: SimulatedStorage,
  origins: readonly MemoryDevice[],
  contents: readonly Uint8Array[],
): Promise<void> {
  let openedCount = 0;
  for (const [at, origin] of origins.entries()) {
    const disk = await Disk.open("crash", { origin, storage }).catch((error) => {
      assert(/has changed/.test(error.message), error.message);
      return null;
    });
    if (disk === null) continue;
    openedCount++;
    assert(Buffer.compare(await contentsOf(disk), contents[at]!) === 0, `origin ${at}`);
    await disk.close();
  }
  assert(openedCount === 1, `the disk is on ${openedCount} of its origins`);
}

test("a loss of power in any step of a rebase leaves the disk on one origin or the other", async () => {
  const prng = Prng.fromSeed("rebase");
  const storage = new SimulatedStorage();
  const { disk, origins, contents } = await rebasingDisk(storage);
  const survivors: SimulatedStorage[] = [];
  storage.onStep = () => {
    for (let way = 0; way < 6; way++) survivors.push(storage.afterCut(prng));
  };
  await disk.rebase(origins[1]);
  storage.onStep = () => {};
  survivors.push(storage.afterCut(prng));
  for (const survivor of survivors) await requireOneOrigin(survivor, origins, contents);
  expect(survivors.length).toBeGreaterThan(12);
  await disk.close();
});

test("a failure in any step of a rebase leaves the disk on one origin", async () => {
  for (const failureCount of [1, 2, 3]) {
    let hasFailed = true;
    for (let step = 0; hasFailed; step++) {
      const storage = new SimulatedStorage();
      const { disk, origins, contents } = await rebasingDisk(storage);
      failFrom(storage, step, failureCount);
      hasFailed = await disk.rebase(origins[1]).then(() => false, () => true);
      storage.onStep = () => {};
      const wanted = contents[hasFailed ? 0 : 1];
      const isRight = await Promise.try(() => contentsOf(disk)).then(
        (live) => Buffer.compare(live, wanted) === 0,
        (error) => error.code === "ESHUTDOWN" && failureCount > 1,
      );
      assert(isRight, `step ${step} of ${failureCount} failed: the open disk reads wrong`);
      await disk.close();
      await requireOneOrigin(storage, origins, contents);
      assert(step < 500, "a rebase has an end");
    }
  }
});

test("a manifest that fails for good closes the branch, which is found as before or after", async () => {
  let hasFailed = true;
  for (let step = 0; hasFailed; step++) {
    const storage = new SimulatedStorage();
    const disk = await openDisk(storage);
    await write(1, 0, 20).perform(disk);
    await disk.snapshot("one");
    await write(2, 10, 20).perform(disk);
    const before = await contentsOf(disk);
    failFrom(storage, step, Infinity);
    hasFailed = await disk.rollback("one").then(() => false, () => true);
    let live: Uint8Array | null = null;
    storage.onStep = () => {};
    try {
      live = await contentsOf(disk);
      // What was answered after a failure is not lost with the next opening.
      await write(3, 0, 5).perform(disk);
    } catch (error) {
      assert((error as { code?: string }).code === "ESHUTDOWN", String(error));
    }
    await disk.close();
    await using again = await openDisk(storage);
    const found = await contentsOf(again);
    await again.rollback("one");
    const after = await contentsOf(again);
    if (live !== null) {
      live.set(patternOf(3, 0, 5));
      assert(Buffer.compare(found, live) === 0, `step ${step}: what was written last is lost`);
    } else {
      const isEither = [before, after].some((bytes) => Buffer.compare(found, bytes) === 0);
      assert(isEither, `step ${step}: neither as before nor as after`);
    }
    assert(step < 100, "a change has an end");
  }
});

import { describe, expect, test } from "vitest";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { runAsync, runSync } from "../../../src/block/plan.ts";
import { CommitQueue } from "../../../src/exception/commit_queue.ts";
import type { ExceptionRun, ExceptionStore } from "../../../src/exception/mod.ts";
import type { PendingException } from "../../../src/exception/pending_exceptions.ts";
import { PersistentStore } from "../../../src/exception/store/persistent_store.ts";
import { openStore, range } from "./images.ts";
import { Bench, quiet } from "./rig.ts";

/** A queue in front of a store on a slow disk, and what it tells. */
async function setUp(cowSectors = 300) {
  const bench = new Bench();
  const cow = bench.disk("cow", cowSectors);
  const source = bench.disk("source", 300);
  const options = { source: source.device, chunkSectors: 1, hasOverflow: false, log: () => {} };
  const store = new PersistentStore({ cow: cow.slow, ...options });
  await bench.settle(runAsync(store.readMetadata(() => {})));
  const told: string[] = [];
  const queue = new CommitQueue(store, true, {
    onComplete: ({ oldChunk, count }) => told.push(`complete ${oldChunk}+${count}`),
    onInvalidating: (reason) => told.push(`invalidating: ${reason}`),
    onInvalid: (reason) => told.push(`invalid: ${reason}`),
  });
  bench.trace = [];
  return { bench, cow, source, store, queue, told };
}

type SetUp = Awaited<ReturnType<typeof setUp>>;

/** Allocates one run and says whether it has been committed. */
function allocate({ queue }: SetUp, first: number, count = 1, durable = true): PendingException {
  const [run, ...others] = queue.allocate(first, count, durable);
  if (run === undefined || others.length > 0) throw new Error("Want one run");
  return run;
}

function fill({ queue }: SetUp, run: PendingException): Promise<void> {
  run.isFilled = true;
  return runAsync(queue.commitThrough(run));
}

describe("allocation", () => {
  test("a request is one run, but where an area lies in between", async () => {
    const { queue } = await setUp();
    const runs = queue.allocate(10, 40, true);
    expect(runs.map(({ oldChunk, newChunk, count }) => [oldChunk, newChunk, count])).toEqual([
      [10, 2, 32],
      [42, 35, 8],
    ]);
    expect(queue.pending.chunkCount).toBe(40);
  });

  test("what there is room for is made, from the first on; then nothing", async () => {
    const { queue } = await setUp(10);
    expect(queue.allocate(0, 20, true).map(({ count }) => count)).toEqual([8]);
    expect(queue.allocate(8, 1, true)).toEqual([]);
  });
});

describe("commit order is allocation order", () => {
  test("whatever order the data arrives in", async () => {
    for (const order of [[2, 1, 0], [1, 2, 0], [0, 2, 1], [2, 0, 1], [1, 0, 2]]) {
      const set = await setUp();
      const runs = [7, 5, 6].map((chunk) => allocate(set, chunk));
      const commits = [];
      for (const index of order) {
        commits.push(fill(set, runs[index]!));
        await quiet();
        while (set.bench.held.length > 0) await set.bench.release();
      }
      await Promise.all(commits);
      expect(set.told).toEqual(["complete 7+1", "complete 5+1", "complete 6+1"]);
      const { runs: found } = openStore(set.cow, set.source, 1);
      expect(found.flatMap((run) => range(run.oldChunk, run.count))).toEqual([7, 5, 6]);
      set.queue.check();
    }
  });

  test("a run whose data is there waits for an earlier one, and nothing is written meanwhile", async () => {
    const set = await setUp();
    const [first, second] = [allocate(set, 1), allocate(set, 2)];
    const later = fill(set, second);
    await quiet();
    expect([set.bench.heldWords(), set.told, second.done.isOpen]).toEqual([[], [], false]);
    await set.bench.settle(Promise.all([later, fill(set, first)]));
    expect(set.bench.takeTrace()).toEqual(["cow flush", "cow write 1+1 fua"]);
  });

  test("under load commits group themselves", async () => {
    const set = await setUp();
    const runs = range(0, 20).map((index) => allocate(set, index * 2));
    const commits = runs.map((run) => fill(set, run));
    await set.bench.settle(Promise.all(commits));
    const writes = set.bench.trace.filter(({ kind }) => kind === "write");
    expect(writes.length).toBe(2); // the first alone, all others together
    expect(set.told.length).toBe(20);
  });

  test("a run is complete only when its entries are durable, if it must be", async () => {
    const set = await setUp();
    const commit = fill(set, allocate(set, 3));
    await set.bench.release(/flush/);
    expect([set.told, set.queue.isBusy]).toEqual([[], true]);
    await set.bench.release(/write/);
    expect([set.told, set.queue.isBusy]).toEqual([["complete 3+1"], false]);
    await commit;
  });

  test("runs that need not be durable are complete at once, and known not to be settled", async () => {
    const set = await setUp();
    await fill(set, allocate(set, 3, 2, false));
    expect([set.told, set.bench.takeTrace()]).toEqual([["complete 3+2"], []]);
    expect(set.queue.unsettled.overlaps(4, 4)).toBe(true);
    await set.bench.settle(runAsync(set.queue.settle()));
    expect(set.bench.takeTrace()).toEqual(["cow flush", "cow write 1+1 fua"]);
    expect(set.queue.unsettled.overlaps(4, 4)).toBe(false);
    set.queue.check();
  });

  test("a store that settles for a reason of its own is noticed", async () => {
    const set = await setUp();
    await fill(set, allocate(set, 3, 1, false));
    const { store, queue } = set;
    await set.bench.settle(runAsync(queue.exclusively(store.prepareMerge())));
    expect(queue.unsettled.chunkCount).toBe(0);
  });
});

describe("invalid", () => {
  test("data that could not be written: its run fails, those before it do not, those behind do", async () => {
    const set = await setUp();
    const runs = [1, 2, 3].map((chunk) => allocate(set, chunk));
    runs[1]!.failure = new BlockDeviceError("EIO", "worn");
    const commits = runs.map((run) => fill(set, run));
    await set.bench.settle(Promise.all(commits));
    expect(set.told).toEqual([
      "complete 1+1",
      "invalidating: Error reading/writing",
      "invalid: Error reading/writing",
    ]);
    expect(runs.map(({ failure }) => (failure as Error | null)?.message ?? null)).toEqual([
      null,
      "worn",
      "Cannot commit: the exceptions are invalid",
    ]);
    expect(set.queue.pending.chunkCount).toBe(0);
    expect(openStore(set.cow, set.source, 1).state).toBe("invalid");
  });

  test.each(["flush", "write"])("metadata that cannot be written: %s", async (kind) => {
    const set = await setUp();
    const run = allocate(set, 1);
    set.bench.fault = (request) => request.kind === kind && request.sector !== 0;
    if (kind === "flush") set.bench.fault = (request) => request.kind === "flush";
    await set.bench.settle(fill(set, run));
    expect(set.told).toEqual([
      "invalidating: Error reading/writing",
      "invalid: Error reading/writing",
    ]);
    expect([run.failure === null, run.done.isOpen, set.queue.isValid]).toEqual([
      false,
      true,
      false,
    ]);
  });

  test("an invalidation is told once, and only when the store knows", async () => {
    const set = await setUp();
    const one = runAsync(set.queue.invalidate("first"));
    const two = runAsync(set.queue.invalidate("second"));
    await quiet();
    expect([set.queue.isValid, set.queue.isInvalidating]).toEqual([false, true]);
    expect(set.told).toEqual(["invalidating: first"]);
    await set.bench.settle(Promise.all([one, two]));
    expect(set.queue.isInvalidating).toBe(false);
    expect(set.told).toEqual(["invalidating: first", "invalid: first"]);
  });

  test("it is under way from its call, also while it waits for a commit and in between", async () => {
    const set = await setUp();
    const commit = fill(set, allocate(set, 1));
    const seen: boolean[] = [];
    const watch = runAsync((function* () {
      // Woken by the commit's end, before the invalidation goes on.
      while (set.queue.isBusy) {
        yield { kind: "wait" as const, gate: set.queue.nextChange, why: "a change" };
      }
      seen.push(set.queue.isInvalidating);
    })());
    const invalidation = runAsync(set.queue.invalidate("full"));
    await set.bench.release(/flush/);
    await set.bench.release(/write/);
    await watch;
    expect([seen, set.queue.isInvalidating]).toEqual([[true], true]);
    await set.bench.settle(Promise.all([commit, invalidation]));
    expect(set.queue.isInvalidating).toBe(false);
  });

  test("a commit that fails while an invalidation waits is no second one", async () => {
    const set = await setUp();
    set.bench.fault = ({ kind }) => kind === "flush";
    const commit = fill(set, allocate(set, 1));
    const invalidation = runAsync(set.queue.invalidate("full"));
    await set.bench.settle(Promise.all([commit, invalidation]));
    expect(set.told.filter((line) => line.startsWith("invalid:")).length).toBe(1);
    set.queue.check();
  });

  test("a device that cannot even be told leaves the queue invalid", async () => {
    const set = await setUp();
    set.bench.fault = () => true;
    await set.bench.settle(runAsync(set.queue.invalidate("full")));
    expect([set.queue.isValid, set.queue.isInvalidating]).toEqual([false, false]);
    set.bench.fault = () => false;
    expect(openStore(set.cow, set.source, 1).state).toBe("loaded");
  });
});

test("plans of the store do not overlap", async () => {
  const set = await setUp();
  const order: string[] = [];
  function* plan(name: string) {
    order.push(`${name} begins`);
    yield { kind: "flush" as const, device: set.cow.slow };
    order.push(`${name} ends`);
  }
  const both = ["a", "b"].map((name) => runAsync(set.queue.exclusively(plan(name))));
  await set.bench.settle(Promise.all(both));
  expect(order).toEqual(["a begins", "a ends", "b begins", "b ends"]);
});

test("a synchronous caller that would have to wait is told so, and nothing has changed", async () => {
  const set = await setUp();
  const commit = fill(set, allocate(set, 1));
  expect(() => runSync(set.queue.settle())).toThrow(expect.objectContaining({ code: "EAGAIN" }));
  expect(set.queue.isValid).toBe(true);
  await set.bench.settle(commit);
  expect(set.told).toEqual(["complete 1+1"]);
});

describe("a store that can retire new chunks", () => {
  /** A queue in front of a store in memory that notes what it is told; `refuses` makes a verb fail. */
  function setUpRetiring(refuses: "retire" | "commit" | "nothing" = "nothing") {
    const notes: string[] = [];
    let nextChunk = 100;
    const words = ({ oldChunk, newChunk, count }: ExceptionRun) =>
      `${oldChunk}>${newChunk}+${count}`;
    const fail = (verb: string) => {
      if (refuses === verb) throw new BlockDeviceError("EIO", `No ${verb}`);
    };
    const store: ExceptionStore = {
      type: "bbr",
      chunkSectors: 1,
      unsettledCount: 0,
      *readMetadata() {
        return "fresh" as const;
      },
      prepareException: () => nextChunk++,
      *commitExceptions(runs) {
        fail("commit");
        notes.push(`commit ${runs.map(words).join(" ")}`);
      },
      *retireException(run) {
        fail("retire");
        notes.push(`retire ${words(run)}`);
      },
      *invalidate() {
        notes.push("invalidate");
      },
      usage: () => ({ allocatedSectors: 0, totalSectors: 0, metadataSectors: 0 }),
      destroy() {},
    };
    const queue = new CommitQueue(store, true, {
      onComplete: (run) => notes.push(`complete ${words(run)}`),
      onInvalidating: () => {},
      onInvalid: (reason) => notes.push(`invalid: ${reason}`),
    });
    const end = (run: PendingException, failure: unknown = null) => {
      run.failure = failure;
      run.isFilled = true;
      return runAsync(queue.commitThrough(run));
    };
    return { queue, notes, end };
  }

  const worn = new BlockDeviceError("EIO", "The medium is worn");

  test("is told of those that could not be filled, in their turn, and stays valid", async () => {
    const { queue, notes, end } = setUpRetiring();
    const [one, two, three] = [7, 8, 9].map((chunk) => queue.allocate(chunk, 1, true)[0]!);
    const ends = [end(three!), end(two!, worn)];
    await quiet();
    expect(notes).toEqual([]);
    await Promise.all([...ends, end(one!)]);
    expect(notes).toEqual([
      "commit 7>100+1",
      "complete 7>100+1",
      "retire 8>101+1",
      "commit 9>102+1",
      "complete 9>102+1",
    ]);
    expect([queue.isValid, two!.failure, queue.pending.chunkCount]).toEqual([true, worn, 0]);
    queue.check();
  });

  test("and that cannot note it is invalidated, once", async () => {
    const { queue, notes, end } = setUpRetiring("retire");
    const [run] = queue.allocate(7, 1, true);
    await end(run!, worn);
    expect([notes, queue.isValid]).toEqual([
      ["invalidate", "invalid: Error reading/writing"],
      false,
    ]);
  });

  test("is not told of chunks that are not at fault: it is invalidated", async () => {
    const { queue, notes, end } = setUpRetiring();
    const [run] = queue.allocate(7, 1, true);
    await end(run!, new BlockDeviceError("ENOMEM", "No memory"));
    expect([notes, queue.isValid]).toEqual([
      ["invalidate", "invalid: Error reading/writing"],
      false,
    ]);
  });

  test("is invalidated as any other when a commit fails", async () => {
    const { queue, notes, end } = setUpRetiring("commit");
    const [run] = queue.allocate(7, 1, true);
    await end(run!);
    expect([notes.at(-1), queue.isValid]).toEqual(["invalid: Error reading/writing", false]);
  });
});

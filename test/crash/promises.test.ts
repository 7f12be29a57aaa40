/**
 * The model of what was promised, by itself: it must neither forbid what may be nor allow what must not.
 */
import { describe, expect, test } from "vitest";
import { Moments, Promises } from "./promises.ts";

function view(): Promises {
  return Promises.holding([[0], [0]], new Moments());
}

const survivors = (promises: { survivors(sector: number): Set<number> }) =>
  [...promises.survivors(0)].sort();
const readable = (promises: Promises, begunAt = promises.beginRead()) =>
  [...promises.readable(0, begunAt)].sort();

/** A write that was answered. */
function wrote(promises: Promises, stamp: number, isDurable = false) {
  const write = promises.issue(stamp, 0, 1);
  promises.answer(write, isDurable);
  return write;
}

function flushed(promises: Promises): void {
  promises.endFlush(promises.beginFlush());
}

describe("writes", () => {
  test("a write under way may be read or not, survive or not", () => {
    const promises = view();
    promises.issue(1, 0, 1);
    expect(readable(promises)).toEqual([0, 1]);
    expect(survivors(promises)).toEqual([0, 1]);
    expect([...promises.survivors(1)]).toEqual([0]);
  });

  test("a write that was answered is read, and may be lost", () => {
    const promises = view();
    wrote(promises, 1);
    expect(readable(promises)).toEqual([1]);
    expect(survivors(promises)).toEqual([0, 1]);
  });

  test("a write with FUA survives once it is answered, and what was before it does not", () => {
    const promises = view();
    wrote(promises, 1);
    wrote(promises, 2, true);
    expect(survivors(promises)).toEqual([2]);
  });

  test("of two writes that were under way together either may be the last", () => {
    const promises = view();
    const first = promises.issue(1, 0, 1);
    const second = promises.issue(2, 0, 1);
    promises.answer(first, true);
    promises.answer(second, true);
    expect(readable(promises)).toEqual([1, 2]);
    expect(survivors(promises)).toEqual([1, 2]);
  });

  test("a write in doubt is possible, and makes nothing impossible", () => {
    const promises = view();
    promises.leaveInDoubt(promises.issue(1, 0, 1));
    flushed(promises);
    expect(readable(promises)).toEqual([0, 1]);
    expect(survivors(promises)).toEqual([0, 1]);
    wrote(promises, 2, true);
    expect(readable(promises)).toEqual([2]);
    expect(survivors(promises)).toEqual([2]);
  });

  test("a read that began before a write was answered may find what was before it", () => {
    const promises = view();
    const begunAt = promises.beginRead();
    wrote(promises, 1, true);
    expect(readable(promises, begunAt)).toEqual([0, 1]);
  });
});

describe("flushes", () => {
  test("make durable what was answered before they began", () => {
    const promises = view();
    wrote(promises, 1);
    flushed(promises);
    expect(survivors(promises)).toEqual([1]);
  });

  test("make nothing durable before they are answered", () => {
    const promises = view();
    wrote(promises, 1);
    promises.beginFlush();
    expect(survivors(promises)).toEqual([0, 1]);
  });

  test("make nothing durable that was answered after they began", () => {
    const promises = view();
    const write = promises.issue(1, 0, 1);
    const flush = promises.beginFlush();
    promises.answer(write, false);
    promises.endFlush(flush);
    expect(survivors(promises)).toEqual([0, 1]);
  });
});

describe("snapshots", () => {
  test("hold what was answered before their creation began, durably, flushed or not", () => {
    const promises = view();
    wrote(promises, 1);
    const snapshot = promises.beginSnapshot(2).born();
    wrote(promises, 2, true);
    expect(survivors(snapshot)).toEqual([1]);
    expect(readable(snapshot)).toEqual([1]);
  });

  test("may hold what was written while they were created", () => {
    const promises = view();
    const unborn = promises.beginSnapshot(2);
    wrote(promises, 1);
    expect(survivors(unborn.born())).toEqual([0, 1]);
  });

  test("make nothing up before their creation is answered", () => {
    const promises = view();
    wrote(promises, 1, true);
    const unborn = promises.beginSnapshot(2);
    wrote(promises, 2, true);
    wrote(promises, 3, true);
    expect(survivors(unborn)).toEqual([1, 2, 3]);
  });

  test("promise what is written to them apart from their parent", () => {
    const promises = view();
    const snapshot = promises.beginSnapshot(2).born();
    wrote(snapshot, 1, true);
    expect(survivors(snapshot)).toEqual([1]);
    expect(survivors(promises)).toEqual([0]);
  });
});

describe("merges", () => {
  test("make the parent promise what the snapshot did", () => {
    const promises = view();
    const snapshot = promises.beginSnapshot(2).born();
    wrote(promises, 1, true);
    wrote(snapshot, 2);
    promises.beginMerge(snapshot);
    promises.endMerge();
    expect(readable(promises)).toEqual([2]);
    expect(survivors(promises)).toEqual([0, 2]);
    flushed(promises);
    expect(survivors(promises)).toEqual([2]);
  });

  test("leave in doubt what was under way, or was issued before they were answered", () => {
    const promises = view();
    const snapshot = promises.beginSnapshot(2).born();
    const underWay = promises.issue(1, 0, 1);
    promises.beginMerge(snapshot);
    promises.answer(underWay, true);
    wrote(promises, 2, true);
    promises.endMerge();
    flushed(promises);
    expect(survivors(promises)).toEqual([0, 1, 2]);
  });

  test("are not flushed by a flush of the parent that began before they did", () => {
    const promises = view();
    const snapshot = promises.beginSnapshot(2).born();
    wrote(snapshot, 1);
    const flush = promises.beginFlush();
    promises.beginMerge(snapshot);
    promises.endMerge();
    promises.endFlush(flush);
    expect(survivors(promises)).toEqual([0, 1]);
  });

  test("a read that began before may still find the parent", () => {
    const promises = view();
    const snapshot = promises.beginSnapshot(2).born();
    wrote(promises, 1);
    const begunAt = promises.beginRead();
    promises.beginMerge(snapshot);
    promises.endMerge();
    expect(readable(promises, begunAt)).toEqual([0, 1]);
    expect(readable(promises)).toEqual([0]);
  });
});

/// <reference lib="dom" />
import { expect, test } from "vitest";
import { takeWebLock } from "../../../../src/devices/web_lock.ts";
import { newLockName, WorkerWatch } from "../../../../src/disk/remote/worker_watch.ts";

/** A watch over something that fails when it is told to. */
function rig() {
  const { port1: worker } = new MessageChannel();
  const told: string[] = [];
  let wake = () => {};
  const watch = new WorkerWatch(worker, (why) => {
    told.push(why);
    wake();
  });
  return {
    watch,
    told,
    fail: () => worker.dispatchEvent(new Event("error")),
    gone: () => new Promise<void>((resolve) => wake = resolve),
  };
}

const hold = (lock: string) =>
  takeWebLock("the worker", lock, { whenBusy: "refuse", onStolen() {} });

test("a worker is gone when the lock that it holds can be had", async () => {
  const { watch, told, gone } = rig();
  const lock = newLockName()!;
  const held = await hold(lock);
  const waiting = watch.waitFor(lock);
  expect(told).toEqual([]);
  const ended = gone();
  await held.release();
  await ended;
  await waiting;
  expect(told).toEqual(["its worker has ended"]);
  await (await hold(lock)).release(); // Nobody has it any more.
});

test("a script that fails counts until the worker has said a word", async () => {
  const early = rig();
  early.fail();
  early.fail();
  expect(early.told).toEqual(["the script of its worker has failed"]);
  const late = rig();
  const lock = newLockName()!;
  const held = await hold(lock);
  const waiting = late.watch.waitFor(lock);
  late.fail();
  expect(late.told).toEqual([]);
  late.watch.stop();
  await waiting;
  await held.release();
});

test("nothing is told once it has ended, and no lock is waited for", async () => {
  const { watch, told, fail } = rig();
  const lock = newLockName()!;
  const held = await hold(lock);
  const waiting = watch.waitFor(lock);
  watch.stop();
  await waiting;
  fail();
  await held.release();
  await (await hold(lock)).release();
  expect(told).toEqual([]);
});

test("two workers have two locks", () => {
  expect(newLockName()).not.toBe(newLockName());
});

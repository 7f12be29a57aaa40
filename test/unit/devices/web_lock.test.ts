/// <reference lib="dom" />
import { expect, test } from "vitest";
import { Gate } from "../../../src/block/gate.ts";
import { holdWebLock, takeWebLock } from "../../../src/devices/web_lock.ts";

const name = () => `lock-${crypto.randomUUID()}`;
const never = () => {
  throw new Error("stolen");
};

test("the second to ask is refused with EBUSY, and let in after the first has let go", async () => {
  const lock = name();
  const first = await takeWebLock("disk", lock, { whenBusy: "refuse", onStolen: never });
  await expect(takeWebLock("disk", lock, { whenBusy: "refuse", onStolen: never })).rejects.toThrow(
    expect.objectContaining({
      code: "EBUSY",
      message: 'Cannot open "disk" for writing: it is open elsewhere',
    }),
  );
  await first.release();
  const third = await takeWebLock("disk", lock, { whenBusy: "refuse", onStolen: never });
  await third.release();
});

test("who waits gets the lock when it is free", async () => {
  const lock = name();
  const first = await takeWebLock("disk", lock, { whenBusy: "refuse", onStolen: never });
  const order: string[] = [];
  const second = takeWebLock("disk", lock, { whenBusy: "wait", onStolen: never })
    .then((held) => {
      order.push("second");
      return held;
    });
  order.push("first");
  await first.release();
  await (await second).release();
  expect(order).toEqual(["first", "second"]);
});

test("a wait ends with its signal's reason, and nothing is held then", async () => {
  const lock = name();
  const first = await takeWebLock("disk", lock, { whenBusy: "wait", onStolen: never });
  const impatience = new AbortController();
  const second = takeWebLock("disk", lock, {
    whenBusy: "wait",
    signal: impatience.signal,
    onStolen: never,
  });
  impatience.abort(new Error("enough"));
  await expect(second).rejects.toThrow("enough");
  await first.release();
  await (await takeWebLock("disk", lock, { whenBusy: "refuse", onStolen: never })).release();
});

test("whose lock is taken from them is told so", async () => {
  const lock = name();
  const stolen = new Gate();
  const onStolen = () => stolen.open();
  const first = await takeWebLock("disk", lock, { whenBusy: "refuse", onStolen });
  await navigator.locks.request(lock, { steal: true }, () => {});
  await stolen.wait();
  await first.release();
});

test("any kind of lock can be held, and one that is not to be had at once is null", async () => {
  const lock = name();
  const [one, two] = [
    await holdWebLock(navigator.locks, lock, { mode: "shared" }),
    await holdWebLock(navigator.locks, lock, { mode: "shared" }),
  ];
  expect(await holdWebLock(navigator.locks, lock, { ifAvailable: true })).toBe(null);
  await one!.release();
  await two!.release();
  await (await holdWebLock(navigator.locks, lock, { ifAvailable: true }))!.release();
});

test("where there are no locks the refusal says what to do", async () => {
  const { locks } = navigator;
  Object.defineProperty(navigator, "locks", { value: undefined, configurable: true });
  try {
    await expect(takeWebLock("disk", name(), { whenBusy: "wait", onStolen: never })).rejects
      .toThrow(expect.objectContaining({ code: "ENOTSUP" }));
  } finally {
    Object.defineProperty(navigator, "locks", { value: locks, configurable: true });
  }
});

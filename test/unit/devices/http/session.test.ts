import { describe, expect, test } from "vitest";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { Backoff, type RetryOptions } from "../../../../src/devices/http/backoff.ts";
import { NetworkFailure } from "../../../../src/devices/http/exchange.ts";
import {
  type HttpProgress,
  type Outcome,
  Session,
  type Task,
} from "../../../../src/devices/http/session.ts";
import { quiet, SimulatedClock } from "../../../http/simulated_clock.ts";

const URL = "https://host/disk.img?key=secret";

function rig(retry: RetryOptions = {}) {
  const clock = new SimulatedClock(true);
  const news: HttpProgress[] = [];
  const session = new Session({
    name: "disk",
    url: URL,
    fetch: () => Promise.resolve(new Response(new Uint8Array(7))),
    headers: { "Authorization": "me", "Range": "mine" },
    redirect: "follow",
    clock,
    backoff: new Backoff({ attemptsMax: 3, delayMs: 100, delayMsMax: 5000, ...retry }),
    stallTimeoutMs: Infinity,
    onProgress: (progress) => void news.push(progress),
  });
  return { session, clock, news };
}

type Turn = Outcome<string> | Error;

/** A task whose attempts come to what a list says; the last of it goes on for ever. */
function task(...turns: Turn[]): Task<string> & { times: number[]; clock: SimulatedClock } {
  const made = {
    what: "Cannot read",
    place: { device: "disk", sector: 7, sectorCount: 1 },
    times: [] as number[],
    clock: new SimulatedClock(true),
    attempt: () => {
      made.times.push(made.clock.nowMs());
      const turn = turns.length > 1 ? turns.shift() : turns[0];
      return turn instanceof Error ? Promise.reject(turn) : Promise.resolve(turn!);
    },
  };
  return made;
}

const DONE: Turn = { kind: "done", result: "sectors" };
const AGAIN: Turn = { kind: "again", why: "the server answered 503" };
const after = (seconds: number): Turn => ({ ...AGAIN, retryAfterMs: seconds * 1000 });

describe("an attempt that", () => {
  test("is done returns its result", async () => {
    expect(await rig().session.perform(task(DONE))).toBe("sectors");
  });

  test("may go better is followed by others, after the back-off", async () => {
    const { session, clock, news } = rig();
    const tried = Object.assign(task(AGAIN, AGAIN, DONE), { clock });
    const performing = session.perform(tried);
    await clock.advance(1000);
    expect(await performing).toBe("sectors");
    expect(tried.times).toEqual([0, 100, 300]);
    expect(news.at(-1)).toEqual({
      requestCount: 3,
      retryCount: 2,
      retryReason: "the server answered 503",
      fetchedBytes: 0,
    });
  });

  test("never goes better fails with EIO after the last, with what it was at last", async () => {
    const { session, clock, news } = rig();
    const outcome = session.perform(task(AGAIN)).catch((error) => error);
    await clock.advance(1000);
    expect(await outcome).toMatchObject({
      code: "EIO",
      message: "Cannot read: tried 3 times, at last: the server answered 503",
      device: "disk",
      sector: 7,
      sectorCount: 1,
    });
    expect(news.at(-1)).toMatchObject({ requestCount: 3, retryCount: 2 });
  });

  test("the network failed is one that may go better, and the secret in the URL is not told", async () => {
    const { session } = rig({ attemptsMax: 1 });
    const cause = new NetworkFailure(`error sending request for url (${URL})`);
    expect(await session.perform(task(cause)).catch((error) => error)).toMatchObject({
      code: "EIO",
      message: "Cannot read: tried once, at last: the network failed: " +
        "error sending request for url (https://host/disk.img)",
      cause,
    });
  });

  test("is refused fails at once, with its own code", async () => {
    const { session, news } = rig();
    const refused: Turn = { kind: "refused", code: "ENOENT", why: "not there" };
    expect(await session.perform(task(refused)).catch((error) => error))
      .toMatchObject({ code: "ENOENT", message: "Cannot read: not there" });
    expect(news.length).toBe(1);
    expect(await session.perform(task(DONE))).toBe("sectors"); // It was that task alone.
  });

  test("throws what is not the network's is a mistake, and is not made again", async () => {
    const { session, news } = rig();
    await expect(session.perform(task(new TypeError("a mistake")))).rejects.toThrow("a mistake");
    expect(news.length).toBe(1);
  });
});

describe("an image that has changed", () => {
  const changed: Turn = { kind: "changed", why: "its ETag was 1 and is 2" };

  test("fails this and everything that comes, with the same error, and nothing is sent", async () => {
    const { session, news } = rig();
    const failure = await session.perform(task(changed)).catch((error) => error);
    expect(failure).toMatchObject({
      code: "EIO",
      message: 'Cannot read "disk" any more: the image has changed since it was opened: ' +
        "its ETag was 1 and is 2; open it again",
    });
    expect(() => session.check()).toThrow(failure);
    await expect(session.perform(task(DONE))).rejects.toBe(failure);
    expect(news.length).toBe(1);
  });

  test("ends what is under way and wakes who sleeps; what arrives is not believed", async () => {
    const { session } = rig();
    let arrive: (outcome: Outcome<string>) => void = () => {};
    const slow = session.perform({
      ...task(DONE),
      attempt: () => new Promise<Outcome<string>>((resolve) => void (arrive = resolve)),
    });
    const sleeping = session.perform(task(AGAIN));
    const outcomes = Promise.allSettled([slow, sleeping]);
    await quiet();
    const failure = await session.perform(task(changed)).catch((error) => error);
    arrive(DONE as Outcome<string>);
    for (const outcome of await outcomes) {
      expect(outcome).toEqual({ status: "rejected", reason: failure });
    }
    await session.idle();
  });

  test("is told once, and stays the failure after the end", () => {
    const { session } = rig();
    const told: BlockDeviceError[] = [];
    session.onFailure = (failure) => void told.push(failure);
    const first = new BlockDeviceError("EIO", "changed");
    session.fail(first);
    session.fail(new BlockDeviceError("ESHUTDOWN", "closed"));
    expect(told).toEqual([first]);
    expect(() => session.check()).toThrow(first);
  });
});

describe("a server that asks to stay away", () => {
  test("is not asked anything before that, by anybody", async () => {
    const { session, clock } = rig();
    const first = Object.assign(task(after(3), DONE), { clock });
    const second = Object.assign(task(DONE), { clock });
    const performing = [session.perform(first)];
    await clock.advance(1000);
    performing.push(session.perform(second));
    await clock.advance(5000);
    await Promise.all(performing);
    expect(first.times).toEqual([0, 3000]);
    expect(second.times).toEqual([3000]);
  });

  test("for longer than the bound is not waited for", async () => {
    const { session } = rig();
    expect(await session.perform(task(after(6))).catch((error) => error)).toMatchObject({
      code: "EIO",
      message: "Cannot read: the server answered 503 and asks to stay away for 6 seconds; " +
        "want at most 5",
    });
  });

  test("on its last attempt makes nobody wait for nothing", async () => {
    const { session, clock } = rig({ attemptsMax: 1 });
    await expect(session.perform(task(after(3)))).rejects.toThrow("tried once");
    expect(clock.nowMs()).toBe(0);
  });
});

test("a session is idle when nothing of it is under way any more", async () => {
  const { session } = rig();
  let arrive: (outcome: Outcome<string>) => void = () => {};
  const log: string[] = [];
  const slow = session.perform({
    ...task(DONE),
    attempt: () => new Promise<Outcome<string>>((resolve) => void (arrive = resolve)),
  });
  const idling = session.idle().then(() => void log.push("idle"));
  await quiet();
  log.push("arrival");
  arrive(DONE as Outcome<string>);
  await Promise.all([slow, idling]);
  expect(log).toEqual(["arrival", "idle"]);
});

test("a request carries its own fields before those of the user, and redirects as told", () => {
  expect(rig().session.request({ "Range": "bytes=0-1" })).toEqual({
    headers: { "Authorization": "me", "Range": "bytes=0-1" },
    redirect: "follow",
    cache: "no-store",
  });
});

test("bytes are counted as they come", async () => {
  const { session } = rig();
  await session.perform({
    ...task(DONE),
    async attempt(exchange): Promise<Outcome<string>> {
      await exchange.send({});
      await exchange.fill(new Uint8Array(7), () => {});
      return { kind: "done", result: "" };
    },
  });
  expect(session.progress).toMatchObject({ requestCount: 1, fetchedBytes: 7 });
});

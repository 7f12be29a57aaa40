import { describe, expect, test } from "vitest";
import {
  Exchange,
  type Fetch,
  NetworkFailure,
  sleepUnlessAborted,
} from "../../../../src/devices/http/exchange.ts";
import { StallWatch } from "../../../../src/devices/http/stall_watch.ts";
import { quiet, SimulatedClock } from "../../../http/simulated_clock.ts";

/** A body that comes in given pieces, then ends, breaks off, or goes on for ever. */
function bodyOf(pieces: number[][], ending: "close" | "error" | "silence" = "close") {
  const state = { isCancelled: false, pulled: 0 };
  const stream = new ReadableStream({
    pull(controller) {
      const piece = pieces[state.pulled++];
      if (piece !== undefined) return controller.enqueue(new Uint8Array(piece));
      if (ending === "close") return controller.close();
      if (ending === "error") return controller.error(new TypeError("broken off"));
      return new Promise(() => {});
    },
    cancel: () => void (state.isCancelled = true),
  }, { highWaterMark: 0 });
  return { stream, state };
}

function rig(fetch: Fetch, stallTimeoutMs = Infinity) {
  const clock = new SimulatedClock(true);
  const controller = new AbortController();
  let arrivedBytes = 0;
  const exchange = new Exchange({
    fetch,
    url: "http://host/disk.img",
    signal: controller.signal,
    watch: new StallWatch(clock, stallTimeoutMs),
    onBytes: (byteCount) => void (arrivedBytes += byteCount),
  });
  return { exchange, clock, controller, arrived: () => arrivedBytes };
}

const answering = (stream: ReadableStream | null): Fetch => () =>
  Promise.resolve(new Response(stream));

async function fill(stream: ReadableStream, byteCount: number) {
  const { exchange, arrived } = rig(answering(stream));
  await exchange.send({});
  const target = new Uint8Array(byteCount).fill(0xa5);
  const filled: number[] = [];
  const ending = await exchange.fill(target, (count) => void filled.push(count));
  exchange.end();
  return { ending, target: [...target], filled, arrived: arrived() };
}

describe("a body", () => {
  test("of the wanted length is whole, in whatever pieces it comes", async () => {
    expect(await fill(bodyOf([[1], [], [2, 3], [4]]).stream, 4))
      .toEqual({ ending: "whole", target: [1, 2, 3, 4], filled: [1, 3, 4], arrived: 4 });
  });

  test("that ends early is short, and what has come is told", async () => {
    expect(await fill(bodyOf([[1], [2]]).stream, 4))
      .toEqual({ ending: "short", target: [1, 2, 0xa5, 0xa5], filled: [1, 2], arrived: 2 });
  });

  test("that goes on is long: nothing behind the first byte too many is read", async () => {
    const { stream, state } = bodyOf([[1, 2], [3], [4], [5]], "silence");
    expect((await fill(stream, 2)).ending).toBe("long");
    expect(state).toEqual({ isCancelled: true, pulled: 2 });
  });

  test("that breaks off is the network's failure, behind what is wanted it is none", async () => {
    const { exchange } = rig(answering(bodyOf([[1]], "error").stream));
    await exchange.send({});
    const filled: number[] = [];
    await expect(exchange.fill(new Uint8Array(2), (count) => void filled.push(count)))
      .rejects.toThrow(NetworkFailure);
    expect(filled).toEqual([1]);
    expect((await fill(bodyOf([[1, 2]], "error").stream, 2)).ending).toBe("whole");
  });

  test("that is none is empty", async () => {
    const { exchange } = rig(answering(null));
    await exchange.send({});
    expect(await exchange.fill(new Uint8Array(1), () => {})).toBe("short");
    expect(await exchange.fill(new Uint8Array(0), () => {})).toBe("whole");
  });

  test("that nobody reads is dropped at the end", async () => {
    const { stream, state } = bodyOf([[1]]);
    const { exchange } = rig(answering(stream));
    await exchange.send({});
    exchange.end();
    expect(state.isCancelled).toBe(true);
  });
});

describe("a request", () => {
  test("that fails is the network's failure, with its cause, also if it is thrown", async () => {
    const cause = new TypeError("Failed to fetch");
    const fetches: Fetch[] = [
      () => Promise.reject(cause),
      () => {
        throw cause;
      },
    ];
    for (const fetch of fetches) {
      const failure = await rig(fetch).exchange.send({}).catch((error) => error);
      expect(failure).toBeInstanceOf(NetworkFailure);
      expect(failure).toMatchObject({ message: "Failed to fetch", cause });
    }
  });

  test("gets what it is sent with, the URL and a signal", async () => {
    const seen: unknown[] = [];
    const fetch: Fetch = (url, { signal, headers }) => {
      seen.push(url, headers, signal?.aborted);
      return Promise.resolve(new Response());
    };
    await rig(fetch).exchange.send({ headers: { "Range": "bytes=0-1" } });
    expect(seen).toEqual(["http://host/disk.img", { "Range": "bytes=0-1" }, false]);
  });
});

describe("a cut", () => {
  const reason = new Error("closed");

  test("ends a request at once, even where fetch does not listen", async () => {
    const { exchange, controller } = rig(() => new Promise(() => {}));
    const sending = exchange.send({});
    controller.abort(reason);
    await expect(sending).rejects.toBe(reason);
  });

  test("ends a body at once, and drops it", async () => {
    const { stream, state } = bodyOf([[1]], "silence");
    const { exchange, controller } = rig(answering(stream));
    await exchange.send({});
    const filling = exchange.fill(new Uint8Array(2), () => {});
    await quiet();
    controller.abort(reason);
    await expect(filling).rejects.toBe(reason);
    await quiet();
    expect(state.isCancelled).toBe(true);
  });

  test("that came before lets nothing be sent", async () => {
    let sentCount = 0;
    const controller = new AbortController();
    controller.abort(reason);
    const exchange = new Exchange({
      fetch: () => {
        sentCount++;
        return Promise.resolve(new Response());
      },
      url: "",
      signal: controller.signal,
      watch: new StallWatch(new SimulatedClock(true), Infinity),
      onBytes() {},
    });
    await expect(exchange.send({})).rejects.toBe(reason);
    expect(sentCount).toBe(0);
  });

  test("drops an answer that comes too late", async () => {
    const { stream, state } = bodyOf([[1]]);
    let answer: (response: Response) => void = () => {};
    const { exchange, controller } = rig(() => new Promise((resolve) => void (answer = resolve)));
    const sending = exchange.send({});
    controller.abort(reason);
    await expect(sending).rejects.toBe(reason);
    answer(new Response(stream));
    await quiet();
    expect(state.isCancelled).toBe(true);
  });
});

describe("silence", () => {
  test("for longer than the stall time is the network's failure", async () => {
    const { exchange, clock } = rig(() => new Promise(() => {}), 5000);
    const outcome = exchange.send({}).catch((error) => error);
    await clock.advance(4999);
    const early = await Promise.race([outcome, quiet().then(() => "still waiting")]);
    expect(early).toBe("still waiting");
    await clock.advance(1);
    expect(await outcome).toMatchObject({
      name: "NetworkFailure",
      message: "nothing came for 5 seconds",
    });
  });

  test("in a body counts from the last byte, and breaks it off", async () => {
    let deliver: () => void = () => {};
    const stream = new ReadableStream({
      pull: (controller) =>
        new Promise<void>((resolve) => {
          deliver = () => {
            controller.enqueue(new Uint8Array(1));
            resolve();
          };
        }),
    }, { highWaterMark: 0 });
    const { exchange, clock } = rig(answering(stream), 5000);
    await exchange.send({});
    let done = 0;
    const outcome = exchange.fill(new Uint8Array(9), (filled) => void (done = filled))
      .catch((error) => error.message);
    for (let turn = 0; turn < 3; turn++) {
      await clock.advance(4000);
      deliver();
      await quiet();
    }
    expect(done).toBe(3);
    await clock.advance(5000);
    expect(await outcome).toBe("nothing came for 5 seconds");
  });

  test("leaves no timer for longer than a second behind when the exchange has ended", async () => {
    const { exchange, clock } = rig(answering(bodyOf([]).stream), 60_000);
    await exchange.send({});
    exchange.end();
    await clock.advance(1000);
    expect(clock.sleeperCount).toBe(0);
  });
});

test("a sleep ends with its time or with the signal, and leaves no long timer behind", async () => {
  const clock = new SimulatedClock(true);
  const controller = new AbortController();
  let hasWoken = false;
  const sleeping = sleepUnlessAborted(clock, 2500, controller.signal).then(() => {
    hasWoken = true;
  });
  await clock.advance(2499);
  expect(hasWoken).toBe(false);
  await clock.advance(1);
  await sleeping;
  const cut = sleepUnlessAborted(clock, 100_000, controller.signal);
  controller.abort(new Error("closed"));
  await expect(cut).rejects.toThrow("closed");
  await clock.advance(1000);
  expect(clock.sleeperCount).toBe(0);
});

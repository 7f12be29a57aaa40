import { describe, expect, test } from "vitest";
import { FetchQueue, type FetchQueueOptions } from "../../../../src/devices/http/fetch_queue.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { Prng } from "../../../../src/testing/prng.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { quiet } from "../../../http/simulated_clock.ts";

interface Request {
  readonly sector: number;
  readonly sectorCount: number;
  /** Ends it well. */
  send(): void;
  fail(error: Error): void;
}

/** A queue over a server that answers when the test says so. */
function rig(limits: Partial<FetchQueueOptions> = {}) {
  const underWay: Request[] = [];
  const log: string[] = [];
  const queue = new FetchQueue({
    requestsMax: 2,
    requestSectorsMax: 64,
    bufferSectorsMax: 128,
    fetchSectors: (sector, sectorCount) =>
      new Promise((resolve, reject) => {
        log.push(`${sector}+${sectorCount}`);
        const end = () => void underWay.splice(underWay.indexOf(request), 1);
        const request: Request = {
          sector,
          sectorCount,
          send: () => {
            end();
            resolve(patternOf(1, sector, sectorCount));
          },
          fail: (error) => {
            end();
            reject(error);
          },
        };
        underWay.push(request);
      }),
    ...limits,
  });
  const read = async (sector: number, sectorCount: number) => {
    const target = new Uint8Array(sectorCount * 512).fill(0xa5);
    await queue.read(target, sector, sectorCount);
    verifySectors(target, patternOf(1, sector, sectorCount), sector, "a read");
  };
  const sendAll = async () => {
    await quiet();
    while (underWay.length > 0) {
      underWay[0]!.send();
      await quiet();
      queue.check();
    }
  };
  return { queue, underWay, log, read, sendAll };
}

describe("requests", () => {
  test("for the same sectors are made once, however many read them at once", async () => {
    const { log, read, sendAll } = rig();
    const reads = [read(10, 8), read(10, 8), read(12, 2), read(10, 1)];
    await sendAll();
    await Promise.all(reads);
    expect(log).toEqual(["10+8"]);
  });

  test("are made again for sectors that were read before: this is no cache", async () => {
    const { queue, log, read, sendAll } = rig();
    for (let turn = 0; turn < 2; turn++) {
      const reading = read(10, 8);
      await sendAll();
      await reading;
    }
    expect(log).toEqual(["10+8", "10+8"]);
    expect(queue.bufferedSectors).toBe(0);
  });

  test("are for the gaps only, where others fetch a part already", async () => {
    const { log, underWay, read, sendAll } = rig({ requestsMax: 8 });
    const first = read(10, 8);
    await quiet();
    const second = read(6, 20);
    await quiet();
    expect(log).toEqual(["10+8", "6+4", "18+8"]);
    underWay.reverse();
    await sendAll();
    await Promise.all([first, second]);
  });

  test("of neighbours become one, in whatever order they are made in one turn", async () => {
    for (const order of [[0, 8, 16], [16, 8, 0], [0, 16, 8], [8, 0, 16]]) {
      const { log, read, sendAll } = rig();
      const reads = order.map((sector) => read(sector, 8));
      await sendAll();
      await Promise.all(reads);
      expect(log).toEqual(["0+24"]);
    }
  });

  test("of neighbours become one while all requests are in use", async () => {
    const { log, read, sendAll } = rig({ requestsMax: 1 });
    const reads = [read(1000, 1)];
    await quiet();
    for (let sector = 0; sector < 40; sector += 8) {
      reads.push(read(sector, 8));
      await quiet();
    }
    await sendAll();
    await Promise.all(reads);
    expect(log).toEqual(["1000+1", "0+40"]);
  });

  test("are never larger than they may be: one below, the limit, one past it", async () => {
    const table: [number, string[]][] = [
      [63, ["0+63"]],
      [64, ["0+64"]],
      [65, ["0+64", "64+1"]],
      [200, ["0+64", "64+64", "128+64", "192+8"]],
    ];
    for (const [sectorCount, want] of table) {
      const { log, read, sendAll } = rig();
      const reading = read(0, sectorCount);
      await sendAll();
      await reading;
      expect(log).toEqual(want);
    }
    const { log, read, sendAll } = rig();
    const reads = [read(0, 40), read(40, 40)];
    await sendAll();
    await Promise.all(reads);
    expect(log).toEqual(["0+64", "64+16"]);
  });

  test("under way are never more than they may be", async () => {
    const { underWay, read, sendAll } = rig({ requestsMax: 2 });
    const reads = [0, 100, 200, 300, 400].map((sector) => read(sector, 8));
    await quiet();
    expect(underWay.length).toBe(2);
    await sendAll();
    await Promise.all(reads);
  });
});

describe("what is fetched ahead", () => {
  test("is there when it is wanted, without another request", async () => {
    const { queue, log, read, sendAll } = rig();
    queue.ahead({ sector: 0, sectorCount: 32 });
    await sendAll();
    expect(queue.bufferedSectors).toBe(32);
    await read(0, 8);
    await read(8, 8);
    expect(log).toEqual(["0+32"]);
  });

  test("is let go of when it was read to its end", async () => {
    const { queue, read, sendAll } = rig();
    queue.ahead({ sector: 0, sectorCount: 32 });
    await sendAll();
    await read(0, 31);
    expect(queue.bufferedSectors).toBe(32);
    await read(31, 1);
    expect(queue.bufferedSectors).toBe(0);
  });

  test("goes after what somebody waits for", async () => {
    const { queue, log, read, sendAll } = rig({ requestsMax: 1 });
    const reads = [read(500, 1)];
    await quiet();
    queue.ahead({ sector: 0, sectorCount: 8 });
    reads.push(read(100, 8));
    await sendAll();
    await Promise.all(reads);
    expect(log).toEqual(["500+1", "100+8", "0+8"]);
  });

  test("goes first as soon as somebody waits for it", async () => {
    const { queue, log, read, sendAll } = rig({ requestsMax: 1 });
    const reads = [read(500, 1)];
    await quiet();
    queue.ahead({ sector: 0, sectorCount: 8 });
    queue.ahead({ sector: 100, sectorCount: 8 });
    reads.push(read(104, 2), read(300, 1));
    await sendAll();
    await Promise.all(reads);
    expect(log).toEqual(["500+1", "100+8", "300+1", "0+8"]);
  });

  test("is bounded, and what was held longest goes first", async () => {
    const { queue, log, read, sendAll } = rig({ bufferSectorsMax: 64 });
    for (const sector of [0, 100, 200]) {
      queue.ahead({ sector, sectorCount: 32 });
      await sendAll();
    }
    expect(queue.bufferedSectors).toBe(64);
    await Promise.all([read(100, 8), read(200, 8)]);
    expect(log.length).toBe(3);
    const reading = read(0, 8);
    await sendAll();
    await reading;
    expect(log[3]).toBe("0+8");
  });

  test("is cut down to the room there is, and left out where there is none", async () => {
    const { queue, log, sendAll } = rig({ bufferSectorsMax: 40, requestSectorsMax: 512 });
    queue.ahead({ sector: 0, sectorCount: 100 });
    queue.ahead({ sector: 200, sectorCount: 8 });
    await sendAll();
    expect(log).toEqual(["0+40"]);
    const none = rig({ bufferSectorsMax: 0 });
    none.queue.ahead({ sector: 0, sectorCount: 8 });
    await none.sendAll();
    expect(none.log).toEqual([]);
  });

  test("and fails bothers nobody, and is asked for again when it is wanted", async () => {
    const { queue, log, underWay, read, sendAll } = rig();
    queue.ahead({ sector: 0, sectorCount: 8 });
    await quiet();
    underWay[0]!.fail(new Error("the network failed"));
    await quiet();
    expect(queue.bufferedSectors).toBe(0);
    const reading = read(0, 8);
    await sendAll();
    await reading;
    expect(log).toEqual(["0+8", "0+8"]);
  });

  test("what came unasked is held where there is room for all of it, and not twice", async () => {
    const { queue, log, read } = rig({ bufferSectorsMax: 16 });
    queue.hold(0, patternOf(1, 0, 17));
    expect(queue.bufferedSectors).toBe(0);
    queue.hold(0, patternOf(1, 0, 16));
    queue.hold(8, patternOf(2, 8, 1));
    expect(queue.bufferedSectors).toBe(16);
    await read(0, 16);
    expect(log).toEqual([]);
    queue.hold(0, new Uint8Array(0));
    queue.check();
  });
});

describe("a failure", () => {
  test("is told to everyone who waits for any part of it, and touches no buffer", async () => {
    const { underWay, queue } = rig();
    const targets = [0, 1, 2].map(() => new Uint8Array(20 * 512).fill(0xa5));
    const reads = targets.map((target, index) => queue.read(target, index * 10, 20));
    await quiet();
    const outcomes = Promise.allSettled(reads);
    underWay[0]!.fail(new Error("the network failed"));
    expect((await outcomes).map(({ status }) => status)).toEqual(Array(3).fill("rejected"));
    for (const target of targets) expect(target.every((byte) => byte === 0xa5)).toBe(true);
    queue.check();
  });

  test("of one part fails the whole read, even if the other part has come", async () => {
    const { underWay, queue } = rig();
    const target = new Uint8Array(80 * 512).fill(0xa5);
    const outcome = expect(queue.read(target, 0, 80)).rejects.toThrow("the network failed");
    await quiet();
    underWay[0]!.send();
    await quiet();
    underWay[0]!.fail(new Error("the network failed"));
    await outcome;
    expect(target.every((byte) => byte === 0xa5)).toBe(true);
  });

  test("for ever is told also to a reader whose sectors are all there", async () => {
    const { queue } = rig();
    queue.hold(0, patternOf(1, 0, 16));
    const target = new Uint8Array(8 * 512).fill(0xa5);
    const reading = queue.read(target, 0, 8);
    queue.drop(new Error("the end"));
    await expect(reading).rejects.toThrow("the end");
    expect(target.every((byte) => byte === 0xa5)).toBe(true);
  });

  test("for ever is told to those who wait and those who come, and nothing is held", async () => {
    const { queue, underWay, log } = rig({ requestsMax: 1 });
    queue.hold(500, patternOf(1, 500, 8));
    const target = new Uint8Array(8 * 512).fill(0xa5);
    const reads = [0, 100].map((sector) => queue.read(target, sector, 8));
    const outcomes = Promise.allSettled(reads);
    await quiet();
    const end = new Error("the end");
    queue.drop(end);
    reads.push(queue.read(target, 500, 8));
    await expect(reads[2]).rejects.toBe(end);
    for (const outcome of await outcomes) {
      expect(outcome).toEqual({ status: "rejected", reason: end });
    }
    underWay[0]!.send(); // Too late.
    queue.ahead({ sector: 700, sectorCount: 8 });
    await quiet();
    queue.check();
    expect(target.every((byte) => byte === 0xa5)).toBe(true);
    expect(log).toEqual(["0+8"]);
    expect(queue.bufferedSectors).toBe(0);
  });
});

test("whatever is read, fetched ahead and fails, every read has its own sectors or fails", async () => {
  for (let seed = 0; seed < 60; seed++) {
    const prng = Prng.fromSeed(`fetch-queue/${seed}`);
    const { queue, underWay, read } = rig({
      requestsMax: prng.intBetween(1, 4),
      requestSectorsMax: prng.intBetween(1, 80),
      bufferSectorsMax: prng.intBetween(0, 200),
    });
    const reads: Promise<void>[] = [];
    for (let turn = 0; turn < 150; turn++) {
      const sector = prng.int(400);
      const sectorCount = prng.intBetween(1, 60);
      switch (prng.weighted({ read: 4, ahead: 2, send: 4, fail: 1, quiet: 3 })) {
        case "read":
          reads.push(
            read(sector, sectorCount).catch((error) => {
              if (error.message !== "as planned") throw error;
            }),
          );
          break;
        case "ahead":
          queue.ahead({ sector, sectorCount });
          break;
        case "send":
          if (underWay.length > 0) prng.pick(underWay).send();
          break;
        case "fail":
          if (underWay.length > 0) prng.pick(underWay).fail(new Error("as planned"));
          break;
        case "quiet":
          await quiet();
      }
      queue.check();
    }
    for (await quiet(); underWay.length > 0; await quiet()) underWay[0]!.send();
    await Promise.all(reads).catch((error) => {
      throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
    });
    queue.check();
  }
});

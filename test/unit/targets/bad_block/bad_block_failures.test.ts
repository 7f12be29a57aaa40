/** Every request to the disk fails once, and every one from some on: what must hold afterwards. */
import { describe, expect, test } from "vitest";
import { runSync } from "../../../../src/block/plan.ts";
import { contentsOf, failureOf, firstContents, type Places, placesFor, planOver } from "./rig.ts";
import { Bench, type Request } from "../../exception/rig.ts";
import { Ledger } from "./ledger.ts";

const SET_UP = { blockSectors: 4, blockCount: 6, spareCount: 6 };

/** What the disk has from the beginning: block 2 cannot be written, nor can the first spare. */
function isWorn(places: Places, { kind, sector, sectorCount }: Request): boolean {
  if (kind !== "write" && kind !== "zero") return false;
  const end = sector + sectorCount;
  const bad = [places.startSector + 9, places.spareSector + 2];
  return bad.some((each) => sector <= each && each < end);
}

/** Opens, writes, moves and flushes, while requests fail; what is left is opened again and checked. */
function tryOnce(fails: (index: number) => boolean): { requestCount: number; isOpened: boolean } {
  const places = placesFor(SET_UP);
  const bench = new Bench();
  const content = new Uint8Array(places.endSector * 512);
  content.set(firstContents(places), places.startSector * 512);
  const disk = bench.disk("disk", places.endSector, { content });
  const ledger = new Ledger(places.sectorCount);
  bench.fault = (request, index) => isWorn(places, request) || fails(index);
  let isMoving = false;
  let isOpened = false;
  try {
    const device = runSync(planOver(disk.device, places, {
      onEvent: (event) => ledger.relocated(event, places, disk.durable),
    }));
    isOpened = true;
    // Whole, in part, across blocks, moved again, zeroes.
    for (
      const [sector, sectorCount, isZero] of [[8, 4], [0, 3], [6, 8], [9, 1], [8, 4], [10, 9, 1]]
    ) {
      const [at, count] = [sector!, sectorCount!];
      const entry = ledger.begin({ sector: at, sectorCount: count, isZero: isZero === 1 });
      const failure = failureOf(() =>
        isZero === 1
          ? device.writeZeroesSync(at, count)
          : device.writeSync(ledger.bytesOf(entry), at)
      );
      expect([null, "EIO"]).toContain(failure);
      ledger.end(entry, failure === null);
      if (!isMoving) {
        isMoving = true;
        bench.fault = (request, index) => {
          const isSecond = request.kind === "write" && request.sector === places.spareSector + 4;
          return isSecond || isWorn(places, request) || fails(index);
        };
      }
    }
    const begunAt = ledger.now();
    if (failureOf(() => device.flushSync()) === null) ledger.flushed(begunAt);
    bench.fault = () => false;
    ledger.checkAll(0, contentsOf(device), { before: ledger.now() });
    device.closeSync();
  } catch (error) {
    if (isOpened) throw error;
    expect(error).toMatchObject({ code: expect.stringMatching(/^E(IO|INVAL)$/) });
  }
  const { requestCount } = bench;
  bench.fault = () => false;
  for (const isCut of [false, true]) {
    if (isCut) bench.powerCut();
    const again = runSync(planOver(disk.device, places));
    const basis = isCut ? "durable" : { before: ledger.now() };
    ledger.checkAll(0, contentsOf(again), basis);
    expect(again.activeTargets?.[0]?.status()).toMatch(/^\d\/6 \d 0 AA$/);
    again.closeSync();
  }
  return { requestCount, isOpened };
}

describe("what was answered is there, and nothing is that was never written, when", () => {
  const { requestCount, isOpened } = tryOnce(() => false);

  test("nothing else fails", () => {
    expect([isOpened, requestCount > 25]).toEqual([true, true]);
  });

  test("any one request fails", () => {
    for (let failing = 1; failing <= requestCount; failing++) {
      try {
        tryOnce((index) => index === failing);
      } catch (cause) {
        throw new Error(`request ${failing} of ${requestCount} fails: ${cause}`, { cause });
      }
    }
  });

  test("every request from one on fails", () => {
    for (let failing = 1; failing <= requestCount; failing++) {
      try {
        tryOnce((index) => index >= failing);
      } catch (cause) {
        throw new Error(`requests from ${failing} on fail: ${cause}`, { cause });
      }
    }
  });

  test("any two requests fail", () => {
    for (let first = 1; first <= requestCount; first++) {
      for (let second = first + 1; second <= requestCount; second++) {
        try {
          tryOnce((index) => index === first || index === second);
        } catch (cause) {
          throw new Error(`requests ${first} and ${second} fail: ${cause}`, { cause });
        }
      }
    }
  });
});

import { expect, test } from "vitest";
import { eachPiece, EarlyFlush, writeStretches } from "../../../src/cli/transfer.ts";
import { createMemoryDevice } from "../../../src/mod.ts";
import { notes, TestEnvironment } from "./session.ts";

const SECTORS = 5000;

function device() {
  const made = createMemoryDevice({ sectorCount: SECTORS });
  made.writeSync(notes(SECTORS, 1), 0);
  return made;
}

test.for([[0, SECTORS], [1, 4999], [17, 2048], [2047, 2], [4999, 1], [3, 0]])(
  "every sector is given once, in order: %i+%i",
  async ([sector, sectorCount]) => {
    const found = new Uint8Array(sectorCount! * 512);
    let next = sector!;
    const transfer = { device: device(), sector: sector!, sectorCount: sectorCount! };
    await eachPiece(
      new TestEnvironment(),
      { ...transfer, verb: "reading", interruptedWith: "" },
      (piece, at) => {
        expect(at).toBe(next);
        found.set(piece, (at - sector!) * 512);
        next += piece.length / 512;
      },
    );
    expect(next).toBe(sector! + sectorCount!);
    const want = notes(SECTORS, 1).subarray(sector! * 512, (sector! + sectorCount!) * 512);
    expect(found).toEqual(want);
  },
);

test("Ctrl-C ends it between two pieces, with a sentence", async () => {
  const environment = new TestEnvironment(true);
  environment.isImpatient = true;
  let pieceCount = 0;
  const slow = () => {
    pieceCount++;
    environment.nowMs += 100;
  };
  const transfer = { device: device(), verb: "reading", interruptedWith: "not all was read" };
  await expect(eachPiece(environment, transfer, slow)).rejects.toThrow(
    expect.objectContaining({ exitCode: 130, message: "Interrupted: not all was read" }),
  );
  expect(pieceCount).toBe(1);
  expect(environment.err.text.startsWith("\r\x1b[Kreading ")).toBe(true);
  expect(environment.err.text.endsWith("\r\x1b[K")).toBe(true);
});

test("zeroes are not written", async () => {
  const target = createMemoryDevice({ sectorCount: 100 });
  const piece = new Uint8Array(40 * 512);
  piece[8 * 512] = 1;
  piece[39 * 512] = 1;
  expect(await writeStretches(piece, target, 50)).toBe(16);
  const found = new Uint8Array(40 * 512);
  target.readSync(found, 50);
  expect(found).toEqual(piece);
});

/** Enough for a flush to begin. */
const ENOUGH = 65_536;

/** A device whose flushes end when they are told to. */
function slowToFlush() {
  const flushes: PromiseWithResolvers<void>[] = [];
  const target = Object.create(createMemoryDevice({ sectorCount: 8 }), {
    flush: {
      value: () => {
        const flush = Promise.withResolvers<void>();
        flushes.push(flush);
        return flush.promise;
      },
    },
  });
  return { target, flushes };
}

test("an early flush begins when enough was written, one at a time", async () => {
  const { target, flushes } = slowToFlush();
  const early = new EarlyFlush(target);
  early.wrote(ENOUGH - 1);
  expect(flushes.length).toBe(0);
  early.wrote(1);
  expect(flushes.length).toBe(1);
  early.wrote(ENOUGH);
  expect(flushes.length).toBe(1);
  flushes[0]!.resolve();
  await early.end();
  early.wrote(0);
  expect(flushes.length).toBe(2);
});

test("an early flush that failed is told of at the next write and at the end", async () => {
  const { target, flushes } = slowToFlush();
  const early = new EarlyFlush(target);
  early.wrote(ENOUGH);
  flushes[0]!.reject(new Error("the disk is gone"));
  await expect(early.end()).rejects.toThrow("the disk is gone");
  expect(() => early.wrote(1)).toThrow("the disk is gone");
  await expect(early.end()).rejects.toThrow("the disk is gone");
});

test("the end waits for an early flush", async () => {
  const { target, flushes } = slowToFlush();
  const early = new EarlyFlush(target);
  early.wrote(ENOUGH);
  let hasEnded = false;
  const ending = early.end().then(() => hasEnded = true);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  expect(hasEnded).toBe(false);
  flushes[0]!.resolve();
  await ending;
});

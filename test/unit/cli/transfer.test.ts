import { expect, test } from "vitest";
import { eachPiece, writeStretches } from "../../../src/cli/transfer.ts";
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

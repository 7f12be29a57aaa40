import { expect, test } from "vitest";
import { Board, BOARD_BYTES } from "../../../../src/emulator/sync/board.ts";
import { Patience, type Verdict } from "../../../../src/emulator/sync/patience.ts";

const newBoard = () => new Board(new SharedArrayBuffer(BOARD_BYTES));

/** The verdicts of a wait, until it is not to be gone on with. */
function verdicts(patience: Patience, meanwhile: (slice: number) => void = () => {}): Verdict[] {
  const wait = patience.begin();
  const found: Verdict[] = [];
  do {
    meanwhile(found.length);
    found.push(wait.afterSlice());
  } while (found.at(-1) === "wait");
  return found;
}

test("a request whose server lives is late after its time", () => {
  const board = newBoard();
  const patience = new Patience(board, { timeoutMs: 1000, silenceMs: 300 });
  const found = verdicts(patience, () => board.showLife());
  expect(found.at(-1)).toBe("late");
  expect(found.length * patience.sliceMs).toBe(1000);
});

test("a server without a sign of life is silent after its time", () => {
  const patience = new Patience(newBoard(), { timeoutMs: 1000, silenceMs: 300 });
  const found = verdicts(patience);
  expect(found.at(-1)).toBe("silent");
  expect(found.length * patience.sliceMs).toBe(400); // What was before the first slice is not known.
});

test("one sign of life begins the silence anew", () => {
  const board = newBoard();
  const patience = new Patience(board, { timeoutMs: 5000, silenceMs: 300 });
  const found = verdicts(patience, (slice) => slice === 2 ? board.showLife() : undefined);
  expect(found.length).toBe(6);
});

test("a server that has ended is not waited for", () => {
  const board = newBoard();
  board.end();
  expect(verdicts(new Patience(board, {}))).toEqual(["ended"]);
});

test("no slice is longer than what is waited for", () => {
  expect(new Patience(newBoard(), { timeoutMs: 7 }).sliceMs).toBe(7);
  expect(new Patience(newBoard(), { silenceMs: 8 }).sliceMs).toBe(8);
  expect(new Patience(newBoard(), {}).sliceMs).toBeLessThanOrEqual(100);
});

test("times that are none are refused", () => {
  for (const timeMs of [0, -1, NaN]) {
    expect(() => new Patience(newBoard(), { timeoutMs: timeMs })).toThrow(RangeError);
    expect(() => new Patience(newBoard(), { silenceMs: timeMs })).toThrow(RangeError);
  }
});

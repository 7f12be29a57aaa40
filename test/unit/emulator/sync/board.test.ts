import { expect, test } from "vitest";
import { Board, BOARD_BYTES, canBlock, waitAsync } from "../../../../src/emulator/sync/board.ts";

const newBoard = () => new Board(new SharedArrayBuffer(BOARD_BYTES));

test("two views of one memory are one board", () => {
  const memory = new SharedArrayBuffer(BOARD_BYTES);
  const [one, two] = [new Board(memory), new Board(memory)];
  const bell = two.bell;
  one.ring();
  expect(two.bell).not.toBe(bell);
  one.showLife();
  expect(two.life).toBe(1);
  one.wantsNudge = true;
  expect(two.wantsNudge).toBe(true);
  expect([one.drawTicket(), two.drawTicket(), one.drawTicket()]).toEqual([0, 1, 2]);
  expect(two.hasEnded).toBe(false);
  one.end();
  expect(two.hasEnded).toBe(true);
});

test("who waits for a bell that was rung already does not wait", async () => {
  const board = newBoard();
  const { bell } = board;
  board.ring();
  expect(board.waitForBell(bell, 1e9)).toBe(true);
  expect(await board.waitForBellAsync(bell)).toBe("not-equal");
  expect(board.waitForBell(board.bell, 1)).toBe(false);
});

test("a bell and an end wake who waits without blocking", async () => {
  for (const wake of [(board: Board) => board.ring(), (board: Board) => board.end()]) {
    const board = newBoard();
    const waiting = board.waitForBellAsync(board.bell);
    wake(board);
    expect(await waiting).toBe("ok");
  }
});

test("without Atomics.waitAsync there is nothing to wait for", () => {
  const { waitAsync: native } = Atomics;
  try {
    Object.assign(Atomics, { waitAsync: undefined });
    expect(waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0)).toBeUndefined();
  } finally {
    Object.assign(Atomics, { waitAsync: native });
  }
});

test("a memory of another size is no board", () => {
  expect(() => new Board(new SharedArrayBuffer(4))).toThrow(RangeError);
});

test("this thread may block, and one whose Atomics.wait throws may not", () => {
  expect(canBlock()).toBe(true);
  const { wait } = Atomics;
  try {
    Object.assign(Atomics, {
      wait() {
        throw new TypeError("not on this thread");
      },
    });
    expect(canBlock()).toBe(false);
  } finally {
    Object.assign(Atomics, { wait });
  }
});

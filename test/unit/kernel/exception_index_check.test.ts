/**
 * `ExceptionIndex.check()`: an index is broken by hand, one law at a time, and the check must say
 * which.
 */
import { expect, test } from "vitest";
import { assertEquals } from "@std/assert";
import { Arena, PAGE_BYTES } from "../../../src/kernel/arena.ts";
import { ExceptionIndex } from "../../../src/kernel/exception_index.ts";

// As in assembly/layout.ts and slots.ts.
const HEADER = 0x4000;
const HEADER_BYTES = 96;
const SLOT_BYTES = 10;
const COUNT_SHIFT = 22n;
const KEY_SHIFT = 26n;
const EMPTY = 2n ** 64n - 1n;

/** Words of the header: its own, and those of its two tables. */
const EXCEPTION_COUNT = 0;
const SHORT = { runCount: 5, capacity: 6, slotCount: 7 };
const LONG = { runCount: 15, capacity: 16, slotCount: 17 };

/** The one page of slots of a table. */
class Slots {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(memory: ArrayBufferLike, page: number) {
    this.bytes = new Uint8Array(memory, page * PAGE_BYTES, PAGE_BYTES);
    this.#view = new DataView(memory, page * PAGE_BYTES, PAGE_BYTES);
  }

  /** The positions of its runs. */
  occupied(): number[] {
    const count = Math.floor(PAGE_BYTES / SLOT_BYTES);
    return Array.from({ length: count }, (_, position) => position)
      .filter((position) => this.word(position) !== EMPTY);
  }

  word(position: number): bigint {
    return this.#view.getBigUint64(position * SLOT_BYTES, true);
  }

  setWord(position: number, word: bigint): void {
    this.#view.setBigUint64(position * SLOT_BYTES, word, true);
  }

  /** The low bits of the new chunk. */
  setLow(position: number, low: number): void {
    this.#view.setUint16(position * SLOT_BYTES + 8, low, true);
  }

  /** Copies a slot over another. */
  copy(to: number, from: number): void {
    this.bytes.copyWithin(to * SLOT_BYTES, from * SLOT_BYTES, (from + 1) * SLOT_BYTES);
  }

  empty(position: number): void {
    this.bytes.fill(255, position * SLOT_BYTES, (position + 1) * SLOT_BYTES);
  }
}

function breakable() {
  const arena = Arena.create({ bytesMax: 2 ** 20 });
  const index = new ExceptionIndex(arena);
  index.insert(1, 11);
  index.insert(2, 9);
  // Windows 31, short; 29 and 30, long, and not continuing each other.
  index.insert(500, 4);
  index.insert(29 * 16, 3000, 16);
  index.insert(30 * 16, 5000, 16);
  arena.refreshView();
  const memory = arena.bytes.buffer;
  const header = new Uint32Array(memory, HEADER, HEADER_BYTES / 4);
  return { index, header, short: new Slots(memory, 2), long: new Slots(memory, 3) };
}

test("check() finds every law broken", () => {
  const { index, header, short, long } = breakable();
  // Window 0 has key 0, so its two runs come first, and side by side.
  const [one, two, far] = short.occupied() as [number, number, number];
  assertEquals([one, two, header[SHORT.runCount]], [0, 1, 3]);
  const [first, second] = long.occupied() as [number, number];
  assertEquals([header[LONG.runCount], header[EXCEPTION_COUNT]], [2, 35]);
  const grow = (table: Slots, position: number, keys: bigint) =>
    table.setWord(position, table.word(position) + (keys << COUNT_SHIFT));

  const expectBroken = (sentence: string, tamper: () => void) => {
    const before = [header.slice(), short.bytes.slice(), long.bytes.slice()] as const;
    index.check();
    tamper();
    expect(() => index.check(), sentence).toThrow(`The exception index is broken: ${sentence}`);
    header.set(before[0]);
    short.bytes.set(before[1]);
    long.bytes.set(before[2]);
    index.check();
  };
  for (const { slotCount } of [SHORT, LONG]) {
    expectBroken("its memory is not as large as it says", () => header[slotCount]!--);
  }
  for (const { capacity, slotCount } of [SHORT, LONG]) {
    const tamper = () => header[capacity] = header[slotCount]!;
    expectBroken("its memory is not as large as it says", tamper);
  }
  expectBroken("an empty slot is not empty", () => short.setLow(two + 1, 0));
  expectBroken("an empty slot is not empty", () => long.setLow(second + 1, 0));
  expectBroken("a run crosses the end of its window or group", () => grow(short, one, 15n));
  expectBroken("a run crosses the end of its window or group", () => grow(long, second, 2n));
  expectBroken("two runs overlap or are out of order", () => grow(short, one, 3n));
  expectBroken("two runs overlap or are out of order", () => short.copy(far, one));
  expectBroken("two runs overlap or are out of order", () => grow(long, first, 1n));
  for (const [table, position] of [[short, far], [long, second]] as const) {
    expectBroken("a run is not where its key and its neighbours put it", () => {
      table.copy(position + 1, position);
      table.empty(position);
    });
  }
  expectBroken("two runs continue each other and are not one", () => short.setLow(two, 12));
  expectBroken("two runs continue each other and are not one", () => long.setLow(second, 3016));
  for (const { runCount } of [SHORT, LONG]) {
    expectBroken("it holds more or fewer runs than it says", () => header[runCount]!++);
  }
  expectBroken("it holds more or fewer exceptions than it says", () => header[EXCEPTION_COUNT]!--);
  expectBroken("it is fuller than it may be", () => {
    // With two homes the three runs lie where they are: window 0 at home 0, all else pushed off.
    header[SHORT.capacity] = 2;
    short.copy(two + 1, far);
    if (far !== two + 1) short.empty(far);
  });
  expectBroken("a short run fills its window", () => {
    const window = 31n * 0x278dde6e5n % 2n ** 34n;
    const low = short.word(far) & (2n ** COUNT_SHIFT - 1n);
    short.setWord(far, (window << (KEY_SHIFT + 4n)) | (15n << COUNT_SHIFT) | low);
    header[EXCEPTION_COUNT]! += 15;
  });
  expectBroken("a window is in a long run and has a short one", () => {
    grow(long, second, 1n);
    header[EXCEPTION_COUNT]! += 16;
  });
});

/**
 * A slot: the shared words of one request between a client and the server, and who may touch them.
 *
 * A client's ring is one shared memory with a few slots: 16 words each, then a text of 1 KiB each (an
 * error's), then a data area each. The state word says whose a slot is; every other word, the text
 * and the area are touched only by the one whose it is.
 *
 * | state       | whose    | who leaves it, and how                                                   |
 * | ----------- | -------- | ------------------------------------------------------------------------ |
 * | `FREE`      | client's | client: writes the request, {@linkcode offer} → `ASKED`                  |
 * | `ASKED`     | nobody's | server: {@linkcode take} → `TAKEN`; client: {@linkcode withdraw} → `FREE` |
 * | `TAKEN`     | server's | server: {@linkcode answer} → `ANSWERED`; client: {@linkcode abandon} → `ABANDONED` |
 * | `ANSWERED`  | client's | client: reads the answer, {@linkcode release} → `FREE`                   |
 * | `ABANDONED` | server's | server: {@linkcode giveBack} → `FREE`                                    |
 *
 * Invariants:
 *
 * 1. Where two may leave a state they do it by compare-and-exchange, so one of them does.
 * 2. A request that was withdrawn has not been begun. One that was abandoned may take effect until
 *    its slot is free again, and not afterwards.
 * 3. A client asks nothing new while one of its slots is abandoned. So no late effect of a request
 *    that has failed comes after one that has succeeded, and no slot is used by two requests.
 *
 * Words are read and written by `Atomics` alone. Those besides the state would not need it, for the
 * state word orders them; what is shared is then one rule. `test/unit/emulator/sync/slot.test.ts`
 * runs client and server in every order of these functions, with a client whose patience ends and a
 * server that dies anywhere.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { isAligned, SECTOR_BYTES } from "../../block/units.ts";

/** States of a slot: see the head. */
export const FREE = 0;
/** See {@linkcode FREE}. */
export const ASKED = 1;
/** See {@linkcode FREE}. */
export const TAKEN = 2;
/** See {@linkcode FREE}. */
export const ANSWERED = 3;
/** See {@linkcode FREE}. */
export const ABANDONED = 4;

/** Words of a slot: one line of a processor's cache. */
const SLOT_WORDS = 16;

/** Bytes of the text that an error is told in. */
export const TEXT_BYTES = 1024;

/** What each word of a slot holds; numbers above 32 bits take two, the lower first. */
export const WORD = Object.freeze({
  state: 0,
  /** The request's place in the order of all clients' requests. */
  ticket: 1,
  verb: 2,
  isFua: 3,
  sector: 4,
  sectorCount: 6,
  /** Which of the client's memories bytes are in; `IN_AREA` if they are in the slot's own area. */
  memory: 8,
  offsetBytes: 9,
  /** Bytes of text that the answer's error has; 0 if there is none. */
  errorBytes: 11,
  /** The device's size when it answered. */
  size: 12,
});

/** Instead of a memory's index: bytes are in the slot's own area. */
export const IN_AREA = -1;

/** How large a ring is. */
export interface RingSize {
  /** Requests that one client can have under way. */
  readonly slotCount: number;
  /** Bytes of the area of each: the most that one request moves, unless in place. */
  readonly areaBytes: number;
}

/** The shared memory between one client and the server, as each side sees it. */
export class Ring {
  /** All words. */
  readonly words: Int32Array<SharedArrayBuffer>;
  /** All bytes. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** How many slots, and how large their areas are. */
  readonly size: RingSize;
  /** The last view of each area: requests are often of one length. */
  readonly #views: Uint8Array<SharedArrayBuffer>[] = [];

  /**
   * Sees a memory as a ring.
   *
   * @param memory As large as {@linkcode Ring.bytesOf} says.
   * @param size How it is parted.
   * @throws {RangeError} When it is not as large.
   */
  constructor(memory: SharedArrayBuffer, size: RingSize) {
    const want = Ring.bytesOf(size);
    if (memory.byteLength !== want) {
      throw new RangeError(`Cannot use ${memory.byteLength} bytes as a ring: want ${want}`);
    }
    this.words = new Int32Array(memory, 0, size.slotCount * SLOT_WORDS);
    this.bytes = new Uint8Array(memory);
    this.size = size;
    for (let slot = 0; slot < size.slotCount; slot++) this.#views.push(this.#viewOf(slot, 0));
  }

  /**
   * The bytes that a ring takes.
   *
   * @param size How it is parted.
   * @throws {RangeError} When that is no size of a ring.
   */
  static bytesOf({ slotCount, areaBytes }: RingSize): number {
    const isSize = Number.isSafeInteger(slotCount) && slotCount >= 2 && slotCount <= 64 &&
      Number.isSafeInteger(areaBytes) && areaBytes > 0 && areaBytes <= 2 ** 26 &&
      isAligned(areaBytes, SECTOR_BYTES);
    if (!isSize) {
      throw new RangeError(
        `Cannot make a ring of ${slotCount} slots of ${areaBytes} bytes: ` +
          `want 2 to 64 slots of whole sectors, 64 MiB at most`,
      );
    }
    return slotCount * (SLOT_WORDS * 4 + TEXT_BYTES + areaBytes);
  }

  /** Where a word of a slot is among the words. */
  wordOf(slot: number, word: number): number {
    return slot * SLOT_WORDS + word;
  }

  /** A word of a slot. */
  load(slot: number, word: number): number {
    return Atomics.load(this.words, slot * SLOT_WORDS + word);
  }

  /** Sets a word of a slot. */
  store(slot: number, word: number, value: number): void {
    Atomics.store(this.words, slot * SLOT_WORDS + word, value);
  }

  /** A number in two words of a slot; one that is not exact may have come from the other side. */
  loadNumber(slot: number, word: number): number {
    return (this.load(slot, word + 1) >>> 0) * 2 ** 32 + (this.load(slot, word) >>> 0);
  }

  /** Sets a number in two words of a slot. */
  storeNumber(slot: number, word: number, value: number): void {
    this.store(slot, word, (value % 2 ** 32) | 0);
    this.store(slot, word + 1, Math.floor(value / 2 ** 32) | 0);
  }

  /** The first bytes of a slot's area. */
  area(slot: number, byteCount: number): Uint8Array<SharedArrayBuffer> {
    const last = this.#views[slot]!;
    return last.length === byteCount ? last : this.#views[slot] = this.#viewOf(slot, byteCount);
  }

  /** A slot's text. */
  text(slot: number): Uint8Array<SharedArrayBuffer> {
    const start = this.words.byteLength + slot * TEXT_BYTES;
    return this.bytes.subarray(start, start + TEXT_BYTES);
  }

  #viewOf(slot: number, byteCount: number): Uint8Array<SharedArrayBuffer> {
    const { slotCount, areaBytes } = this.size;
    const start = this.words.byteLength + slotCount * TEXT_BYTES + slot * areaBytes;
    return this.bytes.subarray(start, start + byteCount);
  }
}

/** Client: hands a request over. The server is to be woken now. */
export function offer(ring: Ring, slot: number): void {
  ring.store(slot, WORD.state, ASKED);
}

function change(ring: Ring, slot: number, from: number, to: number): boolean {
  return Atomics.compareExchange(ring.words, ring.wordOf(slot, WORD.state), from, to) === from;
}

/** Client: takes a request back that was not begun. Returns whether it could. */
export function withdraw(ring: Ring, slot: number): boolean {
  return change(ring, slot, ASKED, FREE);
}

/** Client: leaves a request to the server that was begun. Returns whether it was under way still. */
export function abandon(ring: Ring, slot: number): boolean {
  return change(ring, slot, TAKEN, ABANDONED);
}

/** Client: has read the answer. */
export function release(ring: Ring, slot: number): void {
  ring.store(slot, WORD.state, FREE);
}

/** Server: begins a request. Returns whether it is still asked. */
export function take(ring: Ring, slot: number): boolean {
  return change(ring, slot, ASKED, TAKEN);
}

/** Server: has written the answer. Returns whether anybody wants it. The client is woken next. */
export function answer(ring: Ring, slot: number): boolean {
  return change(ring, slot, TAKEN, ANSWERED);
}

/** Server: is done with a request that was abandoned. The client is woken next. */
export function giveBack(ring: Ring, slot: number): void {
  ring.store(slot, WORD.state, FREE);
}

/** Either: wakes whoever waits for a slot's state to change. */
export function wakeWaiters(ring: Ring, slot: number): void {
  Atomics.notify(ring.words, ring.wordOf(slot, WORD.state));
}

/**
 * The fetch queue: what is wanted, under way, or was fetched ahead, in pieces that do not overlap.
 *
 * | a piece is | then |
 * |---|---|
 * | queued | it may still grow at either end, when neighbours are wanted too |
 * | under way | whoever wants any of it waits for it |
 * | held | it was fetched ahead, at least in part; whoever wants any of it has it |
 *
 * A read is made of pieces that are there and new ones for the gaps between them, so the same sectors
 * are never asked for twice at once, and reads side by side that are made in one turn, or while all
 * requests are in use, become one request. The target is filled when all of its pieces are there: a
 * read that fails has changed nothing.
 *
 * **Invariants**
 * - No more than `requestsMax` pieces are under way; of the queued, those somebody waits for go first.
 * - Pieces nobody waits for, queued, under way and held, are at most `bufferSectorsMax`. What was held
 *   longest goes first; what was read to its end is held no longer: this is no cache.
 * - A piece that failed is gone: the next read of its sectors asks again.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { assert } from "../../block/errors.ts";
import { Gate } from "../../block/gate.ts";
import { sectorsToBytes } from "../../block/units.ts";
import type { Run } from "./read_ahead.ts";

/** What a queue must keep to. */
export interface FetchQueueOptions {
  /** How many requests may be under way. */
  readonly requestsMax: number;
  /** The most sectors in one request. */
  readonly requestSectorsMax: number;
  /** The most sectors that nobody waits for. */
  readonly bufferSectorsMax: number;
  /** Gets sectors from the server. */
  fetchSectors(sector: number, sectorCount: number): Promise<Uint8Array>;
}

/** Sectors from `first` up to, and not including, `end`. */
interface Piece {
  first: number;
  end: number;
  state: "queued" | "under way" | "held" | "gone";
  /** Whether somebody waits for it, or did. */
  isWanted: boolean;
  /** Up to where it was wanted. */
  wantedEnd: number;
  bytes: Uint8Array | null;
  failure: unknown;
  /** The neighbour it has become a part of. */
  joined: Piece | null;
  /** Opens when it is there or has failed. */
  readonly ended: Gate;
}

/** Fetches sectors, each once at a time. */
export class FetchQueue {
  readonly #options: FetchQueueOptions;
  /** By sector. */
  #pieces: Piece[] = [];
  /** The queued ones, the first come first. */
  readonly #queue: Piece[] = [];
  /** The held ones, the one used last at the end. */
  readonly #held: Piece[] = [];
  #underWayCount = 0;
  #isPumpDue = false;
  #failure: unknown = null;

  /**
   * An empty queue.
   *
   * @param options What it must keep to, and who gets the sectors.
   */
  constructor(options: FetchQueueOptions) {
    this.#options = options;
  }

  /** Sectors in pieces that nobody waits for. */
  get bufferedSectors(): number {
    let sectorCount = 0;
    for (const { isWanted, state, first, end } of this.#pieces) {
      if (!isWanted || state === "held") sectorCount += end - first;
    }
    return sectorCount;
  }

  /**
   * Reads sectors.
   *
   * @param target Filled whole, or not at all.
   * @param sector The first sector.
   * @param sectorCount How many.
   * @throws What `fetchSectors` threw for any of them.
   */
  async read(target: Uint8Array, sector: number, sectorCount: number): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    const claimed = this.#claim(sector, sector + sectorCount, true);
    for (const { ended } of claimed) await ended.wait();
    if (this.#failure !== null) throw this.#failure;
    const pieces = claimed.map(wholeOf);
    for (const { bytes, failure } of pieces) if (bytes === null) throw failure;
    for (const piece of pieces) copyInto(target, sector, sectorCount, piece);
  }

  /**
   * Fetches sectors before they are wanted, as far as there is room for them.
   *
   * @param run Which.
   */
  ahead({ sector, sectorCount }: Run): void {
    if (this.#failure !== null) return;
    const room = this.#makeRoom(sectorCount);
    if (room > 0) this.#claim(sector, sector + Math.min(room, sectorCount), false);
  }

  /**
   * Takes in sectors that came without being asked for, if there is room for them.
   *
   * @param sector The first sector.
   * @param bytes What they hold. The queue keeps the buffer.
   */
  hold(sector: number, bytes: Uint8Array): void {
    const sectorCount = bytes.length / sectorsToBytes(1);
    const end = sector + sectorCount;
    const isFree = this.#pieces.every((piece) => piece.end <= sector || piece.first >= end);
    if (sectorCount === 0 || !isFree || this.#makeRoom(sectorCount) < sectorCount) return;
    const piece = createPiece(sector, end, false);
    this.#insert(piece);
    this.#settle(piece, bytes);
  }

  /**
   * Ends it: whoever waits, and whoever comes, is told a failure, and everything held is forgotten.
   *
   * @param failure What they are told.
   */
  drop(failure: unknown): void {
    this.#failure ??= failure;
    for (const piece of this.#pieces) {
      piece.state = "gone";
      piece.failure = failure;
      piece.ended.open();
    }
    this.#pieces = [];
    this.#queue.length = 0;
    this.#held.length = 0;
  }

  /** Verifies the invariants of the module's head. For tests. */
  check(): void {
    const { requestsMax, requestSectorsMax, bufferSectorsMax } = this.#options;
    let lastEnd = 0;
    for (const { first, end, state } of this.#pieces) {
      assert(first >= lastEnd && end > first, "pieces are in order and do not overlap");
      assert(state !== "gone", "a piece that is gone is not listed");
      assert(state === "held" || end - first <= requestSectorsMax, "no piece is too large");
      lastEnd = end;
    }
    assert(this.#underWayCount <= requestsMax, "no more requests are under way than may be");
    assert(this.bufferedSectors <= bufferSectorsMax, "the buffers are bounded");
  }

  /** The pieces that make up a range, with new ones for the gaps. */
  #claim(first: number, end: number, isWanted: boolean): Piece[] {
    const gaps: [number, number][] = [];
    let at = first;
    for (const piece of this.#pieces) {
      if (piece.end <= first || piece.first >= end) continue;
      if (piece.first > at) gaps.push([at, piece.first]);
      at = piece.end;
    }
    if (at < end) gaps.push([at, end]);
    for (const [gapFirst, gapEnd] of gaps) this.#add(gapFirst, gapEnd, isWanted);
    const claimed = this.#pieces.filter((piece) => piece.end > first && piece.first < end);
    if (isWanted) { for (const piece of claimed) this.#want(piece, Math.min(end, piece.end)); }
    return claimed;
  }

  #want(piece: Piece, wantedEnd: number): void {
    piece.isWanted = true;
    piece.wantedEnd = Math.max(piece.wantedEnd, wantedEnd);
    if (piece.state !== "held") return;
    this.#held.splice(this.#held.indexOf(piece), 1);
    if (piece.wantedEnd === piece.end) this.#remove(piece);
    else this.#held.push(piece);
  }

  /** Queues a gap: grows its queued neighbours into it as far as they may, and adds what is left. */
  #add(first: number, end: number, isWanted: boolean): void {
    const { requestSectorsMax } = this.#options;
    const mayGrow = (piece: Piece) => piece.state === "queued" && piece.isWanted === isWanted;
    const roomOf = (piece: Piece) => requestSectorsMax - (piece.end - piece.first);
    const before = this.#pieces.find((piece) => piece.end === first && mayGrow(piece));
    if (before !== undefined) first = before.end = Math.min(end, first + roomOf(before));
    const after = this.#pieces.find((piece) => piece.first === end && mayGrow(piece));
    if (after !== undefined) end = after.first = Math.max(first, end - roomOf(after));
    while (first < end) {
      const piece = createPiece(first, Math.min(end, first + requestSectorsMax), isWanted);
      this.#insert(piece);
      this.#queue.push(piece);
      first = piece.end;
    }
    if (before !== undefined && after !== undefined) this.#join(before, after);
    this.#pumpSoon();
  }

  /** Two queued pieces that have come to touch become one, if that is not too large. */
  #join(before: Piece, after: Piece): void {
    const isTouching = before.end === after.first;
    if (!isTouching || after.end - before.first > this.#options.requestSectorsMax) return;
    before.end = after.end;
    before.wantedEnd = Math.max(before.wantedEnd, after.wantedEnd);
    after.joined = before;
    before.ended.wait().then(() => after.ended.open());
    this.#queue.splice(this.#queue.indexOf(after), 1);
    this.#remove(after);
  }

  /** In a later turn, so that everything that is wanted in this one is seen first. */
  #pumpSoon(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    Promise.resolve().then(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#underWayCount < this.#options.requestsMax && this.#queue.length > 0) {
      const wantedAt = this.#queue.findIndex(({ isWanted }) => isWanted);
      const [piece] = this.#queue.splice(Math.max(0, wantedAt), 1);
      if (piece !== undefined) void this.#fetch(piece);
    }
  }

  async #fetch(piece: Piece): Promise<void> {
    piece.state = "under way";
    this.#underWayCount++;
    try {
      const bytes = await this.#options.fetchSectors(piece.first, piece.end - piece.first);
      if (this.#failure === null) this.#settle(piece, bytes);
    } catch (error) {
      if (this.#failure === null) {
        piece.failure = error;
        this.#remove(piece);
      }
    } finally {
      this.#underWayCount--;
      piece.ended.open();
      this.#pump();
    }
  }

  /** Hands a piece to those who wait, and holds it if there is more in it than they want. */
  #settle(piece: Piece, bytes: Uint8Array): void {
    piece.bytes = bytes;
    piece.ended.open();
    if (piece.wantedEnd >= piece.end) return this.#remove(piece);
    piece.state = "held";
    this.#held.push(piece);
    this.#makeRoom(0);
  }

  /** Forgets what was held longest, until there is room; tells how much there is. */
  #makeRoom(wantedSectors: number): number {
    const { bufferSectorsMax } = this.#options;
    let room = bufferSectorsMax - this.bufferedSectors;
    while (room < Math.min(wantedSectors, bufferSectorsMax) && this.#held.length > 0) {
      const piece = this.#held.shift() as Piece;
      room += piece.end - piece.first;
      this.#remove(piece);
    }
    return room;
  }

  #insert(piece: Piece): void {
    const at = this.#pieces.findIndex(({ first }) => first > piece.first);
    this.#pieces.splice(at === -1 ? this.#pieces.length : at, 0, piece);
  }

  /** Readers who have claimed it keep it until they are done. */
  #remove(piece: Piece): void {
    piece.state = "gone";
    const at = this.#pieces.indexOf(piece);
    if (at !== -1) this.#pieces.splice(at, 1);
  }
}

function createPiece(first: number, end: number, isWanted: boolean): Piece {
  return {
    first,
    end,
    state: "queued",
    isWanted,
    wantedEnd: isWanted ? end : first,
    bytes: null,
    failure: null,
    joined: null,
    ended: new Gate(),
  };
}

/** What a piece has become a part of; itself, if of nothing. */
function wholeOf(piece: Piece): Piece {
  return piece.joined === null ? piece : wholeOf(piece.joined);
}

/** Copies what a piece has of a range. */
function copyInto(target: Uint8Array, sector: number, sectorCount: number, piece: Piece): void {
  const first = Math.max(sector, piece.first);
  const end = Math.min(sector + sectorCount, piece.end);
  const fromBytes = sectorsToBytes(first - piece.first);
  const part = piece.bytes?.subarray(fromBytes, fromBytes + sectorsToBytes(end - first));
  if (part !== undefined) target.set(part, sectorsToBytes(first - sector));
}

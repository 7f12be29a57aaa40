/**
 * Ranges of records: which stretches of a store are to be removed.
 *
 * A discard of a tebibyte is one range, not millions of records. Ranges are kept sorted, apart from
 * each other, and as few as possible.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Records from the first one up to, and without, the end. */
export interface RecordRange {
  /** The first record. */
  readonly first: number;
  /** The one behind the last. */
  readonly end: number;
}

/** A set of records, as ranges. */
export class RecordRanges implements Iterable<RecordRange> {
  #ranges: RecordRange[] = [];

  /** How many ranges there are. */
  get rangeCount(): number {
    return this.#ranges.length;
  }

  /** Puts a range in. It may overlap others, and be empty. */
  add(first: number, end: number): void {
    if (first >= end) return;
    const ranges = this.#ranges;
    const from = this.#firstEndingFrom(first);
    let to = from;
    while (to < ranges.length && ranges[to]!.first <= end) to++;
    const merged = to === from ? { first, end } : {
      first: Math.min(first, ranges[from]!.first),
      end: Math.max(end, ranges[to - 1]!.end),
    };
    ranges.splice(from, to - from, merged);
  }

  /** Puts all of another set's ranges in. */
  addAll(others: RecordRanges): void {
    for (const { first, end } of others) this.add(first, end);
  }

  /** Whether a record is in one of the ranges. */
  has(index: number): boolean {
    const range = this.#ranges[this.#firstEndingFrom(index + 1)];
    return range !== undefined && range.first <= index;
  }

  /** In order. */
  [Symbol.iterator](): Iterator<RecordRange> {
    return this.#ranges[Symbol.iterator]();
  }

  /** The place of the first range whose end is not before a record. */
  #firstEndingFrom(index: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#ranges[middle]!.end < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

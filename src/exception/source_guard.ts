/**
 * The source guard: when a chunk of the source may be overwritten, and what must happen before.
 *
 * | the chunk is | then |
 * |---|---|
 * | absent | its data is copied out, and the exception settled |
 * | pending | its copy is waited for |
 * | complete, not settled | it is settled |
 * | settled | it may be overwritten, once no read of the source through the table is under way on it |
 *
 * Whatever goes wrong makes the table invalid and lets the writer go on: the origin is never held
 * hostage by its snapshots. When the guard is done, the table either holds the old data durably or is
 * durably invalid; it never shows the new data as old.
 *
 * This module is browser compatible.
 *
 * @see dm-snap.c, `__origin_write()`
 * @module
 */

import { codeOf } from "../block/errors.ts";
import type { Plan } from "../block/plan.ts";
import type { ExceptionTable } from "./exception_table.ts";

/**
 * How many chunks of a table's source may be overwritten now.
 *
 * @param table The table.
 * @param first The first chunk.
 * @param last The last one.
 * @returns How many from the first on need nothing before they are overwritten; 0 when the first one
 * does.
 */
export function protectedChunks(table: ExceptionTable, first: number, last: number): number {
  if (table.isInvalidating) return 0;
  let end = first;
  if (!table.isGuarding) end = last + 1;
  while (end <= last && table.find(end, last - end + 1) >= 0) end += table.runLength;
  end = Math.min(end, last + 1);
  // Readers and unsettled chunks are rare: one chunk at a time is good enough then.
  if (end > first && !isFree(table, first, end - 1)) {
    end = isFree(table, first, first) ? first + 1 : first;
  }
  return end - first;
}

function isFree(table: ExceptionTable, first: number, last: number): boolean {
  return !table.readers.isOccupied(first, last) &&
    (!table.isGuarding || table.isSettled(first, last));
}

/**
 * Sees to it that chunks of a table's source may be overwritten. Never fails because of a device.
 *
 * @param table The table.
 * @param first The first chunk.
 * @param last The last one.
 * @returns 0, as plans of targets do after which the target is to be asked again.
 */
export function* protect(table: ExceptionTable, first: number, last: number): Plan<number> {
  for (let chunk = first; chunk <= last && table.isGuarding;) {
    const isCopied = table.find(chunk, last - chunk + 1) >= 0;
    const next = chunk + table.runLength;
    if (isCopied) {
      chunk = next;
      continue;
    }
    const count = table.breakableChunks(chunk, Math.min(next - 1, last));
    if (count === 0) {
      yield* table.unblocked(chunk);
      continue;
    }
    try {
      const made = yield* table.break(chunk, count, "now");
      if (made === 0) yield* table.invalidate("Unable to allocate exception");
      chunk += made;
    } catch (error) {
      if (codeOf(error) === "EAGAIN" && table.isValid) throw error;
      yield* table.invalidate("Error reading/writing");
    } // When the table is invalid now the source is free.
  }
  if (table.isGuarding && !table.isSettled(first, last)) {
    try {
      yield* table.settle();
    } catch (error) {
      if (codeOf(error) === "EAGAIN") throw error;
      yield* table.invalidate("Error reading/writing");
    }
  }
  if (table.isInvalidating) yield* table.invalidated();
  if (!table.readers.isEmpty) yield* table.readers.drain(first, last);
  return 0;
}

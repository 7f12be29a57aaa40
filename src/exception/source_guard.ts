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
 */
export function* protect(table: ExceptionTable, first: number, last: number): Plan {
  for (let chunk = first; chunk <= last && table.isGuarding;) {
    if (table.find(chunk, last - chunk + 1) >= 0) chunk += table.runLength;
    else chunk += yield* copyOut(table, chunk, Math.min(chunk + table.runLength - 1, last));
  }
  if (table.isGuarding && !table.isSettled(first, last)) {
    try {
      yield* table.settle();
    } catch (error) {
      if (codeOf(error) === "EAGAIN") throw error;
      yield* table.invalidate("Error reading/writing");
    }
  }
  yield* table.invalidated();
  yield* table.readers.drain(first, last);
}

/** One step towards having absent chunks excepted; tells how many from the first on are. */
function* copyOut(table: ExceptionTable, first: number, last: number): Plan<number> {
  const count = yield* table.breakable(first, last);
  if (count === 0) return 0;
  try {
    const made = yield* table.break(first, count, "now");
    if (made === 0) yield* table.invalidate("Unable to allocate exception");
    return made;
  } catch (error) {
    if (codeOf(error) === "EAGAIN" && table.isValid) throw error;
    yield* table.invalidate("Error reading/writing");
    return 0; // The table is invalid now, and the source is free.
  }
}

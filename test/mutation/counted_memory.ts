/**
 * A subject whose memory is counted: what it allocates while it reads an image must be justified by
 * the image's own size, whatever its header says.
 */
import { BudgetError } from "./fuzzed_disk.ts";
import type { Subject } from "./subject.ts";

/** Pieces, blocks and the front of an area, for whoever reads. */
const FIXED_BYTES = 512 * 1024;
/** Images of areas, while they grow. */
const TIMES_SIZE = 4;

/** Bytes of the buffers that are made while something is done. */
function allocatedBytes(act: () => void): number {
  const Original = globalThis.Uint8Array;
  let byteCount = 0;
  globalThis.Uint8Array = new Proxy(Original, {
    construct(target, args, newTarget) {
      if (typeof args[0] === "number") byteCount += args[0];
      // What would end the process is not made.
      if (byteCount > 2 ** 28) throw new BudgetError(`buffers of ${byteCount} bytes`);
      return Reflect.construct(target, args, newTarget);
    },
  });
  try {
    act();
  } finally {
    globalThis.Uint8Array = Original;
  }
  return byteCount;
}

function within<Result>(sectorCount: number, act: () => Result): Result {
  let result: Result | undefined;
  const byteCount = allocatedBytes(() => result = act());
  const limitBytes = FIXED_BYTES + TIMES_SIZE * sectorCount * 512;
  if (byteCount <= limitBytes) return result as Result;
  throw new BudgetError(`buffers of ${byteCount} bytes, not ${limitBytes}`);
}

/**
 * Counts what a subject allocates.
 *
 * @param subject The subject.
 * @returns It, with limits.
 */
export function withCountedMemory(subject: Subject): Subject {
  return {
    open: (opening) => within(opening.cow.sectorCount, () => subject.open(opening)),
    merge: (opening) => subject.merge(opening),
    check: (options) => within(options.cow.sectorCount, () => subject.check(options)),
    repair: (options) => within(options.cow.sectorCount, () => subject.repair(options)),
  };
}

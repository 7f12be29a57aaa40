/**
 * The kernel's table of complete exceptions, with its accidents.
 *
 * Chunk numbers are 64 bits wide and nobody checks them: of a new chunk the upper 8 bits count the
 * consecutive chunks behind it, also when they were loaded from a disk. Buckets hold 256 neighbours,
 * sorted by old chunk. A new exception that continues one in its bucket is merged into it, and the
 * first one found answers, so which of two entries for one chunk wins depends on their neighbours.
 */

const COUNT_SHIFT = 56n;
const CHUNK_MASK = (1n << COUNT_SHIFT) - 1n;
const BUCKET_CHUNKS = 256n;

/** One exception, or consecutive ones. */
interface Exception {
  old: bigint;
  /** Without the count. */
  new: bigint;
  /** How many follow the first. */
  more: bigint;
}

/** Complete exceptions. */
export class KernelExceptions {
  readonly #buckets = new Map<bigint, Exception[]>();

  /**
   * Inserts an exception.
   *
   * @param oldChunk As on disk.
   * @param newChunk As on disk.
   */
  insert(oldChunk: bigint, newChunk: bigint): void {
    const bucket = this.#bucket(oldChunk);
    const added = { old: oldChunk, new: newChunk & CHUNK_MASK, more: newChunk >> COUNT_SHIFT };
    let at = 0;
    for (; at < bucket.length; at++) {
      const each = bucket[at] as Exception;
      if (added.old === each.old + each.more + 1n && added.new === each.new + each.more + 1n) {
        each.more++;
        return;
      }
      if (added.old === each.old - 1n && added.new === each.new - 1n) {
        each.old--;
        each.new--;
        each.more++;
        return;
      }
      if (added.old < each.old) break;
    }
    bucket.splice(at, 0, added);
  }

  /**
   * Looks for an exception.
   *
   * @param oldChunk The old chunk.
   * @returns The new chunk, or `null`.
   */
  find(oldChunk: number): number | null {
    const chunk = BigInt(oldChunk);
    const found = this.#bucket(chunk).find((each) =>
      each.old <= chunk && chunk <= each.old + each.more
    );
    return found === undefined ? null : Number(found.new + chunk - found.old);
  }

  /**
   * Forgets the exception of a chunk, which is at the end of its run.
   *
   * @param oldChunk The old chunk.
   */
  remove(oldChunk: number): void {
    const chunk = BigInt(oldChunk);
    const bucket = this.#bucket(chunk);
    const at = bucket.findIndex((each) => each.old <= chunk && chunk <= each.old + each.more);
    const found = bucket[at];
    if (found === undefined) return;
    if (found.more === 0n) bucket.splice(at, 1);
    else if (found.old === chunk) {
      found.old++;
      found.new++;
      found.more--;
    } else found.more--;
  }

  #bucket(chunk: bigint): Exception[] {
    const key = chunk / BUCKET_CHUNKS;
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) this.#buckets.set(key, bucket = []);
    return bucket;
  }
}

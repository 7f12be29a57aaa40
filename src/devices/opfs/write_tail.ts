/**
 * The write tail: small writes that continue each other reach the file by one call.
 *
 * A call costs a browser more than 4 KiB cost a processor. A snapshot hands out its chunks in order,
 * so what is written to a COW device is one run most of the time; the *tail* is its end, in memory.
 *
 * | asked for | with the tail |
 * |---|---|
 * | a write within it or right behind it, for which it has room | it takes the bytes |
 * | another small write | it is written out, and begins anew there |
 * | a large write, a read that meets it, a shortening, the length | it is written out first |
 * | a flush | it is written out first |
 *
 * Between two flushes nobody is promised what is in the file, so a loss of power tells no difference.
 *
 * Fails: what could not be written out fails with whatever made it be, and is still in the tail. So
 * a write can fail because of an earlier one, and is then not begun.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { SyncFile } from "./sync_file.ts";

/** Bytes in a tail. */
const TAIL_BYTES = 256 * 1024;

/** From here on a write goes to the file by itself: a copy of it would cost more than a call. */
const LARGE_BYTES = 64 * 1024;

/** A file with a tail. */
export class WriteTail implements SyncFile {
  readonly #file: SyncFile;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  /** Where in the file the tail begins, and how long it is. */
  #start = 0;
  #length = 0;

  /** A file without a tail yet. */
  constructor(file: SyncFile) {
    this.#file = file;
  }

  /** Reads at a position. */
  read(target: Uint8Array, options: { readonly at: number }): number {
    const { at } = options;
    if (at < this.#start + this.#length && this.#start < at + target.length) this.writeOut();
    return this.#file.read(target, options);
  }

  /** Writes at a position; takes all there is. */
  write(source: Uint8Array, { at }: { readonly at: number }): number {
    const from = at - this.#start;
    const end = from + source.length;
    const isNext = this.#length > 0 && from >= 0 && from <= this.#length && end <= TAIL_BYTES;
    if (!isNext || source.length >= LARGE_BYTES) {
      this.writeOut();
      if (source.length >= LARGE_BYTES) {
        writeAll(this.#file, source, at);
        return source.length;
      }
      this.#start = at;
    }
    this.#bytes ??= new Uint8Array(TAIL_BYTES);
    this.#bytes.set(source, at - this.#start);
    this.#length = Math.max(this.#length, at - this.#start + source.length);
    return source.length;
  }

  /** Brings the tail into the file. It is not durable yet. */
  writeOut(): void {
    if (this.#length === 0) return;
    writeAll(this.#file, this.#bytes!.subarray(0, this.#length), this.#start);
    this.#length = 0;
  }

  /** Makes everything durable. */
  flush(): void {
    this.writeOut();
    this.#file.flush();
  }

  /** The length in bytes. */
  getSize(): number {
    this.writeOut();
    return this.#file.getSize();
  }

  /** Cuts the file, or extends it by zeroes. */
  truncate(byteCount: number): void {
    if (byteCount < this.#start + this.#length) this.writeOut();
    this.#file.truncate(byteCount);
  }

  /** Ends use of the file. A tail that was not flushed is lost. */
  close(): void {
    this.#length = 0;
    this.#file.close();
  }
}

/** Writes until everything is written, or nothing is taken any more. */
function writeAll(file: SyncFile, source: Uint8Array, at: number): void {
  for (let done = 0; done < source.length;) {
    const part = done === 0 ? source : source.subarray(done);
    const count = file.write(part, { at: at + done });
    if (count === 0) throw new Error(`the file took ${done} bytes and no more`);
    done += count;
  }
}

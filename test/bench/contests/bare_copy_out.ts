/**
 * A first write to an origin in files, by the system's calls: the least that keeps its order.
 *
 * The old data is read and copied, made durable; its entries are written, made durable; then the write.
 *
 * @module
 */
import { fdatasyncSync, openSync, readSync, writeSync } from "node:fs";
import { benchFolder, written } from "./files.ts";

/** What is written to, and how much at once. */
interface BareSizes {
  readonly originBytes: number;
  readonly requestBytes: number;
  readonly chunkBytes: number;
  /** What each snapshot's file has room for; as much as the origin, unless said. */
  readonly cowBytes?: number;
  /** One, unless said. */
  readonly snapshots?: number;
}

/** An origin and what was copied out of it, in files without a hole. */
export class BareCopyOut {
  readonly #origin: number;
  readonly #cows: readonly number[];
  readonly #buffer: Uint8Array;
  readonly #source: Uint8Array;
  readonly #chunkBytes: number;

  constructor(name: string, sizes: BareSizes) {
    const { originBytes, requestBytes, chunkBytes, cowBytes = originBytes, snapshots = 1 } = sizes;
    const open = (file: string, byteCount: number) => {
      const number = openSync(`${benchFolder("disk")}/${name}-bare-${file}`, "w+");
      writeSync(number, written(byteCount), 0, byteCount, 0);
      fdatasyncSync(number);
      return number;
    };
    this.#origin = open("origin", originBytes);
    const numbers = Array.from({ length: snapshots }, (_, number) => number);
    this.#cows = numbers.map((number) => open(`cow-${number}`, cowBytes));
    this.#buffer = new Uint8Array(requestBytes);
    this.#source = written(requestBytes);
    this.#chunkBytes = chunkBytes;
  }

  /** The request at a position of the origin, whose old data is the `index`th copy. */
  write(index: number, position: number): void {
    const byteCount = this.#buffer.length;
    // 16 bytes an entry, in blocks of 512.
    const entryBytes = Math.max(512, byteCount / this.#chunkBytes * 16);
    readSync(this.#origin, this.#buffer, 0, byteCount, position);
    for (const cow of this.#cows) {
      writeSync(cow, this.#buffer, 0, byteCount, 2 * this.#chunkBytes + index * byteCount);
      fdatasyncSync(cow);
      writeSync(cow, this.#buffer, 0, entryBytes, this.#chunkBytes);
      fdatasyncSync(cow);
    }
    writeSync(this.#origin, this.#source, 0, byteCount, position);
  }

  /** Ends a round. */
  flush(): void {
    fdatasyncSync(this.#origin);
  }
}

/**
 * A client that writes to sectors of its own without a pause, and knows what they hold after each of its writes.
 */
import { Buffer } from "node:buffer";
import type { LiveStack } from "../../src/nbd/live/live_stack.ts";
import type { Prng } from "../../src/testing/prng.ts";
import { deviceOf } from "../unit/nbd/live/rig.ts";

/** What is in sectors: the number of the write that each of them comes from. */
export type Content = Uint32Array;

export function bytesOf(content: Content): Uint8Array {
  const words = new Uint32Array(content.length * 128);
  content.forEach((write, at) => words.fill(write, at * 128, at * 128 + 128));
  return new Uint8Array(words.buffer);
}

export function contentOf(bytes: Uint8Array): Content {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  return Uint32Array.from({ length: words.length / 128 }, (_, at) => {
    const part = words.subarray(at * 128, at * 128 + 128);
    if (part.some((word) => word !== part[0])) throw new Error(`Sector ${at} is torn`);
    return part[0]!;
  });
}

export const isSame = (a: Content, b: Content) =>
  Buffer.compare(Buffer.from(a.buffer), Buffer.from(b.buffer)) === 0;

/** What a client needs. */
export interface WorldOfClients {
  readonly prng: Prng;
  readonly stack: LiveStack;
  nextNumber(): number;
}

/** A write of a client. */
interface Write {
  readonly number: number;
  readonly sector: number;
  readonly sectorCount: number;
}

/** A client, who writes to its own sectors of the origin. */
export class Client {
  /** What its sectors held before the first of its writes. */
  base: Content;
  writes: Write[] = [];
  doneCount = 0;
  isPaused = false;
  #work: Promise<void> = Promise.resolve();

  constructor(
    readonly world: WorldOfClients,
    readonly sector: number,
    readonly sectorCount: number,
  ) {
    this.base = new Uint32Array(sectorCount);
  }

  /** Its sectors after its first writes. */
  after(count: number, base = this.base, from = 0): Content {
    const content = base.slice();
    for (const { number, sector, sectorCount } of this.writes.slice(from, count)) {
      content.fill(number, sector - this.sector, sector - this.sector + sectorCount);
    }
    return content;
  }

  start(): void {
    this.isPaused = false;
    this.#work = this.#run();
  }

  /** Lets its write end. */
  async pause(): Promise<void> {
    this.isPaused = true;
    await this.#work;
  }

  async #run(): Promise<void> {
    const { prng, stack } = this.world;
    while (!this.isPaused) {
      const offset = prng.int(this.sectorCount);
      const sectorCount = 1 + prng.int(Math.min(40, this.sectorCount - offset));
      const write = { number: this.world.nextNumber(), sector: this.sector + offset, sectorCount };
      this.writes.push(write);
      const content = new Uint32Array(sectorCount).fill(write.number);
      await deviceOf(stack, "origin").write(bytesOf(content), write.sector);
      this.doneCount++;
    }
  }
}

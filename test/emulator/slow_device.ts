/**
 * A device that takes its time: every request waits until it is let through, in the order in which
 * they came, and can be made to fail.
 *
 * @module
 */
import {
  type AsyncImplementation,
  type BlockDevice,
  BlockDeviceError,
  checked,
  createMemoryDevice,
  type ErrorCode,
  type SyncBlockDevice,
} from "../../src/mod.ts";
import { quiet } from "../http/simulated_clock.ts";

interface Waiting {
  readonly what: string;
  go(failure?: ErrorCode): void;
}

/** Holds sectors, and requests. */
export class SlowStorage implements AsyncImplementation {
  readonly name = "slow";
  readonly sectorCount: number;
  readonly supports = { write: true, discard: false, discardZeroes: false, permanence: true };
  /** What was asked, in order. */
  readonly log: string[] = [];
  /** What it holds, at once. */
  readonly content: SyncBlockDevice;
  /** The device. */
  readonly device: BlockDevice;
  /** Whether requests wait to be let through. */
  isHolding = true;
  #waiting: Waiting[] = [];

  constructor(sectorCount: number) {
    this.sectorCount = sectorCount;
    this.content = createMemoryDevice({ sectorCount });
    this.device = checked(this);
  }

  /** What waits. */
  get waiting(): string[] {
    return this.#waiting.map(({ what }) => what);
  }

  /** Lets the first request through, or makes it fail. */
  async letOne(failure?: ErrorCode): Promise<void> {
    while (this.#waiting.length === 0) await quiet();
    this.#waiting.shift()?.go(failure);
  }

  async read(target: Uint8Array, sector: number): Promise<void> {
    await this.#wait(`read ${sector}+${target.length / 512}`);
    this.content.readSync(target, sector);
  }

  async write(source: Uint8Array, sector: number, fua: boolean): Promise<void> {
    const taken = source.slice();
    await this.#wait(`write ${sector}+${source.length / 512}${fua ? " fua" : ""}`);
    this.content.writeSync(taken, sector);
  }

  async flush(): Promise<void> {
    await this.#wait("flush");
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #wait(what: string): Promise<void> {
    this.log.push(what);
    if (!this.isHolding) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        what,
        go(failure) {
          if (failure === undefined) resolve();
          else reject(new BlockDeviceError(failure, `Cannot ${what}: it is to fail`));
        },
      });
    });
  }
}

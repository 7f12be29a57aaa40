/** A device that answers nothing before it is told to. */
import type { BlockDevice } from "../../../src/block/device.ts";

export class SlowDevice implements BlockDevice {
  readonly name = "slow";
  readonly sectorCount: number;
  readonly limits;
  readonly supports;
  /** Requests that wait, the oldest first. */
  readonly waiting: (() => void)[] = [];

  constructor(readonly below: BlockDevice) {
    this.sectorCount = below.sectorCount;
    this.limits = below.limits;
    this.supports = { ...below.supports, sync: false };
  }

  #later<Result>(act: () => Promise<Result>): Promise<Result> {
    return new Promise<void>((resolve) => void this.waiting.push(resolve)).then(act);
  }

  read(target: Uint8Array, sector: number): Promise<void> {
    return this.#later(() => this.below.read(target, sector));
  }

  write(source: Uint8Array, sector: number): Promise<void> {
    const taken = source.slice();
    return this.#later(() => this.below.write(taken, sector));
  }

  writeZeroes(sector: number, sectorCount: number): Promise<void> {
    return this.#later(() => this.below.writeZeroes(sector, sectorCount));
  }

  discard(sector: number, sectorCount: number): Promise<void> {
    return this.#later(() => this.below.discard(sector, sectorCount));
  }

  flush(): Promise<void> {
    return this.#later(() => this.below.flush());
  }

  close(): Promise<void> {
    return this.below.close();
  }

  /** Answers everything that waits, and lets the answers arrive. */
  async answerAll(): Promise<void> {
    for (const answer of this.waiting.splice(0)) answer();
    await new Promise((resolve) => setImmediate(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * A watchdog for runs that never wait: an endless loop would hold up timers and time limits alike, so
 * a thread of its own looks on, and ends the process with the seed that does not end.
 */
import { Worker } from "node:worker_threads";
import process from "node:process";

/** No image takes a hundredth of this, however busy the machine is. */
const PATIENCE_MS = 30_000;
const SEED_BYTES = 256;

const THREAD = `
  const { workerData } = require("node:worker_threads");
  const { writeSync } = require("node:fs");
  const { shared, patienceMs, pid } = workerData;
  const turn = new Int32Array(shared, 0, 1);
  for (;;) {
    const before = Atomics.load(turn, 0);
    if (before < 0) break;
    if (Atomics.wait(turn, 0, before, patienceMs) !== "timed-out") {
      continue;
    }
    const seed = new TextDecoder().decode(new Uint8Array(shared, 4).slice()).replace(/\\0/g, "");
    writeSync(2, "seed " + seed + " does not end; replay: deno task mutate --seed " + seed + "\\n");
    process.kill(pid, "SIGKILL");
  }
`;

/** Looks on while seeds are tried. */
export class Watchdog implements Disposable {
  readonly #turn: Int32Array;
  readonly #seed: Uint8Array;

  /** Begins to look on. */
  constructor(patienceMs = PATIENCE_MS) {
    const shared = new SharedArrayBuffer(4 + SEED_BYTES);
    this.#turn = new Int32Array(shared, 0, 1);
    this.#seed = new Uint8Array(shared, 4);
    const workerData = { shared, patienceMs, pid: process.pid };
    new Worker(THREAD, { eval: true, workerData }).unref();
  }

  /** Tells that a seed is begun. */
  begin(seed: string): void {
    this.#seed.fill(0);
    // A seed may be longer than there is room; its beginning tells the base all the same.
    new TextEncoder().encodeInto(seed, this.#seed);
    this.#move(Atomics.load(this.#turn, 0) + 1);
  }

  /** Ends the looking on. */
  [Symbol.dispose](): void {
    this.#move(-1);
  }

  #move(turn: number): void {
    Atomics.store(this.#turn, 0, turn);
    Atomics.notify(this.#turn, 0);
  }
}

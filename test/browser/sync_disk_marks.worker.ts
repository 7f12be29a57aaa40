/// <reference lib="dom" />
/** What a blocking read of 4 KiB from another thread costs, beside a word there and back. */
import { connectSyncDisk } from "../../src/emulator/sync_disk.ts";
import { patternOf } from "../../src/testing/mod.ts";
import { bounce } from "../bench/contests/bounce.ts";
import type { Part } from "../bench/contests/sync_disk.worker.ts";

const DISK_SECTORS = 32_768;
const OPERATIONS = 200;
const ROUNDS = 101;

function start(part: Part, ...handedOver: Transferable[]): void {
  const worker = new Worker(new URL("../bench/contests/sync_disk.worker.ts", import.meta.url), {
    type: "module",
  });
  worker.postMessage(part, handedOver);
}

async function open(lingerMs: number, memories: WebAssembly.Memory[]) {
  const { port1, port2 } = new MessageChannel();
  start({ port: port1, content: patternOf(1, 0, DISK_SECTORS), lingerMs }, port1);
  return await connectSyncDisk(port2, { memories });
}

const words = new Int32Array(new SharedArrayBuffer(8));
start({ words });
const heap = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
const inPlace = await open(1, [heap]);
const lingering = await open(1, []);
const notBlocking = await open(0, []);
const own = new Uint8Array(4096);
const shared = new Uint8Array(heap.buffer, 0, 4096);
const place = (turn: number) => (turn * 37 % (DISK_SECTORS / 8)) * 8;

let bounces = 0;
const works: Record<string, (turn: number) => void> = {
  "a word there and back"() {
    bounce(words, ++bounces);
  },
  "read 4 KiB, server lingers": (turn) => lingering.readSync(own, place(turn)),
  "read 4 KiB, in place": (turn) => inPlace.readSync(shared, place(turn)),
  "read 4 KiB, server never blocks": (turn) => notBlocking.readSync(own, place(turn)),
};

function timed(work: (turn: number) => void, round: number): number {
  const startMs = performance.now();
  for (let turn = 0; turn < OPERATIONS; turn++) work(round * OPERATIONS + turn);
  return (performance.now() - startMs) / OPERATIONS;
}

const times: Record<string, number[]> = {};
// By turns, so that a busy machine slows all of them alike; the first rounds warm up.
for (let round = 0; round < ROUNDS + 10; round++) {
  for (const [what, work] of Object.entries(works)) {
    const ms = timed(work, round);
    if (round >= 10) (times[what] ??= []).push(ms);
  }
}
self.postMessage(times);

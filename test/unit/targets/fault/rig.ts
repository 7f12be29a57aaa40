/** Faults on the bench: a target over memory disks as a device, and a clock that a test moves. */
import type { Clock } from "../../../../src/block/clock.ts";
import { runSync } from "../../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";
import { MappedDevice } from "../../../../src/mapper/mapped_device.ts";
import type { Target } from "../../../../src/targets/target.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";

/** A clock whose time passes when a test says so. */
export class HandClock implements Clock {
  // A clock's zero is anywhere.
  #timeMs = 77_777.5;
  #sleepers: { readonly untilMs: number; readonly wake: () => void }[] = [];

  /** How much time has passed. */
  elapsedMs = 0;

  nowMs(): number {
    return this.#timeMs;
  }

  sleep(timeMs: number): Promise<void> {
    const untilMs = this.#timeMs + timeMs;
    return new Promise((wake) => this.#sleepers.push({ untilMs, wake }));
  }

  /** Lets time pass, and whoever has slept enough wake. */
  pass(timeMs: number): void {
    this.#timeMs += timeMs;
    this.elapsedMs += timeMs;
    const due = this.#sleepers.filter(({ untilMs }) => untilMs <= this.#timeMs);
    this.#sleepers = this.#sleepers.filter((sleeper) => !due.includes(sleeper));
    for (const { wake } of due) wake();
  }
}

/** A device made of one target. */
export function deviceOf(target: Target): MappedDevice {
  const device = new MappedDevice("t");
  runSync(device.load([target]));
  runSync(device.resume());
  return device;
}

/** A memory disk that holds write 1. */
export function patternDisk(sectorCount: number, name = "vda") {
  return createMemoryDevice({ name, sectorCount, content: patternOf(1, 0, sectorCount) });
}

/** Reads sectors. */
export function readOf(
  device: { readSync(target: Uint8Array, sector: number): void },
  sector: number,
  sectorCount: number,
): Uint8Array {
  const bytes = new Uint8Array(sectorCount * 512);
  device.readSync(bytes, sector);
  return bytes;
}

/** An entry of a log, as this file's own reading of the format has it. */
export interface ReadEntry {
  readonly words: string;
  readonly bytes: Uint8Array;
}

/** Reads a log without the code under test: what its super counts, or every entry there is. */
export function readLog(
  log: Uint8Array,
  { blockBytes = 512, count = superCountOf(log) } = {},
): ReadEntry[] {
  const entries: ReadEntry[] = [];
  let at = blockBytes;
  while (entries.length < count) {
    const view = new DataView(log.buffer, log.byteOffset + at, blockBytes);
    const [sector, sectorCount, flags, markBytes] = [0, 8, 16, 24]
      .map((offset) => Number(view.getBigUint64(offset, true)));
    at += blockBytes;
    const [flush, fua, discard, mark] = [1, 2, 4, 8].map((bit) => (flags! & bit) !== 0);
    const bodyBytes = discard ? 0 : sectorCount! * blockBytes;
    const text = new TextDecoder().decode(
      log.subarray(at - blockBytes + 32).subarray(0, markBytes),
    );
    const range = ` ${sector}+${sectorCount}`;
    const kind = discard ? "discard" : fua ? "fua" : "write";
    const words = mark ? `mark ${text}` : flush ? "flush" : kind + range;
    entries.push({ words, bytes: log.slice(at, at + bodyBytes) });
    at += bodyBytes;
  }
  return entries;
}

/** How many entries a log's super counts. */
export function superCountOf(log: Uint8Array): number {
  return Number(new DataView(log.buffer, log.byteOffset).getBigUint64(16, true));
}

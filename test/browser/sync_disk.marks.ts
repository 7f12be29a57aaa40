/// <reference lib="dom" />
/** The mark of disks whose calls return: a blocking read, beside a word there and back. */
import { expect, test } from "vitest";

/** The quarters and the middle of some numbers. */
function spread(numbers: readonly number[]): [low: number, middle: number, high: number] {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(sorted.length * part)]!;
  return [at(0.25), at(0.5), at(0.75)];
}

test("4 KiB read from a disk in another thread, blocking", { timeout: 120_000 }, async () => {
  const worker = new Worker(new URL("./sync_disk_marks.worker.ts", import.meta.url), {
    type: "module",
  });
  const times = await new Promise<Record<string, number[]>>((resolve, reject) => {
    worker.onmessage = ({ data: said }) => resolve(said);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.terminate();
  const floor = times["a word there and back"]!;
  const ratios = (what: string) => spread(times[what]!.map((ms, round) => ms / floor[round]!));
  const rows = Object.keys(times).map((what) => {
    const [low, middle, high] = ratios(what).map((ratio) => ratio.toFixed(2));
    const us = (spread(times[what]!)[1] * 1000).toFixed(1);
    return `${what}: ${us} us, ${middle} of the bare round trip (${low} to ${high})`;
  });
  // deno-lint-ignore no-console
  console.log(rows.join("\n"));
  expect(ratios("read 4 KiB, server lingers")[1]).toBeLessThan(3);
});

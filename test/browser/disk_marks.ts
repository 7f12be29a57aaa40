/**
 * How disks are measured: by turns with something bare, so that a busy machine slows both alike.
 */

/** Milliseconds of each work, the median of its turns. */
export async function medians(
  turns: number,
  works: Readonly<Record<string, (turn: number) => Promise<number> | number>>,
): Promise<Record<string, number>> {
  const times = new Map<string, number[]>(Object.keys(works).map((what) => [what, []]));
  const entries = Object.entries(works);
  for (let turn = 0; turn < turns; turn++) {
    // Each comes after each: one pays for what the one before has left behind.
    for (let at = 0; at < entries.length; at++) {
      const [what, work] = entries[(turn + at) % entries.length]!;
      times.get(what)!.push(await work(turn));
    }
  }
  const median = (each: number[]) => each.sort((one, other) => one - other)[turns >> 1]!;
  return Object.fromEntries([...times].map(([what, each]) => [what, median(each)]));
}

/** Milliseconds that some work takes. */
export async function timed(work: () => unknown): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** What was measured, beside the lowest of the floors. */
export function report(floors: readonly string[], times: Readonly<Record<string, number>>): string {
  const floorMs = Math.min(...floors.map((floor) => times[floor]!));
  return Object.entries(times)
    .map(([what, ms]) => `${what}: ${ms.toFixed(3)} ms, ${(ms / floorMs).toFixed(2)} of the floor`)
    .join("\n");
}

/** Chunks in one flush. */
export const BATCH_CHUNKS = 64;

/** Sectors in a chunk. */
export const CHUNK_SECTORS = 8;

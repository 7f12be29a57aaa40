/**
 * What touches every byte.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { compare, copy, fill, hash, isZero, SIZES } from "../contests/bytes.ts";
import { verifyImage } from "../contests/verified_images.ts";
import { type Contest, isSmoke } from "../harness/contest.ts";
import { type Lane, measure } from "../harness/measure.ts";
import { FEW, MANY, race, type Row } from "../harness/row.ts";

/** Benchmarks of xxhsum, by the bits of their hash. */
const NATIVE_BENCHES = { 64: 5, 128: 11 } as const;

/** Nanoseconds that xxhsum takes for a hash of so many bytes; null where it is not installed. */
function nativeNs(bits: 64 | 128, byteCount: number): number | null {
  const { stderr } = spawnSync("xxhsum", [
    `-b${NATIVE_BENCHES[bits]}`,
    `-B${byteCount}`,
    isSmoke ? "-i0" : "-i1",
  ], { encoding: "utf8" });
  const rates = [...(stderr ?? "").matchAll(/(\d+) it\/s/g)];
  const rate = Number(rates.at(-1)?.[1] ?? 0);
  return rate > 0 ? 1e9 / rate : null;
}

/** The same hash, natively: what a processor can do when nobody has to be portable. */
function native(bits: 64 | 128, byteCount: number, contest: Contest): Row {
  return {
    title: `${contest.title}, against xxhsum -b`,
    unit: "ns",
    mark: null,
    async measure() {
      const ours = (await measure(contest, MANY)).at(-1)!;
      const ns = nativeNs(bits, byteCount);
      if (ns === null) return [{ ...ours, name: `${ours.name}; xxhsum is not installed` }];
      const { median, low, high } = ours.cost;
      const exactly = (value: number) => ({ median: value, low: value, high: value });
      const floor: Lane = { name: "xxhsum", cost: exactly(ns), speed: exactly(1) };
      return [floor, { ...ours, speed: { median: ns / median, low: ns / high, high: ns / low } }];
    },
  };
}

/** The rows. */
export async function* bytesRows(): AsyncGenerator<Row> {
  for (const warmth of ["hot", "cold"] as const) {
    for (const byteCount of SIZES) {
      yield race(copy(byteCount, warmth), MANY);
      yield race(fill(byteCount, warmth), MANY);
      yield race(compare(byteCount, warmth), MANY);
      if (warmth === "hot") yield race(isZero(byteCount, warmth), MANY);
      for (const bits of [64, 128] as const) {
        const contest = await hash(bits, byteCount, warmth);
        const isMarked = bits === 64 && byteCount === 4096 && warmth === "hot";
        yield race(contest, MANY, isMarked ? 3 : undefined);
        if (warmth === "hot") yield native(bits, byteCount, contest);
      }
    }
  }
  yield race(verifyImage(), FEW, 1.7);
}

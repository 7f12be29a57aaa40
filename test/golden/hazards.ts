/**
 * Deliberate differences: where the kernel is careless we are strict, and both are asserted.
 *
 * No vector is named here. A difference counts as a hazard only if
 *
 * 1. the recording is what the reference does with all of the kernel's quirks;
 * 2. our answer is, in every field, what the reference does with none;
 * 3. quirks explain it: without that one, or without those two or more, the careless reference
 *    answers differently.
 *
 * Everything else is a failure. The quirks are listed in `reference/quirks.ts`.
 */
import { snapshotTypes } from "../../src/mapper/table/snapshot_types.ts";
import { type Difference, isSame } from "./comparison.ts";
import { type Quirk, QUIRK_NAMES, Quirks } from "./reference/quirks.ts";
import { referencePlans } from "./reference/plans.ts";
import { type Entry, transcribe } from "./transcript.ts";
import type { ReadImage, Vector } from "./vector.ts";

/**
 * Replays a vector in the reference.
 *
 * @param vector The vector.
 * @param readImage Gives its images.
 * @param careless The quirks that are as in the kernel.
 * @returns The transcript, and the quirks that mattered.
 */
export async function transcribeReference(
  vector: Vector,
  readImage: ReadImage,
  careless: Iterable<Quirk>,
): Promise<{ entries: Entry[]; met: Set<Quirk> }> {
  const quirks = new Quirks(careless);
  const typesFor = () => snapshotTypes(referencePlans(quirks));
  const entries = await transcribe(vector, { readImage, face: "sync", typesFor });
  return { entries, met: quirks.met };
}

/** What became of the differences. */
export interface Explanation {
  /** Deliberate differences, by quirk. One that several quirks have a part in counts for each. */
  hazards: Map<Quirk, number>;
  /** Those that are none. */
  failures: Difference[];
}

/** Sets of one, sets of two, and the set of all. */
function* setsOf(quirks: readonly Quirk[]): Generator<Quirk[]> {
  for (const quirk of quirks) yield [quirk];
  for (const [index, quirk] of quirks.entries()) {
    for (const other of quirks.slice(index + 1)) yield [quirk, other];
  }
  yield [...quirks];
}

/** The differences that are deliberate: the kernel's carelessness there, our strictness here. */
function deliberate(
  differences: readonly Difference[],
  careless: readonly Entry[],
  strict: readonly Entry[],
): Difference[] {
  return differences.filter(({ index, recorded, found, faults }) => {
    const kernels = careless[index];
    const ours = strict[index];
    return kernels !== undefined && isSame(kernels, recorded) &&
      ours !== undefined && isSame(found, ours) &&
      faults.every((fault) => fault.startsWith("footprint"));
  });
}

/**
 * Tells deliberate differences from failures.
 *
 * @param vector The vector.
 * @param readImage Gives its images.
 * @param differences All differences.
 */
export async function explain(
  vector: Vector,
  readImage: ReadImage,
  differences: readonly Difference[],
): Promise<Explanation> {
  const hazards = new Map<Quirk, number>();
  if (differences.length === 0) return { hazards, failures: [] };
  const kernel = await transcribeReference(vector, readImage, QUIRK_NAMES);
  const strict = await transcribeReference(vector, readImage, []);
  const expected = deliberate(differences, kernel.entries, strict.entries);
  let unexplained = new Set(expected);
  for (const quirks of setsOf([...kernel.met.union(strict.met)])) {
    if (unexplained.size === 0) break;
    const others = QUIRK_NAMES.filter((each) => !quirks.includes(each));
    const { entries } = await transcribeReference(vector, readImage, others);
    // All differences are tried against one quirk, so that each one's part is counted.
    const candidates = quirks.length === 1 ? expected : [...unexplained];
    const explained = candidates.filter(({ index, recorded }) => {
      const entry = entries[index];
      return entry !== undefined && !isSame(entry, recorded);
    });
    if (explained.length === 0) continue;
    for (const quirk of quirks) hazards.set(quirk, (hazards.get(quirk) ?? 0) + explained.length);
    unexplained = unexplained.difference(new Set(explained));
  }
  const failures = differences.filter((each) => !expected.includes(each) || unexplained.has(each));
  return { hazards, failures };
}

/**
 * Replaying a vector: every operation is done to our machine, every answer compared with the
 * kernel's, every difference explained or held against us.
 */
import { compare, type Difference, verifyVector } from "./comparison.ts";
import { explain } from "./hazards.ts";
import type { Quirk } from "./reference/quirks.ts";
import { type Replaying, transcribe } from "./transcript.ts";
import type { Vector } from "./vector.ts";

/** What a replay found. */
export interface Report {
  name: string;
  /** Answers and images that were compared. */
  compared: number;
  /** Answers, log lines and images that were not, by reason. */
  informative: Map<string, number>;
  /** Deliberate differences, by hazard. */
  hazards: Map<Quirk, number>;
  /** Differences that are not deliberate. */
  failures: Difference[];
  /** What the vector itself gets wrong. */
  faults: string[];
}

/**
 * Replays a vector.
 *
 * @param vector The vector.
 * @param replaying How, and on which disks.
 */
export async function replay(vector: Vector, replaying: Replaying): Promise<Report> {
  const { readImage } = replaying;
  const faults = verifyVector(vector, readImage);
  const entries = await transcribe(vector, replaying);
  const { compared, informative, differences } = compare(vector, entries);
  const { hazards, failures } = await explain(vector, readImage, differences);
  return { name: vector.name, compared, informative, hazards, failures, faults };
}

/**
 * Whether a vector agrees.
 *
 * @param report What its replay found.
 */
export function agrees(report: Report): boolean {
  return report.failures.length === 0 && report.faults.length === 0;
}

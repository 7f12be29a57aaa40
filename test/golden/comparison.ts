/**
 * Comparing a transcript with the recording.
 *
 * Compared: return code, what was printed, what dm logged, and after power-off every disk byte for
 * byte. Not compared, and counted as *informative*:
 *
 * - answers of the recording machine itself (queue limits, device nodes, time);
 * - log lines of other drivers, such as the block layer's about requests beyond a device's end;
 * - what the recording marks as racy, and in `timing` vectors what depends on time: the status of a
 *   merge that is under way, and the disks of a machine that was reset.
 */
import { makeContents } from "./disk.ts";
import { sha256 } from "./patterns.ts";
import { footprintFaults, orderFaults, parseTrace } from "./trace.ts";
import { endsWithReset, type Entry } from "./transcript.ts";
import type { ReadImage, Recorded, Vector } from "./vector.ts";

/** Lines of other parts of the kernel stand in the log as well: the block layer, the random driver. */
const DM_LINE = /^device-mapper: /;

/** What of an entry is compared. */
export const FIELDS = ["rc", "out", "kmsg", "image"] as const;

/** What is compared of an entry. */
export type Answer = Pick<Entry, typeof FIELDS[number] | "requests">;

/** An entry that is not as recorded. */
export interface Difference {
  /** The entry's index in the transcript. */
  index: number;
  recorded: Answer;
  found: Entry;
  /** For a trace: the laws that are broken. */
  faults: string[];
}

/** What a comparison found. */
export interface Comparison {
  /** Entries that were compared. */
  compared: number;
  /** Entries and log lines that were not, by reason. */
  informative: Map<string, number>;
  differences: Difference[];
}

function whyInformative(vector: Vector, recorded: Recorded): string | null {
  if (recorded.racy) return "racy";
  const isStatus = recorded.op.startsWith("dm status");
  const isMerging = /snapshot-merge (\d+)\/\d+ (?!\1$)/.test(recorded.out ?? "");
  return vector.timing && isStatus && isMerging ? "merge under way" : null;
}

/**
 * Whether an answer is as another, apart from traces' order.
 *
 * @param found The answer.
 * @param model The other.
 */
export function isSame(found: Answer, model: Answer): boolean {
  return FIELDS.every((field) => found[field] === model[field]) &&
    footprintFaults(found.requests, model.requests).length === 0;
}

/**
 * Compares.
 *
 * @param vector The recording.
 * @param entries The transcript.
 */
export function compare(vector: Vector, entries: readonly Entry[]): Comparison {
  const comparison: Comparison = { compared: 0, informative: new Map(), differences: [] };
  let index = 0;
  const count = (why: string) =>
    comparison.informative.set(why, (comparison.informative.get(why) ?? 0) + 1);
  const match = (recorded: Answer, why: string | null) => {
    const found = entries[index++];
    if (found === undefined) throw new TypeError("A transcript ends before its vector");
    const reason = found.informative ?? why;
    if (reason !== null) return count(reason);
    comparison.compared++;
    const faults = found.op === "trace"
      ? [
        ...footprintFaults(found.requests, recorded.requests),
        ...orderFaults(found.requests, recorded.requests),
      ]
      : [];
    if (isSame(found, recorded) && faults.length === 0) return;
    comparison.differences.push({ index: index - 1, recorded, found, faults });
  };
  for (const [boot, { ops, after }] of vector.boots.entries()) {
    for (const op of ops) {
      const { rc = 0, out = "", kmsg = [] } = op;
      const dmLines = kmsg.filter((line) => DM_LINE.test(line));
      for (let i = dmLines.length; i < kmsg.length; i++) count("log of other drivers");
      const requests = op.op === "trace" ? parseTrace(out) : [];
      const printed = op.op === "trace" ? "" : out;
      const kmsgText = dmLines.join("\n");
      const recorded = { rc: String(rc), out: printed, kmsg: kmsgText, image: "", requests };
      match(recorded, whyInformative(vector, op));
    }
    for (const [name, { sha256: image }] of Object.entries(after)) {
      const isRacy = vector.racy?.includes(name);
      const why = endsWithReset(vector, boot) ? "disk after a reset" : isRacy ? "racy disk" : null;
      match({ rc: "0", out: "", kmsg: "", image, requests: [] }, why);
    }
  }
  return comparison;
}

/**
 * Verifies what a vector says of itself: the first contents of its disks, and its kept images.
 *
 * @param vector The vector.
 * @param readImage Gives its images.
 * @returns What does not agree.
 */
export function verifyVector(vector: Vector, readImage: ReadImage): string[] {
  const faults: string[] = [];
  for (const [name, spec] of Object.entries(vector.disks)) {
    if (sha256(makeContents(spec)) !== spec.sha256) faults.push(`first contents of ${name}`);
  }
  for (const { after } of vector.boots) {
    for (const [name, { file, sha256: recorded }] of Object.entries(after)) {
      if (file === undefined) continue;
      if (sha256(readImage(file)) !== recorded) faults.push(`kept image of ${name}`);
    }
  }
  return faults;
}

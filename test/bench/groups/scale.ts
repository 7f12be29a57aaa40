/**
 * What an operation costs with very many exceptions, beside what it costs with few: does it stay flat?
 *
 * A machine's memory is not flat, so reads and writes of data are judged beside the bare copies of as
 * many places. Look-ups alone, loading and merging have no floor that could be taken off: they are shown.
 *
 * @module
 */
import { load } from "../contests/loads.ts";
import { lookUpAmong } from "../contests/lookups.ts";
import { merge } from "../contests/merges.ts";
import { overwriteOrigin, overwriteSnapshot } from "../contests/overwrites.ts";
import { readCopied, readUncopied } from "../contests/reads.ts";
import { type Contest, isLong, isSmoke } from "../harness/contest.ts";
import { oursOf } from "../harness/measure.ts";
import { flat, MANY, race, RARE, type Row } from "../harness/row.ts";

const FEW_EXCEPTIONS = isSmoke ? 100 : 1000;
const MILLION = isSmoke ? 1000 : 1_000_000;
const TEN_MILLION = isSmoke ? 10_000 : 10_000_000;

/** An operation costs at most 1.5 times as much with ten million exceptions as with a thousand. */
const LEAST_LEFT = 1 / 1.5;

/** What a contest with ten millions costs for each exception, beside the same with one. */
function forEach(contestOf: (exceptionCount: number) => Contest): Row {
  const runnerOf = (count: number) => {
    const ours = oursOf(contestOf(count));
    return { ...ours, name: `${ours.name}, ${count} exceptions`, operations: count };
  };
  return race({
    title: `for each exception: ${contestOf(TEN_MILLION).title}`,
    operations: TEN_MILLION,
    floor: runnerOf(MILLION),
    runners: [runnerOf(TEN_MILLION)],
  }, RARE);
}

/** The rows. */
export function* scaleRows(): Generator<Row> {
  for (const which of ["hits", "misses"] as const) {
    yield race(lookUpAmong(which, FEW_EXCEPTIONS, TEN_MILLION), MANY);
  }
  // What is not copied can lie as far apart with few exceptions as with many.
  const readFarUncopied = (count: number) => readUncopied(count, 2 * TEN_MILLION);
  for (const contestOf of [readCopied, readFarUncopied, overwriteSnapshot, overwriteOrigin]) {
    yield flat(contestOf, FEW_EXCEPTIONS, TEN_MILLION, LEAST_LEFT);
  }
  if (!isLong && !isSmoke) return;
  for (const lie of ["isolated", "runs"] as const) {
    yield forEach((count) => load(lie, count));
    yield forEach((chunkCount) => merge({ lie, chunkCount, chunkBytes: 65_536, dataEvery: 1024 }));
  }
}

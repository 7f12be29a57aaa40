/**
 * One mutated image, and the laws it is put to.
 *
 * 1. The checker does not throw, writes nothing, and comes to what the naive reader comes to.
 * 2. The loader does too: it gives a snapshot that reads, chunk by chunk, what the naive reader says
 *    it must, or refuses with a clear error and has written nothing.
 * 3. A repair changes nothing that loads: not what it reads, not after a loss of power between or
 *    within its writes. A second one finds nothing left.
 * 4. A snapshot that opens can be written whole, or fills up as it ought to; it reads what was
 *    written, now and opened again, and its image passes the check.
 * 5. Or it can be merged: the origin then reads as the snapshot did, and the image is empty.
 *
 * Each is given no more requests, bytes and time than the image can justify.
 */
import { BlockDeviceError, codeOf } from "../../src/block/errors.ts";
import type { Prng } from "../../src/testing/prng.ts";
import { mergeWhole } from "./merge_laws.ts";
import type { Reading, UsableImage } from "./naive_reader.ts";
import { repairImage } from "./repair_laws.ts";
import type { OpenSnapshot, Subject } from "./subject.ts";
import {
  examine,
  hasBadChunk,
  isSame,
  law,
  open,
  read,
  shownBy,
  type Workbench,
} from "./workbench.ts";
import { tryFresh, writeWhole } from "./write_laws.ts";

/** What is done at last with an image that opens: not everything every time. */
const ENDS = { nothing: 6, write: 3, merge: 1 };

/**
 * Tries the image that is on a workbench's disk.
 *
 * @param bench The workbench.
 * @param subject What is fuzzed.
 * @param prng Chance: what is done with an image that opens.
 * @returns What the image came to, with the reason of a refusal.
 * @throws {Error} When a law does not hold.
 */
export function tryImage(bench: Workbench, subject: Subject, prng: Prng): string {
  bench.tableChunkSectors = prng.bool() ? bench.base.chunkSectors : 0;
  const reading = read(bench);
  checkImage(bench, subject, reading);
  const outcome = reading.state === "refused" ? `refused: ${reading.why}` : reading.state;
  loadImage(bench, subject, reading);
  const repaired = repairImage(bench, subject, reading, prng);
  if (reading.state === "blank") tryFresh(bench, subject);
  if (repaired.state === "usable") {
    const end = prng.weighted(ENDS);
    if (end === "write") writeWhole(bench, subject, repaired);
    if (end === "merge") mergeWhole(bench, subject, repaired);
  }
  return outcome;
}

function checkImage(bench: Workbench, subject: Subject, reading: Reading): void {
  const { report, findings } = examine(bench, subject);
  const agrees = (holds: boolean, what: string) => {
    if (holds) return;
    const told = findings.slice(0, 8).map(({ kind, message }) => `${kind}: ${message}`);
    throw new Error(
      `the checker disagrees on ${what}; it says ${report.state}\n${told.join("\n")}`,
    );
  };
  agrees(report.state === reading.state, `the state, which is ${reading.state}`);
  const isUsable = reading.state === "usable";
  agrees((report.counts.errors === 0) === isUsable, "whether there are errors");
  if (!isUsable) return;
  const has = (kind: string) => findings.some((finding) => finding.kind === kind);
  const isOdd = has("junkBehindHeader") || has("oddValidWord");
  agrees(has("staleTail") === reading.hasStaleTail, "stale bytes");
  agrees(isOdd !== reading.hasPlainHeader, "the header");
  law(report.exceptionCount === reading.chunks.size, "the checker counts other exceptions");
  law(report.usedChunks === reading.chunks.size, "the checker counts other chunks");
}

function loadImage(bench: Workbench, subject: Subject, reading: Reading): void {
  // A load of a blank image makes a store: that is tried at the end.
  if (reading.state === "blank") return;
  const snapshot = open(bench, subject);
  if (snapshot instanceof Error) {
    law(reading.state === "refused", `the loader refuses: ${snapshot.message}`);
    return;
  }
  const { disk, view } = bench;
  law(disk.writes.length === 0, "a load has written to the image");
  if (reading.state === "usable") expectView(bench, snapshot, reading);
  else {
    law(reading.state === "invalid", "the loader takes what does not make sense");
    law(snapshot.status() === "Invalid", `an invalid image has the status ${snapshot.status()}`);
    law(failsWith("EIO", () => snapshot.device.readSync(view, 0)), "an invalid image can be read");
  }
  snapshot.device.closeSync();
}

function failsWith(code: string, act: () => void): boolean {
  try {
    act();
    return false;
  } catch (error) {
    return codeOf(error) === code && error instanceof BlockDeviceError;
  }
}

function expectView(bench: Workbench, { device }: OpenSnapshot, reading: UsableImage): void {
  if (hasBadChunk(bench, reading)) return;
  const expected = shownBy(bench, reading, bench.disk.bytes);
  device.readSync(bench.view, 0);
  if (isSame(bench.view, expected)) return;
  const at = bench.view.findIndex((byte, index) => byte !== expected[index]);
  throw new Error(`the view reads wrong at sector ${Math.floor(at / 512)}`);
}

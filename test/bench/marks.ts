/**
 * The marks: what the snapshot stack is measured by, in one table.
 *
 *     deno run -A test/bench/marks.ts
 *
 * Ratios are taken in the same run, floor and cowdisk by turns, so they hold on any machine; times
 * are this machine's, deadlines its processor's. Ends with 1 when a mark is not met. Rows without a
 * mark are there to be seen.
 *
 * @module
 */
import { ExceptionIndex } from "../../src/kernel/mod.ts";
import { type Contest, isSmoke } from "./contests/contest.ts";
import { copyOutInFiles } from "./contests/file_first_touches.ts";
import { copyOut, writePart, writeWhole } from "./contests/first_touches.ts";
import { hashChunk } from "./contests/hashes.ts";
import { load, LOADED_EXCEPTIONS } from "./contests/loads.ts";
import { EXCEPTION_COUNTS } from "./contests/many_exceptions.ts";
import { garbageBytes, measure, oursOf, processorNs, type Rounds } from "./contests/measure.ts";
import { merge } from "./contests/merges.ts";
import { overwriteOrigin, overwriteSnapshot } from "./contests/overwrites.ts";
import { shuffledBelow } from "./contests/places.ts";
import { readCopied, readUncopied } from "./contests/reads.ts";
import { readBlocking } from "./contests/sync_disk.ts";
import { type V86Contests, v86Contests, WRITTEN_BLOCKS } from "./contests/v86_disks.ts";

/** One line: what, the floor, ours, the ratio, what is wanted, and whether it is so. */
type Row = readonly [string, string, string, string, string, string];

const NOT_MET = "NOT MET";
const HEAD: Row = ["what", "floor", "cowdisk", "speed", "wanted", ""];
const MANY: Rounds = isSmoke ? { warmup: 1, measured: 3 } : { warmup: 100, measured: 301 };
const FEW: Rounds = isSmoke ? { warmup: 1, measured: 1 } : { warmup: 3, measured: 11 };

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

const UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "us"], [1, "ns"]] as const;

function inUnit(ns: number): string {
  const [scale, unit] = UNITS.find(([least]) => ns >= least) ?? UNITS[3];
  return `${(ns / scale).toPrecision(3)} ${unit}`;
}

/** Small sizes say nothing: a smoke run judges nothing. */
function verdict(isMet: boolean): string {
  if (isSmoke) return "";
  return isMet ? "met" : NOT_MET;
}

/** A contest, with the least speed that is wanted, as a part of the floor's. */
function race(contest: Contest, rounds: Rounds, speedMin?: number): Row {
  const { floorNs, oursNs, speed } = measure(contest, rounds);
  const wanted: [string, string] = speedMin === undefined
    ? ["", ""]
    : [`>= ${speedMin.toFixed(2)}`, verdict(speed >= speedMin)];
  return [contest.title, inUnit(floorNs), inUnit(oursNs), speed.toFixed(2), ...wanted];
}

/** A contest of single operations, with the most of a processor's time that one may take. */
function deadline(contest: Contest, msMax: number): Row {
  const [floorNs, oursNs] = [contest.floor, oursOf(contest)].map((runner) =>
    processorNs(runner, FEW)
  ) as [number, number];
  const wanted = [`< ${msMax} ms`, verdict(oursNs < msMax * 1e6)] as const;
  return [contest.title, inUnit(floorNs), inUnit(oursNs), (floorNs / oursNs).toFixed(2), ...wanted];
}

/** Memory of an index, with the most that an exception may take. */
function memory(title: string, oldChunks: Uint32Array, wanted: string, bytesMax: number): Row {
  const index = new ExceptionIndex();
  oldChunks.forEach((oldChunk, newChunk) => index.insert(oldChunk, newChunk, 1));
  const bytes = index.usedBytes / oldChunks.length;
  index.destroy();
  return [title, "", `${bytes.toFixed(2)} bytes`, "", wanted, verdict(bytes <= bytesMax)];
}

/** What an operation leaves to the garbage collector: no more than the floor does. */
function garbage(contest: Contest): Row {
  const [floor, ours] = [contest.floor, oursOf(contest)].map((runner) =>
    Math.round(garbageBytes(runner, contest, MANY))
  ) as [number, number];
  const title = `garbage: ${contest.title}`;
  return [title, `${floor} B`, `${ours} B`, "", "<= floor", verdict(ours <= floor)];
}

/** Memory of a disk in v86 when all of it is written, in a process of its own. */
function memoryInV86(): Row {
  const [floor, ours] = ["AsyncFileBuffer", "cowdisk"].map((which) => {
    const script = new URL("./v86_memory.ts", import.meta.url).pathname;
    const args = ["run", "-A", "--no-check", "--v8-flags=--expose-gc", script, which];
    const command = new Deno.Command(Deno.execPath(), { args });
    const { success, stdout, stderr } = command.outputSync();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return Number(new TextDecoder().decode(stdout));
  }) as [number, number];
  const title = `memory of each of ${WRITTEN_BLOCKS} written blocks of 256 bytes in v86`;
  const cells = [floor, ours].map((bytes) => `${bytes.toFixed(0)} bytes`) as [string, string];
  return [title, ...cells, (floor / ours).toFixed(2), ">= 2.00", verdict(ours * 2 <= floor)];
}

function* rowsOfV86({ bare, snapshots, peers, snapshot, rollback }: V86Contests) {
  for (const contest of bare) yield race(contest, MANY, 1 / 1.3);
  for (const contest of snapshots) yield race(contest, MANY);
  for (const contest of peers) yield race(contest, FEW, 3);
  for (const contest of bare) yield garbage(contest);
  yield deadline(snapshot, 1);
  yield deadline(rollback, 5);
  yield memoryInV86();
}

function* rows(hashing: Contest, blocking: Contest): Generator<Row> {
  const [least, most] = [Math.min(...EXCEPTION_COUNTS), Math.max(...EXCEPTION_COUNTS)];
  yield race(readCopied(most), MANY, 0.5);
  yield race(readUncopied(most), MANY, 0.5);
  for (const count of EXCEPTION_COUNTS.filter((each) => each < most)) {
    yield race(readCopied(count), MANY);
    yield race(readUncopied(count), MANY);
  }
  yield race(overwriteSnapshot(most), MANY);
  yield race(overwriteOrigin(most), MANY);
  yield race(copyOut(), MANY);
  yield race(writeWhole(), MANY);
  yield race(writePart(), MANY);
  yield race(copyOutInFiles(1), FEW);
  yield race(copyOutInFiles(256), FEW);
  yield race(hashing, MANY, 2.5);
  yield race(blocking, MANY, 1 / 3);
  yield deadline(load("isolated"), 1000);
  yield deadline(load("runs"), 1000);
  yield race(merge("isolated"), FEW);
  yield race(merge("runs"), FEW);
  const isolated = shuffledBelow(LOADED_EXCEPTIONS, "memory").map((chunk) => chunk * 2);
  const runs = Uint32Array.from({ length: LOADED_EXCEPTIONS }, (_, chunk) => chunk);
  const many = `of ${LOADED_EXCEPTIONS} exceptions`;
  yield memory(`memory of each ${many}, isolated`, isolated, "<= 16 bytes", 16);
  yield memory(`memory of each ${many}, in runs`, runs, "< 1 byte", 0.999);
  yield garbage(readCopied(least));
  yield garbage(overwriteSnapshot(least));
}

function print(row: Row): void {
  const [what, ...numbers] = row;
  const widths = [9, 11, 8, 12, 8];
  const cells = numbers.map((cell, column) => cell.padStart(widths[column] ?? 0));
  say([what.padEnd(66), ...cells].join("").trimEnd());
}

let missed = 0;
print(HEAD);
function judge(row: Row): void {
  print(row);
  if (row[5] === NOT_MET) missed++;
}
for (const row of rows(await hashChunk(), await readBlocking())) judge(row);
for (const row of rowsOfV86(await v86Contests())) judge(row);
if (isSmoke) say("a smoke run: nothing was judged");
else say(missed === 0 ? "every mark is met" : `${missed} not met`);
Deno.exit(missed === 0 ? 0 : 1);

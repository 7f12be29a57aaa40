/**
 * `deno task bench`: everything that is measured, in one table and one JSON file.
 *
 *     deno task bench                                  # all groups
 *     deno task bench --group stack --group exceptions
 *     deno task bench --only "first write"             # rows whose title has these words
 *     deno task bench --long                           # with 10^7 exceptions, too
 *     deno task bench --all                            # then the benches that are other commands
 *     deno task marks                                  # only rows with a mark
 *
 * Ratios are taken in the same run, all by turns, so they hold on any machine; times are this
 * machine's. Each group has a process of its own. Ends with 1 when a mark is not met, or when another
 * command failed. `--smoke` is for the test that asks whether all of it still runs: small sizes, one
 * round, no judgement.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { readWords } from "../words.ts";
import { bytesRows } from "./groups/bytes.ts";
import { emulatorRows } from "./groups/emulators.ts";
import { exceptionRows } from "./groups/exceptions.ts";
import { fileRows } from "./groups/files.ts";
import { peerRows } from "./groups/peers.ts";
import { scaleRows } from "./groups/scale.ts";
import { stackRows } from "./groups/stack.ts";
import { startRows } from "./groups/start.ts";
import { isSmoke } from "./harness/contest.ts";
import { machine, readReport, type ReportedRow, writeReport } from "./harness/report.ts";
import { judge, type Row } from "./harness/row.ts";
import { HEAD, linesOf } from "./harness/table.ts";

const GROUPS: Readonly<Record<string, () => Iterable<Row> | AsyncIterable<Row>>> = {
  bytes: bytesRows,
  exceptions: exceptionRows,
  scale: scaleRows,
  stack: stackRows,
  files: fileRows,
  emulators: emulatorRows,
  peers: peerRows,
  start: startRows,
};

/** Benches that need programs of their own, and print tables of their own. */
const OTHERS = [["bench:nbd"], ["test:browser", "--marks"]];

const words = readWords({
  group: { type: "string", multiple: true, default: Object.keys(GROUPS) },
  only: { type: "string", default: "" },
  json: { type: "string", default: "build/bench.json" },
  marks: { type: "boolean", default: false },
  smoke: { type: "boolean", default: false },
  long: { type: "boolean", default: false },
  all: { type: "boolean", default: false },
  /** Said by this program to itself: one group of several. */
  part: { type: "boolean", default: false },
});

function isWanted({ title, mark }: Row): boolean {
  return title.includes(words.only) && (mark !== null || !words.marks);
}

/** Measures a group here. */
async function measureGroup(group: string): Promise<ReportedRow[]> {
  const rowsOf = GROUPS[group];
  if (rowsOf === undefined) {
    console.error(`There is no group "${group}": want ${Object.keys(GROUPS).join(", ")}`);
    process.exit(2);
  }
  console.log(`\n# ${group}`);
  const rows: ReportedRow[] = [];
  for await (const row of rowsOf()) {
    if (!isWanted(row)) continue;
    const result = await judge(row);
    rows.push({ group, ...result });
    for (const line of linesOf(result)) console.log(line);
  }
  return rows;
}

/** Measures a group in a process of its own: what others have taught the compiler would count. */
function measureApart(group: string): readonly ReportedRow[] {
  const json = `${words.json}.${group}`;
  const main = fileURLToPath(import.meta.url);
  const flags = (["marks", "long"] as const).filter((flag) => words[flag]).map((each) =>
    `--${each}`
  );
  const told = ["--group", group, "--only", words.only, "--json", json, "--part", ...flags];
  const run = ["run", "-A", "--no-check", "--v8-flags=--expose-gc", main, ...told];
  const { status } = spawnSync(process.execPath, run, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
  const { rows } = readReport(json);
  rmSync(json);
  return rows;
}

const isApart = words.group.length > 1 && !isSmoke;
if (!words.part) console.log(`${machine()}\n\n${HEAD}`);
const rows: ReportedRow[] = [];
for (const group of words.group) {
  rows.push(...isApart ? measureApart(group) : await measureGroup(group));
}
writeReport(words.json, rows);
if (words.part) process.exit(0);

const missed = rows.filter(({ isMet }) => isMet === false);
const judged = rows.filter(({ isMet }) => isMet !== null);
if (isSmoke) console.log(`\n${rows.length} rows, a smoke run: nothing was judged`);
else console.log(`\n${rows.length} rows, ${judged.length} with a mark, ${missed.length} not met`);
for (const { title } of missed) console.log(`  not met: ${title}`);

/** Runs the other commands; tells how many of them failed, each in its own words. */
function runOthers(): number {
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const failed = OTHERS.filter((other) => {
    console.log(`\n# ${other.join(" ")}`);
    const { status } = spawnSync(process.execPath, ["task", ...other], { cwd, stdio: "inherit" });
    return status !== 0;
  });
  for (const other of failed) console.log(`  failed: deno task ${other.join(" ")}`);
  return failed.length;
}

const failedCount = words.all ? runOthers() : 0;
process.exit(missed.length === 0 && failedCount === 0 ? 0 : 1);

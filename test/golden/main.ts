/**
 * Replays golden vectors and says how far we agree with a real kernel.
 *
 *     deno task test:golden [--async] [--verbose] [--random=SEED[..SEED]] [FOLDER | FILE.json]...
 *
 * Exit status 0 only if every vector agrees.
 */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Difference, FIELDS } from "./comparison.ts";
import { agrees, replay, type Report } from "./replay.ts";
import { randomVector } from "./random_vector.ts";
import type { Vector } from "./vector.ts";
import { imagesIn, listVectors, readVector, VECTOR_FOLDER } from "./vector_folder.ts";

const LINES_MAX = 5;

const print = (line: string) => void Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

function listCounts(counts: ReadonlyMap<string, number>): string {
  let total = 0;
  for (const count of counts.values()) total += count;
  const parts = [...counts].map(([key, count]) => `${key} ${count}`);
  return total === 0 ? "0" : `${total} (${parts.join(", ")})`;
}

function printDifference({ recorded, found, faults }: Difference): void {
  const indent = (text: string) => text.replaceAll("\n", "\n                ");
  print(`    boot ${found.boot}, ${found.where.slice(0, 120)}`);
  for (const fault of faults) print(`      ${fault}`);
  for (const field of FIELDS) {
    if (recorded[field] === found[field]) continue;
    print(`      ${field} recorded: ${indent(recorded[field])}`);
    print(`      ${field} found:    ${indent(found[field])}`);
  }
}

function printReport(report: Report, linesMax: number): void {
  const { name, compared, informative, hazards, failures, faults } = report;
  const verdict = agrees(report) ? "agrees" : `${failures.length} DIFFER`;
  print(
    `${name}: compared ${compared}, informative ${listCounts(informative)}, ` +
      `hazards ${listCounts(hazards)}: ${verdict}`,
  );
  for (const fault of faults) print(`    the vector is wrong about the ${fault}`);
  for (const difference of failures.slice(0, linesMax)) printDifference(difference);
}

const options = Deno.args.filter((word) => word.startsWith("--"));
// A task runs in the repository; paths are meant from where it was called.
const from = Deno.env.get("INIT_CWD") ?? ".";
const paths = Deno.args.filter((word) => !word.startsWith("--")).map((path) => resolve(from, path));
const random = options.find((word) => word.startsWith("--random="))?.slice("--random=".length);
if (paths.length === 0 && random === undefined) paths.push(VECTOR_FOLDER);
const files = paths.flatMap((path) => statSync(path).isDirectory() ? listVectors(path) : [path]);

/** What is to be replayed: recordings, and vectors made from seeds. */
const sources: { name: string; folder: string; read: () => Vector | Promise<Vector> }[] = files.map(
  (file) => ({ name: file, folder: dirname(file), read: () => readVector(file) }),
);
if (random !== undefined) {
  const [first = 1, last = first] = random.split("..").map(Number);
  for (let seed = first; seed <= last; seed++) {
    sources.push({ name: `random-${seed}`, folder: "", read: () => randomVector(seed) });
  }
}
const face = options.includes("--async") ? "async" : "sync";
let passed = 0;
for (const { name, folder, read } of sources) {
  try {
    const report = await replay(await read(), { readImage: imagesIn(folder), face });
    printReport(report, options.includes("--verbose") ? Infinity : LINES_MAX);
    if (agrees(report)) passed++;
  } catch (error) {
    // What cannot be replayed is a failure of this vector, not the end of the others.
    print(`${name}: ${error instanceof Error ? error.stack : error}`);
  }
}
print(`${passed} passed, ${sources.length - passed} failed`);
if (passed < sources.length || sources.length === 0) Deno.exit(1);

/** What programs read is what people read, of every command that knows `--json`. */
import type { Option } from "commander";
import { beforeAll, expect, test } from "vitest";
import { formatSize } from "../../../src/block/units.ts";
import { jsonOption, report } from "../../../src/cli/json.ts";
import { createProgram } from "../../../src/cli/program.ts";
import { ExampleFiles } from "./example_files.ts";
import { cowdisk, type Ending, Paper, TestEnvironment } from "./session.ts";

// deno-lint-ignore no-explicit-any -- what a program reads, whatever it is
type Json = any;

/** A command, and how to tell its JSON as its text does. */
interface Telling {
  readonly words: readonly string[];
  readonly tell: (json: Json) => string;
  /** Whether it says it aside. */
  readonly isAside?: true;
  /** What is another number each time. */
  readonly measured?: RegExp;
}

const size = formatSize;
const statusLines = (json: Json) =>
  `table       ${json.table}\nstatus      ${json.status}\n` +
  `used        ${json.usedPercent.toFixed(1)} %\nchunk       ${size(json.chunkSectors * 512)}\n` +
  `exceptions  ${json.exceptions}\n`;

const TELLINGS: readonly Telling[] = [
  {
    words: ["create", "new.img", "1.5M"],
    tell: ({ image, sizeBytes }) => `${image}: ${size(sizeBytes)} of zeroes\n`,
  },
  {
    words: ["import", "changed.img", "copy.img"],
    tell: ({ view, sizeBytes, changedBytes }) =>
      `${view}: ${size(sizeBytes)} imported, ${size(changedBytes)} of it differed\n`,
  },
  {
    words: ["export", "changed.img", "new.img"],
    tell: ({ image, sizeBytes, dataBytes }) =>
      `${image}: ${size(sizeBytes)}, ${size(dataBytes)} of it data\n`,
  },
  {
    words: ["snapshot", "disk.img", "new.cow"],
    tell: (json) =>
      `${statusLines(json)}\nLinux opens it with disk.img at /dev/loop0 and new.cow at ` +
      `/dev/loop1:\n  ${json.linux.join("\n  ")}\n`,
  },
  { words: ["status", "disk.img", "monday.cow"], tell: statusLines },
  {
    words: ["table", "disk.img", "monday.cow"],
    tell: ({ table, sectorCount, origin, cow, chunkSectors }) => {
      expect(table).toBe(`0 ${sectorCount} snapshot ${origin} ${cow} P ${chunkSectors}`);
      return `${table}\n`;
    },
  },
  {
    words: ["merge", "disk.img", "monday.cow"],
    tell: ({ origin, cow, mergedChunks }) =>
      `${origin}: ${mergedChunks} chunk merged from ${cow}, which is empty now\n`,
  },
  {
    words: ["write", "disk.img", "--in", "boot.bin"],
    tell: ({ view, writtenBytes }) => `${view}: ${size(writtenBytes)} written\n`,
    isAside: true,
  },
  {
    words: ["map", "disk.img+monday.cow"],
    tell: (rows) => {
      const lines = rows.map(({ start, length, zero, depth }: Json) =>
        `${String(start).padEnd(7)}  ${size(length).padEnd(8)}  ${zero ? "zero" : "data"}   ` +
        `${["monday.cow", "disk.img"][depth]}\n`
      );
      return `offset   length    holds  layer\n${lines.join("")}`;
    },
  },
  {
    words: ["diff", "copy.img", "changed.img"],
    tell: (rows) => {
      const lines = rows.map(({ start, length }: Json) =>
        `${String(start).padStart(16)}  ${String(length).padStart(12)}\n`
      );
      return `${lines.join("")}${size(rows[0].length)} in ${rows.length} place\n`;
    },
  },
  {
    words: ["diff", "copy.img", "changed.img", "--delta", "new.delta"],
    tell: ({ delta, places, differBytes, sizeBytes }) =>
      `${delta}: ${size(differBytes)} in ${places} place, ${size(sizeBytes)}\n`,
  },
  {
    words: ["apply", "tuesday.delta", "copy.img"],
    tell: ({ view, changedBytes, sameBytes }) => {
      expect(sameBytes).toBe(0);
      return `${view}: ${size(changedBytes)} changed\n`;
    },
  },
  {
    words: ["hash", "disk.img", "disk.img+monday.cow"],
    tell: (rows) => rows.map(({ view, hash }: Json) => `${hash}  ${view}\n`).join(""),
  },
  {
    words: ["verify", "sums"],
    tell: (rows) =>
      rows.map(({ view, isSame }: Json) => `${view}: ${isSame ? "same" : "CHANGED"}\n`).join(""),
  },
  {
    words: ["check", "monday.cow"],
    tell: ({ exceptionCount, areaCount, usedChunks, chunkSectors, leakedChunks, ...json }) =>
      `${exceptionCount} exception in ${areaCount} area, ${usedChunks} chunk of ` +
      `${size(chunkSectors * 512)} in use, ${leakedChunks} leaked\n` +
      `${json.errors} errors, ${json.warnings} warnings, ${json.notes} notes\n`,
  },
  {
    words: ["bench", "--seconds", "0", "--size", "1M", "--block", "4K"],
    measured: / +[\d.]+ [KMG]?i?B\/s +[\d.]+ [KMG]?i?B\/s +[\d.e-]+$/gm,
    tell: (rows) => {
      const lines = rows.map(({ job, order, blockBytes, ...measured }: Json) => {
        for (const found of Object.values(measured)) expect(found).toBeGreaterThan(0);
        return `${job.padEnd(11)}${order.padEnd(12)}${size(blockBytes).padStart(7)} ` +
          `${size(1e6)}/s ${size(1e6)}/s 1.00\n`;
      });
      return `job        order         block          bare       cowdisk         ratio\n${
        lines.join("")
      }`;
    },
  },
  {
    words: ["dump", "monday.cow"],
    tell: ({ version, isValid, chunkSectors, sectorCount, areas, exceptions, runs }) => {
      const row = (...cells: Json[]) =>
        `${cells.map((cell) => String(cell).padStart(20)).join("  ")}\n`;
      const lines = runs.map(({ oldChunk, newChunk, count }: Json) =>
        row(oldChunk, newChunk, count)
      );
      return `magic    SnAp\nversion  ${version}\nvalid    ${isValid ? "yes" : "no"}\n` +
        `chunk    ${size(chunkSectors * 512)}, ${chunkSectors} sectors\n` +
        `size     ${size(sectorCount * 512)}, ${sectorCount} sectors\n\n` +
        `${row("origin chunk", "COW chunk", "chunks")}${lines.join("")}\n` +
        `${exceptions} exception in ${areas} area\n`;
    },
  },
];

const program = await createProgram(new TestEnvironment());
const files = new ExampleFiles();
beforeAll(() => files.make());

/** Runs a command beside files of its own, which it knows by their bare names. */
async function runBeside(words: readonly string[]): Promise<Ending> {
  const folder = files.copy();
  const before = process.cwd();
  process.chdir(folder.path(""));
  try {
    return await cowdisk(words);
  } finally {
    process.chdir(before);
  }
}

/** The keys that the help promises, for each thing that may be printed. */
function promisedKeys({ description }: Option): string[][] {
  return [...description.matchAll(/ with ((?:\w+, )*\w+)/g)].map(([, keys]) => keys!.split(", "));
}

function optionOf(name: string): Option | undefined {
  const command = program.commands.find((each) => each.name() === name);
  return command?.options.find(({ long }) => long === "--json");
}

test.each(TELLINGS)("a program reads of `cowdisk $words` what people do", async (telling) => {
  const { words, tell, isAside, measured = /$^/ } = telling;
  const text = await runBeside(words);
  const ending = await runBeside([...words, "--json"]);
  expect(ending).toMatchObject({ code: 0, err: "" });
  expect(ending.out).toMatch(/^[^\n]+\n$/);
  const json = JSON.parse(ending.out);
  const said = isAside === true ? text.err : text.out;
  expect(tell(json).replace(measured, "#")).toBe(said.replace(measured, "#"));

  const promised = promisedKeys(optionOf(words[0]!)!);
  for (const each of Array.isArray(json) ? json : [json]) {
    const keys = Object.keys(each);
    // What a check counts depends on the kind of table.
    if (words[0] === "check") expect(keys).toEqual(expect.arrayContaining(promised[0]!));
    else expect(promised.map((some) => some.toSorted())).toContainEqual(keys.toSorted());
  }
});

/** Commands that talk to a server; their own tests read their JSON. */
const TALKING = ["live", "watch"];

test("no command that knows JSON is left out", () => {
  const known = program.commands.map((command) => command.name())
    .filter((name) => optionOf(name) !== undefined && !TALKING.includes(name));
  expect([...new Set(TELLINGS.map(({ words }) => words[0]))].sort()).toEqual(known.sort());
});

test("a failure tells a program nothing but by its exit code", async () => {
  const needing = TELLINGS.filter(({ words }) => words[1]!.match(/disk|copy|changed|monday|sums/));
  expect(needing.length).toBeGreaterThan(10);
  for (const { words } of needing) {
    const { code, out } = await cowdisk([...words, "--json"]); // Nothing of that is here.
    expect([words[0], code, out]).toEqual([words[0], 1, ""]);
  }
});

test("the help says in which form, and with which keys", () => {
  const { description } = jsonOption(["a", "b"], { isArray: true, more: "; and more" });
  expect(description).toBe("print one line of JSON, an array of objects with a, b; and more");
});

test("people read text, programs one line", () => {
  const paper = new Paper();
  report(paper, {}, { a: 1 }, "one\n");
  report(paper, { json: true }, { a: 1 }, "one\n");
  expect(paper.text).toBe('one\n{"a":1}\n');
});

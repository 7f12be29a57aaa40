/**
 * Every name of the kernel's history has its test, and every test that is named exists.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readTree, SourceFile } from "../tidy/source_file.ts";
import { findMissing, HEADING, readTable, testNames } from "./names.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const rows = readTable(readFileSync(`${root}test/README.md`, "utf8"));

/** `word-1` to `word-count`. */
const numbered = (word: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${word}${index + 1}`);

/** What has to be in the table. H6 is the format's: nothing in it says whose COW device it is. */
const IDS = [
  ...numbered("FMT-", 6),
  ...numbered("COW-", 8),
  ...numbered("OVF-", 5),
  "STAT-1",
  "EVT-1",
  ...numbered("MRG-", 8),
  ...numbered("CRASH-", 3),
  ...numbered("BBR-", 6),
  ...numbered("H", 9).filter((id) => id !== "H6"),
  "CVE-2013-4299",
  "CVE-2024-26880",
  "CVE-2024-35805",
  "2008 header",
  "2008 read",
  "2010 block",
  "2013 leak",
  "2013 border",
  "2014 reload",
  "2014 handover",
  "2015 handover",
  "2019 discard",
  "2019 throttle",
  "2021 N 0",
];

test("every test that the table names exists", () => {
  expect(findMissing(rows, readTree(root, [".ts"]))).toEqual([]);
});

test("every name of the kernel's history is in the table, and no other", () => {
  expect([...new Set(rows.map(({ id }) => id))].sort()).toEqual([...IDS].sort());
});

test("no row stands twice", () => {
  const lines = rows.map(({ id, path, name }) => `${id} ${path} ${name}`);
  expect(lines.filter((line, index) => lines.indexOf(line) !== index)).toEqual([]);
});

test("names are found in every form that tests have", () => {
  const file = new SourceFile(
    "test/sample.test.ts",
    [
      'test("one", () => {});',
      'describe("group", () => {',
      '  test.each<[number]>([[1]])("%i of them", () => {});',
      "  for (const name of names) test(`${name}: said`, () => {});",
      "});",
      'describe.each(["a"])("in %s", () => test("inner", () => {}));',
      'const workload = { name: "not a test", law: "never torn" };',
      'expect("not a test");',
    ].join("\n"),
  );
  expect([...testNames(file)].sort()).toEqual([
    "${name}: said",
    "%i of them",
    "group > ${name}: said",
    "group > %i of them",
    "in %s > inner",
    "inner",
    "never torn",
    "one",
  ]);
});

test("a test or a file that is gone is noticed, and so is a row that is none", () => {
  const page = (row: string) =>
    `# T\n\n${HEADING}\n\n| id | a | b | c |\n| - | - | - | - |\n${row}\n`;
  const files = [new SourceFile("test/a.test.ts", 'test("one", () => {});')];
  const missing = (row: string) => findMissing(readTable(page(row)), files);
  expect(missing("| X | about | `a.test.ts` | `one` |")).toEqual([]);
  expect(missing("| X | about | `a.test.ts` | `two` |")).toEqual([
    'X: test/a.test.ts has no test "two"',
  ]);
  expect(missing("| X | about | `b.test.ts` | `one` |")).toEqual(["X: there is no test/b.test.ts"]);
  expect(() => readTable(page("| X | about | a.test.ts | one |"))).toThrow("A row is not");
  expect(() => readTable("# T\n")).toThrow("There is no section");
});

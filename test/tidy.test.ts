/**
 * Style as a test: what can be checked by a machine is not left to a reader.
 *
 * Each rule is a function from a file to findings, `path:line: sentence`; the rules are in
 * `test/tidy/`, and `test/tidy/rules.test.ts` shows each of them failing.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "vitest";
import { checkBanned, checkDecorators, checkLeftovers } from "./tidy/banned.ts";
import { checkKernelDoor, checkLayers, checkRuntimes } from "./tidy/layers.ts";
import { checkNames } from "./tidy/names.ts";
import { checkFileLength, checkFunctionLength } from "./tidy/sizes.ts";
import { type Finding, readTree, type SourceFile } from "./tidy/source_file.ts";
import {
  checkDoor,
  checkSyntax,
  checkTitle,
  findClosedDoors,
  findDeadFiles,
  findDeadNames,
  findUntested,
} from "./tidy/tree.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = readTree(root, [".ts", ".md"]);
const config = JSON.parse(readFileSync(`${root}/deno.json`, "utf8"));
const doors = Object.values<string>(config.exports).map((path) => path.replace(/^\.\//, ""));

/** Programs: the other doors through which `src/` is reached. */
const PROGRAMS = ["src/cli/main.ts", "demo/main.ts"];

/** Source files that have no test of their own, and why. */
const UNTESTED: Readonly<Record<string, string>> = {
  "src/kernel/kernel_wasm.ts": "generated; `deno task build:check` compares it with its source",
  "src/testing/clauses/": "test/conformance/broken_devices.test.ts shows every clause failing",
  "src/disk/readers/reader_desk.ts": "interfaces; web_reader_desk.test.ts has what they promise",
  "src/targets/target.ts": "an interface and the record that goes through it",
};

function expectNone(findings: readonly Finding[]): void {
  if (findings.length > 0) throw new Error(`${findings.length} findings:\n${findings.join("\n")}`);
}

const each = (check: (file: SourceFile) => Finding[]) => expectNone(files.flatMap(check));

test("every file can be parsed", () => each(checkSyntax));
test("imports point down", () => each(checkLayers));
test("only src/kernel knows the binary", () => each(checkKernelDoor));
test("a runtime's names stay in that runtime's files", () => each(checkRuntimes));
test("time, chance and output are parameters", () => each(checkBanned));
test("nothing is left lying about", () => each(checkLeftovers));
test("assembly has no decorators at the top level", () => each(checkDecorators));
test("files can be read in one sitting", () => each(checkFileLength));
test("functions fit on a screen", () => each(checkFunctionLength));
test("one name, one meaning", () => each(checkNames));
test("doors are only doors", () => each(checkDoor));
test("every page has one title", () => each(checkTitle));

test("every door but those of Deno opens in a browser", () => {
  expectNone(findClosedDoors(files, doors));
});

test("every exported name is used somewhere else", () => {
  expectNone(findDeadNames(files, doors));
});

test("every source file is reached from an export or a program", () => {
  expectNone(findDeadFiles(files, [...doors, ...PROGRAMS]));
});

test("every source file has its test, or a reason", () => {
  expectNone(findUntested(files, UNTESTED));
});

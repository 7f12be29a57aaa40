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
const PROGRAMS = ["src/cli/main.ts", "src/cli/all_commands.ts", "demo/main.ts"];

/** Source files that have no test of their own, and why. */
const UNTESTED: Readonly<Record<string, string>> = {
  "demo/engine/commands/chunks.ts": "the lines' own tests try its words",
  "demo/engine/commands/commands.ts": "a list; command.test.ts reads lines by it",
  "demo/engine/commands/power_lines.ts": "power_cut.test.ts plugs in after every beat",
  "demo/engine/commands/refusal.ts": "every line that is refused goes through it",
  "demo/engine/play/copies.ts": "engine.test.ts sees its arcs",
  "demo/engine/play/scene_drawing.ts": "every test of the engine looks at scenes",
  "demo/engine/play/survivors.ts": "power_cut.test.ts compares what it says with a model",
  "demo/engine/remote_engine.ts": "port.test.ts has both ends of the port",
  "demo/engine/scene.ts": "interfaces and a list of words",
  "demo/engine/session.ts": "engine.test.ts: an engine is a session and whose turn it is",
  "demo/engine/worker.ts": "test/browser/demo_engine.browser.ts runs it",
  "demo/engine/world/devices.ts": "power_cut.test.ts cuts them",
  "demo/engine/world/history.ts": "engine.test.ts loads pages again",
  "demo/engine/world/medium.ts": "engine.test.ts and time_lines.test.ts go to its steps",
  "demo/engine/world/origin_surface.ts": "journey.test.ts breaks chunks under every view",
  "demo/engine/world/stack.ts": "snapshot_lines.test.ts changes it in every way there is",
  "demo/engine/world/stored_exceptions.ts":
    "look_lines.test.ts reads by it, with power and without",
  "demo/engine/world/world.ts": "a value, and where its devices lie",
  "src/kernel/kernel_wasm.ts": "generated; `deno task build:check` compares it with its source",
  "src/nbd/channel.ts": "interfaces; both channels have what they promise",
  "src/testing/clauses/": "test/conformance/broken_devices.test.ts shows every clause failing",
  "src/disk/readers/reader_desk.ts": "interfaces; web_reader_desk.test.ts has what they promise",
  "src/nbd/live/image_shelf.ts": "interfaces; image_files.test.ts has what they promise",
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

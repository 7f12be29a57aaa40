/**
 * What would be published on JSR. That Deno agrees is `deno task publish:check`, a part of the gate.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readConfig, ROOT } from "../../release/config.ts";
import { JSR_NAME } from "../../release/jsr.ts";
import { ready, stage } from "../../release/stage.ts";
import { SourceFile } from "../tidy/source_file.ts";

const folder = `${mkdtempSync(join(tmpdir(), "cowdisk-jsr-"))}/`;
const files = stage(folder, JSR_NAME);
const sources = files.filter((path) => /^src\/.*\.ts$/.test(path));
afterAll(() => rmSync(folder, { recursive: true }));

/** A source without its comments. */
function codeOf(path: string, root: string): string {
  const file = new SourceFile(path, readFileSync(root + path, "utf8"));
  let code = "";
  let at = 0;
  for (const { start, end } of file.comments) {
    code += file.text.slice(at, start);
    at = end;
  }
  return code + file.text.slice(at);
}

test("what is published is sources that a door reaches, what is to be read, and the manifest", () => {
  assertEquals(files.filter((path) => !sources.includes(path)), [
    ...["CHANGELOG.md", "LICENSE", "README.md", "deno.json"],
    ...["src/emulator/emscripten/cowdisk.h", "src/emulator/emscripten/cowdisk_library.js"],
  ]);
  expect(sources.filter((path) => path.startsWith("src/cli/"))).toEqual([]);
  const doors = Object.values(readConfig().exports).map((path) => path.slice(2));
  expect(doors.filter((path) => !files.includes(path))).toEqual([]);
});

test("the manifest has the doors of the repository, and the packages that are imported", () => {
  const { version, license, exports, compilerOptions } = readConfig();
  const imports = { "idb-keyval": "npm:idb-keyval@6.3.0", "valibot": "npm:valibot@1.5.0" };
  assertEquals(
    JSON.parse(readFileSync(`${folder}deno.json`, "utf8")),
    { name: JSR_NAME, version, license, exports, imports, compilerOptions },
  );
});

test("no code differs from the repository's: what is stored by our name stays what it is", () => {
  for (const path of sources) {
    assertEquals(codeOf(path, folder), codeOf(path, ROOT), path);
  }
});

test("examples import the package by the name that it has there", () => {
  const text =
    '/** import { a } from "cowdisk/file"; */\nconst lock = `cowdisk/${a}`; // "cowdisk"\n';
  expect(ready(new SourceFile("src/a.ts", text), JSR_NAME)).toBe(
    `/** import { a } from "${JSR_NAME}/file"; */\nconst lock = \`cowdisk/\${a}\`; // "${JSR_NAME}"\n`,
  );
  expect(readFileSync(`${folder}README.md`, "utf8")).not.toContain(' from "cowdisk');
});

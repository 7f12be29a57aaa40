/**
 * Benches rot quietly: here every row of them runs once, small, and must end well.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { onTestFinished, test } from "vitest";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

test("every row of the bench still runs, and is in the table and in the file", () => {
  const folder = mkdtempSync(`${tmpdir()}/cowdisk-smoke-`);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const json = `${folder}/bench.json`;
  // Types are checked elsewhere, for all files at once.
  const words = ["run", "-A", "--no-check", "--v8-flags=--expose-gc", main, "--smoke"];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...words, "--json", json], {
    encoding: "utf8",
  });
  assertEquals(status, 0, stdout + stderr);
  const { rows } = JSON.parse(readFileSync(json, "utf8"));
  assertStringIncludes(stdout, `${rows.length} rows, a smoke run: nothing was judged`);
  for (const { title, lanes } of rows) {
    assertStringIncludes(stdout, title);
    for (const { name, cost } of lanes) {
      assertEquals(Number.isFinite(cost.median), true, `${title}: ${name} has a cost`);
    }
  }
});

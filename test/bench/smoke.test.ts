/**
 * Benches rot quietly: here each of them runs once, small, and must end well.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { test } from "vitest";

const folder = fileURLToPath(new URL(".", import.meta.url));
const benches = readdirSync(folder).filter((name) => name.endsWith(".bench.ts"));

function runDeno(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, COWDISK_BENCH_SMOKE: "1", NO_COLOR: "1" },
  });
  assertEquals(status, 0, stdout + stderr);
  return stdout;
}

// Types are checked elsewhere, for all files at once.
test.for(benches)("%s still runs", (name) => {
  assertStringIncludes(runDeno("bench", "-A", "--no-check", name), "time/iter");
});

test("the table of marks still runs to its end", () => {
  assertStringIncludes(runDeno("run", "-A", "--no-check", "marks.ts"), "nothing was judged");
});

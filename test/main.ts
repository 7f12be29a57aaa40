/**
 * The ordinary run: `deno task test`.
 *
 * Sets up what the tests stand on, runs vitest over `test/`, then what needs a browser in Chromium,
 * then every example in `src/` and in `README.md`, and ends in one line, `N passed, N failed`. A part
 * that breaks before it can count counts as one failure.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { allAdvice } from "./setup.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const results = `${root}build/test/`;

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * The ordinary run ends within this time, if need be by force. It takes less than ten minutes on two
 * cores that do nothing else; a machine that is busy is no failure.
 */
const DEADLINE_MS = 30 * 60_000;
const startMs = performance.now();

/** Runs this very Deno, with its output where ours goes. */
function deno(...words: string[]): boolean {
  const timeout = Math.max(1, Math.round(DEADLINE_MS - (performance.now() - startMs)));
  const { status, error } = spawnSync(process.execPath, words, {
    cwd: root,
    stdio: "inherit",
    timeout,
  });
  if (error !== undefined) process.stderr.write(`deno ${words[0]}: ${error.message}\n`);
  return status === 0;
}

/** A part that failed without saying so in its counts has failed once. */
function settle(succeeded: boolean, counts: Counts): Counts {
  return !succeeded && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** Runs vitest, started by these words, and counts. */
function runVitest(name: string, ...words: string[]): Counts {
  const report = `${results}${name}.json`;
  const succeeded = deno(
    ...words,
    ...["--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
  );
  if (!existsSync(report)) return settle(succeeded, { passed: 0, failed: 0, skipped: 0 });
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
    readFileSync(report, "utf8"),
  );
  return settle(succeeded, {
    passed: numPassedTests,
    failed: numFailedTests,
    skipped: numPendingTests + numTodoTests,
  });
}

function runExamples(): Counts {
  const report = `${results}examples.xml`;
  const readme = existsSync(`${root}README.md`) ? ["README.md"] : [];
  const succeeded = deno(
    ...["test", "-A", "--doc", "--reporter=dot", `--junit-path=${report}`, "src", ...readme],
  );
  const head = existsSync(report)
    ? /<testsuites [^>]*>/.exec(readFileSync(report, "utf8"))?.[0] ?? ""
    : "";
  const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const failed = count("failures") + count("errors");
  return settle(succeeded, { passed: count("tests") - failed, failed, skipped: 0 });
}

function main(): number {
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  if (!deno("install", "--frozen", "--quiet")) return 1;
  for (const advice of allAdvice()) process.stderr.write(`${advice}\n`);

  const vitest = ["run", "-A", "npm:vitest@5.1.1", "run", "--config", "test/vitest.config.ts"];
  const parts = {
    tests: runVitest("vitest", ...vitest),
    browser: runVitest("browser", "run", "-A", "test/browser/main.ts"),
    examples: runExamples(),
  };
  let passed = 0;
  let failed = 0;
  for (const [name, counts] of Object.entries(parts)) {
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
    process.stdout.write(`${name}: ${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
    passed += counts.passed;
    failed += counts.failed;
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

process.exit(main());

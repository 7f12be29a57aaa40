/**
 * The ordinary run: `deno task test`.
 *
 * Sets up what the tests stand on; then runs side by side, for a browser waits a lot, vitest over
 * `test/`, what needs a browser in Chromium, and every example in `src/` and in `README.md`. Ends in
 * one line, `N passed, N failed`. A part that breaks before it can count counts as one failure.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { requireBios } from "../demo/host/bios.ts";
import { buildIfNeeded } from "../demo/host/page_build.ts";
import { findChromium } from "./browser/chromium.ts";
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
async function deno(...words: string[]): Promise<boolean> {
  const timeout = Math.max(1, Math.round(DEADLINE_MS - (performance.now() - startMs)));
  const child = spawn(process.execPath, words, { cwd: root, stdio: "inherit", timeout });
  try {
    const [status, signal] = await once(child, "exit");
    if (signal !== null) process.stderr.write(`deno ${words[0]}: ended by ${signal}\n`);
    return status === 0;
  } catch (error) {
    process.stderr.write(`deno ${words[0]}: ${(error as Error).message}\n`);
    return false;
  }
}

/** A part that failed without saying so in its counts has failed once. */
function settle(succeeded: boolean, counts: Counts): Counts {
  return !succeeded && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** Runs vitest, started by these words, and counts. */
async function runVitest(name: string, ...words: string[]): Promise<Counts> {
  const report = `${results}${name}.json`;
  const succeeded = await deno(
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

async function runExamples(): Promise<Counts> {
  const report = `${results}examples.xml`;
  const readme = existsSync(`${root}README.md`) ? ["README.md"] : [];
  const succeeded = await deno(
    ...["test", "-A", "--doc", "--reporter=dot", `--junit-path=${report}`, "src", ...readme],
  );
  const head = existsSync(report)
    ? /<testsuites [^>]*>/.exec(readFileSync(report, "utf8"))?.[0] ?? ""
    : "";
  const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const failed = count("failures") + count("errors");
  return settle(succeeded, { passed: count("tests") - failed, failed, skipped: 0 });
}

/** What more than one part needs, made once and before they begin. What cannot be had they say. */
async function setUp(): Promise<void> {
  const tell = (advice: string) => process.stderr.write(`${advice}\n`);
  allAdvice().forEach(tell);
  for (const makeReady of [findChromium, requireBios, buildIfNeeded]) {
    try {
      await makeReady();
    } catch (error) {
      tell((error as Error).message);
    }
  }
}

async function main(): Promise<number> {
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  if (!await deno("install", "--frozen", "--quiet")) return 1;
  await setUp();

  const vitest = ["run", "-A", "npm:vitest@5.1.1", "run", "--config", "test/vitest.config.ts"];
  const [tests, browser, examples] = await Promise.all([
    runVitest("vitest", ...vitest),
    runVitest("browser", "run", "-A", "test/browser/main.ts"),
    runExamples(),
  ]);
  let passed = 0;
  let failed = 0;
  for (const [name, counts] of Object.entries({ tests, browser, examples })) {
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
    process.stdout.write(`${name}: ${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
    passed += counts.passed;
    failed += counts.failed;
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

process.exit(await main());

/**
 * Programs, run to their end: how long a person waits.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Runner } from "../harness/contest.ts";

const MAIN = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

/** Runs a program. */
export function runProgram(program: string, words: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: "utf8" });
  if (error !== undefined) throw error;
  if (status === 0) return stdout;
  throw new Error(`${program} ${words.join(" ")} ended with ${status}: ${stderr}`);
}

/** Runs a script by the same Deno that runs this. */
export function runDeno(script: string, ...words: string[]): string {
  return runProgram(process.execPath, ["run", "-A", "--no-check", "-q", script, ...words]);
}

/** Runs `cowdisk`. */
export function runCowdisk(...words: string[]): string {
  return runDeno(MAIN, ...words);
}

/** A program as a runner. */
export function program(name: string, run: () => unknown, prepare?: () => void): Runner {
  return { name, ...(prepare === undefined ? {} : { prepare }), run: () => void run() };
}

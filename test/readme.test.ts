/**
 * The README tells the truth: its sessions are run, and print what it says they print.
 *
 * (Its examples in TypeScript are run by `deno task test:doc`.)
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");

/** A command, and what it prints. */
interface Exchange {
  readonly command: string;
  readonly output: string;
}

function exchangesOf(block: string): Exchange[] {
  return block.split(/^\$ /m).slice(1).map((part) => {
    const [command = "", ...lines] = part.split("\n");
    return { command, output: lines.join("\n").trimEnd() };
  });
}

/** Runs commands with `cowdisk` as a word of the shell. */
function run(command: string, directory: string): string {
  writeFileSync(
    join(directory, ".cowdisk.sh"),
    `cowdisk() { "${process.execPath}" run -A "${root}/src/cli/main.ts" "$@"; }\n`,
  );
  const child = spawnSync("sh", ["-c", `. ./.cowdisk.sh; ${command}`], {
    cwd: directory,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  assertEquals(child.status, 0, `${command}\n${child.stderr}`);
  return child.stdout.trimEnd();
}

const sessions = [...readme.matchAll(/^```console\n([^]*?)^```/gm)].map((match) => match[1] ?? "");

test("the README shows a session", () => {
  expect(sessions.length).toBeGreaterThan(0);
});

test.each(sessions)("a session of the README prints what the README says: %#", (session) => {
  const directory = mkdtempSync(join(tmpdir(), "cowdisk-readme-"));
  try {
    for (const { command, output } of exchangesOf(session)) {
      assertEquals(run(command, directory), output, command);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

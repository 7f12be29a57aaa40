/**
 * Sessions as a terminal shows them, in the README and in the help: `$ ` and what is typed, then what
 * is printed. They are played by a real shell with the real program.
 */
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { programWords } from "./session.ts";

/** A command, and what it prints. */
export interface Exchange {
  readonly command: string;
  readonly output: string;
}

/** Takes a session apart. What stands before the first command is left out. */
export function exchangesOf(session: string): Exchange[] {
  return session.split(/^\$ /m).slice(1).map((part) => {
    const [command = "", ...lines] = part.split("\n");
    return { command, output: lines.join("\n").trimEnd() };
  });
}

/** How a command ended, and what a terminal would show of it. */
export interface Played {
  readonly code: number | null;
  readonly out: string;
  readonly screen: string;
}

/** The user's Ctrl-C, as terminals show it. */
const CTRL_C = "^C";

/** What has to be printed before the user presses Ctrl-C; `null` when nobody does. */
function awaited(output: string): string | null {
  const [before, ...others] = output.split(`\n${CTRL_C}`);
  return others.length === 0 ? null : before ?? "";
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}

/** A folder in which a shell finds `cowdisk` by its name. */
export function programFolder(directory: string): string {
  const folder = join(directory, ".bin");
  mkdirSync(folder, { recursive: true });
  const program = join(folder, "cowdisk");
  writeFileSync(program, `#!/bin/sh\nexec ${quoted(programWords([]))} "$@"\n`);
  chmodSync(program, 0o755);
  return folder;
}

/**
 * Types a command.
 *
 * @param exchange The command; a `^C` in what it prints is pressed once what stands above is there.
 * @param directory Where.
 * @returns How it ended.
 */
export function play({ command, output }: Exchange, directory: string): Promise<Played> {
  const path = `${programFolder(directory)}:${process.env.PATH}`;
  // As an interactive shell, it outlives the Ctrl-C.
  const child = spawn("sh", ["-c", `trap : INT; ${command}`], {
    cwd: directory,
    env: { ...process.env, PATH: path, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // A process group of its own, as a terminal makes one.
  });
  const last = awaited(output);
  let out = "";
  let screen = "";
  const take = (bytes: Uint8Array) => {
    screen += bytes;
    if (last === null || screen.includes(CTRL_C) || !screen.includes(last)) return;
    screen += CTRL_C;
    process.kill(-child.pid!, "SIGINT");
  };
  child.stdout.on("data", (bytes) => {
    out += bytes;
    take(bytes);
  });
  child.stderr.on("data", take);
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code, out: out.trimEnd(), screen: screen.trimEnd() }));
  });
}

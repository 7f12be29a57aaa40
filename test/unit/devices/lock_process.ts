/** Another process that holds a file, for the tests of the locks. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const SCRIPT = fileURLToPath(new URL("lock_holder.ts", import.meta.url));

/** Which lock the process takes: the one that suits its runtime, or the announced one. */
export type LockKind = "system" | "announced";

/** A process that was asked to open a file. */
export interface Holder {
  /** What it said: `held`, or `refused` and the code. */
  readonly answer: string;
  /** Kills it, as no process can prevent, and waits until it is gone. */
  kill(): Promise<void>;
  /** Lets it end by itself, without closing what it opened. */
  end(): Promise<void>;
}

async function answerOf(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const piece of child.stdout!) {
    text += piece;
    if (text.includes("\n")) break;
  }
  return text.trim();
}

/** Starts a process that opens a file, and waits for what it says. */
export async function startHolder(
  path: string,
  use: "writer" | "reader",
  kind: LockKind,
): Promise<Holder> {
  const child = spawn(process.execPath, ["run", "-A", "--no-lock", SCRIPT, path, use, kind], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await exit;
  });
  return {
    answer: await answerOf(child),
    async kill() {
      child.kill("SIGKILL");
      await exit;
    },
    async end() {
      child.stdin!.end();
      await exit;
    },
  };
}

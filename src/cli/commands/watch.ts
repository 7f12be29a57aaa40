/**
 * `cowdisk watch`: how a running server is, as long as one looks.
 *
 * @module
 */

import type { Command } from "commander";
import type { ServerReport } from "../../nbd/control/control_verbs.ts";
import { ControlClient, type ControlFlags, controlOption } from "../control/control_client.ts";
import { REPORT_KEYS } from "../control/report_tables.ts";
import { changesBetween, formatMoment, ratesBetween } from "../control/watched_changes.ts";
import type { Environment, Output } from "../environment.ts";
import { example } from "../example.ts";
import { type JsonFlags, jsonOption } from "../json.ts";

interface WatchFlags extends ControlFlags, JsonFlags {}

const RATE_KEYS = ["requestsPerSecond", "readBytesPerSecond", "writtenBytesPerSecond"] as const;

/** How often one looks. */
const LOOK_MS = 500;

/** Draws over what it drew before. */
class Screen {
  #lineCount = 0;

  constructor(readonly out: Output) {}

  draw(text: string): void {
    const lines = text.trimEnd().split("\n").map((line) => line.slice(0, this.out.columns - 1));
    const up = this.#lineCount > 0 ? `\x1b[${this.#lineCount}A` : "";
    this.out.write(`${up}\r\x1b[J${lines.join("\n")}\n`);
    this.#lineCount = lines.length;
  }
}

/** Whether anything but the time is another. */
function isSame(before: ServerReport | null, now: ServerReport): boolean {
  return JSON.stringify({ ...before, timeMs: 0 }) === JSON.stringify({ ...now, timeMs: 0 });
}

async function watch(environment: Environment, flags: WatchFlags): Promise<void> {
  using client = await ControlClient.connect(flags.control);
  const { out, clock } = environment;
  const screen = new Screen(out);
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<"interrupted">();
  const stopListening = environment.onInterrupt(() => interrupt("interrupted"));
  let before: ServerReport | null = null;
  try {
    while (true) {
      const now = await Promise.race([client.status(), interrupted]);
      if (now === "interrupted") return;
      const rates = ratesBetween(before, now);
      if (flags.json === true) {
        if (!isSame(before, now)) out.write(`${JSON.stringify({ ...now, ...rates })}\n`);
      } else if (out.isTerminal) screen.draw(formatMoment(now, rates));
      else for (const line of changesBetween(before, now)) out.write(`${line}\n`);
      before = now;
      if (await Promise.race([clock.sleep(LOOK_MS), interrupted]) === "interrupted") return;
    }
  } finally {
    stopListening();
  }
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addWatch(program: Command, environment: Environment): void {
  program.command("watch")
    .summary("show how a running server is")
    .description(
      "Shows the exports of a running server, how full its snapshots are, how far a merge is, and how " +
        "much its clients ask: redrawn on a terminal, a line for each change in a pipe. Ctrl-C ends it.",
    )
    .addOption(controlOption())
    .addOption(jsonOption([...REPORT_KEYS, ...RATE_KEYS], { more: ", for each change" }))
    .addHelpText(
      "after",
      example(
        "$ cowdisk watch --control nbd.sock.control",
        "clients: 0",
        "origin: active",
        "^C",
      ),
    )
    .action((flags: WatchFlags) => watch(environment, flags));
}

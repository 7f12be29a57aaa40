/**
 * All commands, in the order in which help lists them.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { type Command, usageOf } from "./command.ts";
import { FILE_LINES } from "./file_lines.ts";
import { LOOK_LINES } from "./look_lines.ts";
import { POWER_LINES } from "./power_lines.ts";
import { SNAPSHOT_LINES } from "./snapshot_lines.ts";
import { TIME_LINES } from "./time_lines.ts";
import { WRITE_LINES } from "./write_lines.ts";

const HELP: Command = {
  name: "help",
  usage: "[COMMAND]",
  summary: "print this",
  wordCount: [0, 1],
  kind: "line",
  completes: (_, index) => index === 0 ? COMMANDS.map(({ name }) => name) : [],
  run: ({ words: [word] }) => Promise.resolve(helpOf(word)),
};

/** They. */
export const COMMANDS: readonly Command[] = [
  ...[...SNAPSHOT_LINES, ...WRITE_LINES, ...LOOK_LINES],
  ...[...FILE_LINES, ...POWER_LINES, ...TIME_LINES, HELP],
];

function helpOf(word: string | undefined): string {
  const chosen = COMMANDS.filter(({ name }) => word === undefined || name === word);
  const isOne = chosen.length === 1;
  return chosen.map((command) => {
    const { name, usage, summary, options = {} } = command;
    const rows = isOne
      ? Object.entries(options).map(([option, facts]) => `  --${option}  ${facts.summary}`)
      : [];
    const head = isOne ? usageOf(command) : `${name} ${usage}`.trim();
    return [`${head.padEnd(28)} ${summary}`, ...rows].join("\n");
  }).join("\n");
}

/**
 * All commands, in the order in which help lists them.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { ACTS } from "./acts.ts";
import { type Command, usageOf } from "./command.ts";
import { TIMES } from "./times.ts";

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
export const COMMANDS: readonly Command[] = [...ACTS, ...TIMES, HELP];

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

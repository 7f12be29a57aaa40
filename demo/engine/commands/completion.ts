/**
 * What the word at the end of a line could become, from the table of commands.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import type { Session } from "../session.ts";
import type { Command } from "./command.ts";

function wordsFor(command: Command, before: readonly string[], session: Session): string[] {
  const { options = {} } = command;
  const last = before.at(-1) ?? "";
  const facts = last.startsWith("--") ? options[last.slice(2)] : undefined;
  if (facts?.value !== undefined) return [...facts.words ?? []];
  const unused = Object.keys(options).filter((name) => !before.includes(`--${name}`));
  const index =
    before.slice(1).filter((word, at, words) =>
      !word.startsWith("--") && !(words[at - 1] ?? "").startsWith("--")
    ).length;
  const words = command.completes?.(session, index) ?? [];
  return [...words, ...unused.map((name) => `--${name}`)];
}

/**
 * The words that the last one could become.
 *
 * @param line The line so far; a space at its end begins another word.
 * @param commands The commands there are.
 * @param session What words can be of.
 */
export function completeLine(
  line: string,
  commands: readonly Command[],
  session: Session,
): string[] {
  const words = line.trimStart().split(/\s+/);
  const start = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const command = commands.find(({ name }) => name === before[0]);
  const found = before.length === 0
    ? commands.map(({ name }) => name)
    : command === undefined
    ? []
    : wordsFor(command, before, session);
  return found.filter((word) => word.startsWith(start) && word !== start);
}

/**
 * The example in a command's help: a session as a terminal shows it.
 *
 * | a line | is |
 * |---|---|
 * | `$ cowdisk …` | typed, to a shell |
 * | `…` | lines that are left out |
 * | `^C` | the user's Ctrl-C, once what stands above has been printed |
 * | any other | printed |
 *
 * A test plays every session in a folder of example files and compares what is printed, so what stands
 * in a help is so.
 *
 * @module
 */

/**
 * Writes an example as the help shows it.
 *
 * @param lines What is typed, and what is printed.
 * @returns Text for behind the options.
 */
export function example(...lines: readonly string[]): string {
  return `\nExample:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

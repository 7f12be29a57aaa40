/**
 * The words of a long run's command line. A word that makes no sense is told in one line.
 */
// deno-lint-ignore-file no-console
import process from "node:process";
import { parseArgs, type ParseArgsConfig } from "node:util";

/**
 * Reads the command line of this program.
 *
 * @param options What may be said.
 * @returns What was said. Ends the program, with exit code 2, when something else was.
 */
export function readWords<const Options extends NonNullable<ParseArgsConfig["options"]>>(
  options: Options,
) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(error instanceof Error ? error.message.split("\n")[0] : error);
    process.exit(2);
  }
}

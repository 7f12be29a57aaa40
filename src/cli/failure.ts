/**
 * How a command ends when it does not end well.
 *
 * | exit code | meaning |
 * |---|---|
 * | 0 | done |
 * | 1 | failed; the sentence says what and why |
 * | 2 | not understood: a usage error, nothing was touched |
 * | 130 | interrupted by the user; the sentence says how to go on |
 *
 * @module
 */

/** The codes that a command ends with. */
export const EXIT_CODES = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** The end of a command, with a sentence for the user. */
export class CommandFailure extends Error {
  /** What the process ends with. */
  readonly exitCode: number;

  /**
   * Ends a command.
   *
   * @param message One sentence: what failed, what was found, what to do. Empty: nothing is to be
   * said.
   * @param exitCode What the process ends with.
   */
  constructor(message: string, exitCode: number = EXIT_CODES.failed) {
    super(message);
    this.name = "CommandFailure";
    this.exitCode = exitCode;
  }
}

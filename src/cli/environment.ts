/**
 * The world of the command line, as a parameter: where text goes, the clock, and the user's Ctrl-C.
 * Production passes the process; tests pass one that they can look into.
 *
 * @module
 */

import { writeSync } from "node:fs";
import process from "node:process";
import { type Clock, systemClock } from "../block/clock.ts";
import { EXIT_CODES } from "./failure.ts";

/** Where text goes. */
export interface Output {
  /** Whether a person is watching. */
  readonly isTerminal: boolean;
  /** Whether colours are welcome. */
  readonly hasColors: boolean;
  /** How many characters fit on a line. */
  readonly columns: number;
  /**
   * Writes text as it is.
   *
   * @param text The text, newlines included.
   */
  write(text: string): void;
  /**
   * Writes bytes as they are.
   *
   * @param bytes The bytes; done with when it returns.
   */
  writeBytes(bytes: Uint8Array): void;
}

/** Where bytes come from. */
export interface Input {
  /** Whether a person would have to type them. */
  readonly isTerminal: boolean;
  /**
   * Reads to the end.
   *
   * @returns Bytes as they come, each piece with a buffer of its own.
   */
  pieces(): AsyncIterable<Uint8Array>;
}

/** What a command may touch besides the files it was told. */
export interface Environment {
  /** What was asked for. */
  readonly out: Output;
  /** Everything else: errors and progress. */
  readonly err: Output;
  /** What a command is fed. */
  readonly input: Input;
  /** Time. */
  readonly clock: Clock;
  /**
   * Listens for the user's first Ctrl-C, or the system's request to end. The second one ends the process
   * at once.
   *
   * @param listener Called at most once.
   * @returns Ends the listening.
   */
  onInterrupt(listener: () => void): () => void;
}

/** Writes whole, whatever the pipe takes at once. When nobody reads on, the process ends quietly. */
function writeWhole(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(file, bytes, done);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EPIPE") process.exit(EXIT_CODES.failed);
      if (code !== "EAGAIN") throw error;
    }
  }
}

function outputOf(file: number, stream: { isTTY?: boolean; columns?: number }): Output {
  const isTerminal = stream.isTTY ?? false;
  const { NO_COLOR, TERM } = process.env;
  return {
    isTerminal,
    hasColors: isTerminal && (NO_COLOR ?? "") === "" && TERM !== "dumb",
    columns: stream.columns ?? 80,
    write: (text) => writeWhole(file, new TextEncoder().encode(text)),
    writeBytes: (bytes) => writeWhole(file, bytes),
  };
}

/**
 * The world of this process.
 *
 * @returns It.
 */
export function processEnvironment(): Environment {
  return {
    out: outputOf(1, process.stdout),
    err: outputOf(2, process.stderr),
    input: { isTerminal: process.stdin.isTTY ?? false, pieces: () => process.stdin },
    clock: systemClock,
    onInterrupt(listener) {
      const signals = ["SIGINT", "SIGTERM"] as const;
      const stop = () => signals.forEach((signal) => process.off(signal, hear));
      const hear = () => {
        stop();
        listener();
      };
      for (const signal of signals) process.on(signal, hear);
      return stop;
    },
  };
}

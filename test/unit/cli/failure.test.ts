import { expect, test } from "vitest";
import { CommandFailure, EXIT_CODES } from "../../../src/cli/failure.ts";

test("a failure ends in 1 unless it says otherwise", () => {
  expect(new CommandFailure("No").exitCode).toBe(1);
  expect(new CommandFailure("No", EXIT_CODES.interrupted).exitCode).toBe(130);
});

test("the exit codes are the documented ones", () => {
  expect(EXIT_CODES).toEqual({ done: 0, failed: 1, usage: 2, interrupted: 130 });
});

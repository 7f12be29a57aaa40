import { expect, test } from "vitest";
import { Progress } from "../../../src/cli/progress.ts";
import { TestEnvironment } from "./session.ts";

test("a bar is drawn over itself, at most so often, and wiped away", () => {
  const environment = new TestEnvironment(true);
  const progress = new Progress(environment, "merging", 200, "chunks");
  progress.update(0);
  progress.update(1);
  environment.nowMs += 500;
  progress.update(100);
  progress.end();
  const [, first, second, last] = environment.err.text.split("\r\x1b[K");
  expect(first).toBe(`merging ${"░".repeat(16)}   0 %  0 of 200 chunks`);
  expect(second).toBe(`merging ${"█".repeat(8)}${"░".repeat(8)}  50 %  100 of 200 chunks`);
  expect(last).toBe("");
  expect(environment.out.text).toBe("");
});

test("after a second there is a rate, and how long it will take", () => {
  const environment = new TestEnvironment(true);
  const lines = () => environment.err.text.split("\r\x1b[K").slice(1);
  const progress = new Progress(environment, "exporting", 2 ** 30, "bytes");
  for (
    const [amount, timeMs] of [[2 ** 28, 1998], [2 ** 28, 198_000], [2 ** 28, 7_800_000]] as const
  ) {
    environment.nowMs += timeMs;
    progress.update(amount);
  }
  expect(lines()[0]).toMatch(/ 25 % {2}256 MiB of 1 GiB, 12\d(\.\d)? MiB\/s, 0:06 left$/);
  expect(lines()[1]).toMatch(/, 10:00 left$/);
  expect(lines()[2]).toMatch(/, 6:\d\d:\d\d left$/);
});

test("nothing is drawn in a pipe, nor wiped away", () => {
  const environment = new TestEnvironment(false);
  const progress = new Progress(environment, "merging", 200, "chunks");
  progress.update(100);
  progress.end();
  expect(environment.err.text).toBe("");
});

test("a bar is never longer than its line, and no work is all done", () => {
  const environment = new TestEnvironment(true);
  new Progress(environment, "x".repeat(100), 0, "chunks").update(0);
  expect(environment.err.text.length).toBeLessThanOrEqual("\r\x1b[K".length + 79);
  const other = new TestEnvironment(true);
  new Progress(other, "merging", 0, "chunks").update(0);
  expect(other.err.text).toMatch(/100 %/);
});

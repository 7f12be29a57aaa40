import { expect, test } from "vitest";
import { Progress } from "../../../src/cli/progress.ts";
import { TestEnvironment } from "./session.ts";

test("a bar is drawn over itself, at most so often, and wiped away", () => {
  const environment = new TestEnvironment(true);
  const progress = new Progress(environment, "merging", 200, "chunks");
  progress.update(0);
  progress.update(1);
  environment.nowMs += 1000;
  progress.update(100);
  progress.end();
  const [, first, second, last] = environment.err.text.split("\r\x1b[K");
  expect(first).toBe(`merging ${"░".repeat(24)}   0 %  0 of 200 chunks`);
  expect(second).toBe(`merging ${"█".repeat(12)}${"░".repeat(12)}  50 %  100 of 200 chunks`);
  expect(last).toBe("");
  expect(environment.out.text).toBe("");
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

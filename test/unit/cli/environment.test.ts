import process from "node:process";
import { expect, test } from "vitest";
import { processEnvironment } from "../../../src/cli/environment.ts";

test("an output that is no terminal has no colours", () => {
  const { out, err } = processEnvironment();
  for (const { isTerminal, hasColors, columns } of [out, err]) {
    expect(hasColors && !isTerminal).toBe(false);
    expect(columns).toBeGreaterThan(0);
  }
});

test("Ctrl-C is heard once, and not after the listening has ended", () => {
  const before = process.listenerCount("SIGINT");
  const { onInterrupt } = processEnvironment();
  const stopListening = onInterrupt(() => expect.unreachable());
  expect(process.listenerCount("SIGINT")).toBe(before + 1);
  stopListening();
  expect(process.listenerCount("SIGINT")).toBe(before);
});

test("the system's request to end is heard as Ctrl-C is, and either only once", () => {
  const before = process.listenerCount("SIGTERM");
  let heard = 0;
  const stopListening = processEnvironment().onInterrupt(() => heard++);
  process.listeners("SIGTERM").at(-1)!("SIGTERM");
  expect([heard, process.listenerCount("SIGTERM")]).toEqual([1, before]);
  stopListening();
});

test("its clock goes forward", async () => {
  const { clock } = processEnvironment();
  const beforeMs = clock.nowMs();
  await clock.sleep(1);
  expect(clock.nowMs()).toBeGreaterThan(beforeMs);
});

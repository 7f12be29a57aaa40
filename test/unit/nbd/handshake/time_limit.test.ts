import { expect, test } from "vitest";
import { HandshakeLimit } from "../../../../src/nbd/handshake/time_limit.ts";
import { HandClock } from "../../targets/fault/rig.ts";

/** A limit of ten seconds, newcomers by name, and who was dropped. */
function watched() {
  const clock = new HandClock();
  const limit = new HandshakeLimit(clock, 10_000);
  const dropped: string[] = [];
  const newcomer = (name: string) => ({ drop: () => void dropped.push(name) });
  const pass = async (timeMs: number) => {
    clock.pass(timeMs);
    await new Promise((resolve) => setImmediate(resolve));
    return dropped.splice(0);
  };
  return { clock, limit, newcomer, pass };
}

test("everybody has the same time, and is dropped at its end, not before", async () => {
  const { limit, newcomer, pass } = watched();
  limit.admit(newcomer("a"));
  expect(await pass(4000)).toEqual([]);
  limit.admit(newcomer("b"));
  limit.admit(newcomer("c"));
  expect(await pass(5999)).toEqual([]);
  expect(await pass(1)).toEqual(["a"]);
  expect(await pass(3999)).toEqual([]);
  expect(await pass(1)).toEqual(["b", "c"]);
});

test("who is released is left alone, and does not keep the others from their end", async () => {
  const { limit, newcomer, pass } = watched();
  const [a, b] = [newcomer("a"), newcomer("b")];
  limit.admit(a);
  expect(await pass(1000)).toEqual([]);
  limit.admit(b);
  limit.release(a);
  expect(await pass(9000)).toEqual([]);
  expect(await pass(1000)).toEqual(["b"]);
  limit.release(b);
  limit.admit(a);
  expect(await pass(10_000)).toEqual(["a"]);
});

test("however many come, one of them sleeps", () => {
  const { clock, limit, newcomer } = watched();
  let sleeps = 0;
  const sleep = clock.sleep.bind(clock);
  clock.sleep = (timeMs) => {
    sleeps++;
    return sleep(timeMs);
  };
  for (let count = 0; count < 1000; count++) limit.admit(newcomer("x"));
  expect(sleeps).toBe(1);
});

import { expect, test } from "vitest";
import { attempt, defer } from "../../../src/block/promises.ts";

test("a deferred promise is kept, or broken, by whoever has its ends; the first word counts", async () => {
  const kept = defer<number>();
  kept.resolve(7);
  kept.reject(new Error("too late"));
  expect(await kept.promise).toBe(7);

  const broken = defer<never>();
  broken.reject(new Error("no"));
  await expect(broken.promise).rejects.toThrow("no");
});

test("an attempt is made before the call returns", async () => {
  let isDone = false;
  const promise = attempt(() => {
    isDone = true;
    return 7;
  });
  expect(isDone).toBe(true);
  expect(await promise).toBe(7);
  expect(await attempt(() => Promise.resolve(8))).toBe(8);
});

test("what an attempt throws is the promise's, never the caller's", async () => {
  const failing = () => {
    throw new Error("no");
  };
  await expect(attempt(failing)).rejects.toThrow("no");
  await expect(attempt(() => Promise.reject(new Error("nor later")))).rejects.toThrow("nor later");
});

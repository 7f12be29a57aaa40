import { expect, test } from "vitest";
import { Turns } from "../../../src/disk/turns.ts";
import { Gate } from "../../../src/block/gate.ts";

test("work is done one after the other, in the order in which it came", async () => {
  const turns = new Turns();
  const order: string[] = [];
  const gate = new Gate();
  const first = turns.take(async () => {
    order.push("first begins");
    await gate.wait();
    order.push("first ends");
    return 1;
  });
  const second = turns.take(() => Promise.resolve(order.push("second")));
  await Promise.resolve();
  expect(order).toEqual(["first begins"]);
  gate.open();
  expect(await first).toBe(1);
  await second;
  expect(order).toEqual(["first begins", "first ends", "second"]);
});

test("work that fails fails alone", async () => {
  const turns = new Turns();
  const failing = turns.take(() => Promise.reject(new Error("it fails")));
  const next = turns.take(() => Promise.resolve("next"));
  await expect(failing).rejects.toThrow("it fails");
  expect(await next).toBe("next");
});

test("it is known whether work is under way or waits", async () => {
  const turns = new Turns();
  expect(turns.isTaken).toBe(false);
  const work = turns.take(() => Promise.resolve());
  expect(turns.isTaken).toBe(true);
  await work;
  expect(turns.isTaken).toBe(false);
});

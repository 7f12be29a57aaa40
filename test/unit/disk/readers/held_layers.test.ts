import { expect, test } from "vitest";
import { HeldLayers } from "../../../../src/disk/readers/held_layers.ts";

test("what there was when the last reader came is held, until none is left", () => {
  const held = new HeldLayers();
  expect([held.isAny, held.isHeld(1)]).toEqual([false, false]);
  held.hold(4);
  held.hold(3);
  expect([held.isAny, held.isHeld(3), held.isHeld(4)]).toEqual([true, true, false]);
  held.hold(6);
  expect([held.isHeld(5), held.isHeld(6)]).toEqual([true, false]);
  held.letGo();
  expect([held.isAny, held.isHeld(1)]).toEqual([false, false]);
});

test("who waits is let through when none is held, or has the signal's reason", async () => {
  const held = new HeldLayers();
  await held.whenFree();
  held.hold(2);
  const order: string[] = [];
  const waiting = held.whenFree(new AbortController().signal).then(() => order.push("free"));
  const enough = new AbortController();
  const given = expect(held.whenFree(enough.signal)).rejects.toThrow("enough");
  enough.abort(new Error("enough"));
  await given;
  await expect(held.whenFree(AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
  order.push("held");
  held.letGo();
  await waiting;
  expect(order).toEqual(["held", "free"]);
});

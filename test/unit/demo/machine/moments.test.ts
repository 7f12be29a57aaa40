/** Moments, kept in a database that outlives whoever reads it. */
import "fake-indexeddb/auto";
import { expect, test } from "vitest";
import { Moments } from "../../../../demo/machine/moments.ts";

let machineCount = 0;
const nextName = () => `machine ${++machineCount}`;
const stateOf = (byte: number) => new Uint8Array([byte]).buffer;
const labelsOf = ({ all }: Moments) => all.map(({ label }) => label);

test("moments are found again in the order in which they were kept, states and all", async () => {
  const name = nextName();
  const before = await Moments.read(name, 20);
  for (let at = 1; at <= 12; at++) await before.keep(`${at}`, `snapshot ${at}`, stateOf(at));
  const after = await Moments.read(name, 20);
  expect(after.all).toEqual(before.all);
  expect(after.newest).toEqual({
    number: 12,
    label: "12",
    snapshot: "snapshot 12",
    state: stateOf(12),
  });
});

test("the oldest of too many is forgotten, for good", async () => {
  const name = nextName();
  const moments = await Moments.read(name, 2);
  for (const label of ["a", "b", "c"]) await moments.keep(label, label, stateOf(0));
  expect(labelsOf(moments)).toEqual(["b", "c"]);
  expect(labelsOf(await Moments.read(name, 2))).toEqual(["b", "c"]);
});

test("a number is not given twice while a later moment is there", async () => {
  const moments = await Moments.read(nextName(), 8);
  const first = await moments.keep("a", "a", stateOf(0));
  await moments.keep("b", "b", stateOf(0));
  await moments.forget(first);
  expect((await moments.keep("c", "c", stateOf(0))).number).toBe(3);
  expect(labelsOf(moments)).toEqual(["b", "c"]);
});

test("machines have moments of their own", async () => {
  const one = await Moments.read(nextName(), 8);
  await one.keep("a", "a", stateOf(0));
  expect((await Moments.read(nextName(), 8)).newest).toBeUndefined();
});

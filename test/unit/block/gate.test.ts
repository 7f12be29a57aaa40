import { expect, test } from "vitest";
import { Gate, Signal } from "../../../src/block/gate.ts";

test("a gate lets everyone through once it is open, those who came before and those after", async () => {
  const gate = new Gate();
  const through: string[] = [];
  const first = gate.wait().then(() => through.push("first"));
  const second = gate.wait().then(() => through.push("second"));
  await null;
  expect(gate.isOpen).toBe(false);
  expect(through).toEqual([]);
  gate.open();
  expect(gate.isOpen).toBe(true);
  await Promise.all([first, second]);
  expect(through).toEqual(["first", "second"]);
  await gate.wait();
});

test("opening a gate twice is no mistake", async () => {
  const gate = new Gate();
  gate.open();
  gate.open();
  await gate.wait();
});

test("a signal wakes who waits when it is raised, and nobody who comes later", () => {
  const signal = new Signal();
  const before = signal.next;
  expect(signal.next).toBe(before);
  signal.raise();
  expect(before.isOpen).toBe(true);
  expect(signal.next).not.toBe(before);
  expect(signal.next.isOpen).toBe(false);
});

test("a signal that nobody waits for is not remembered", () => {
  const signal = new Signal();
  signal.raise();
  expect(signal.next.isOpen).toBe(false);
});

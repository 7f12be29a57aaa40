import { expect, test } from "vitest";
import { Gate } from "../../../../src/block/gate.ts";
import { NameTurns } from "../../../../src/nbd/live/name_turns.ts";
import { settled } from "./rig.ts";

/** Work that says when it begins, and ends when it is told to. */
function rig() {
  const turns = new NameTurns();
  const begun: string[] = [];
  const gates = new Map<string, Gate>();
  const begin = (label: string, names: readonly string[] | "all") => {
    const gate = new Gate();
    gates.set(label, gate);
    return turns.take(names, async () => {
      begun.push(label);
      await gate.wait();
      return label;
    });
  };
  const end = async (label: string) => {
    gates.get(label)!.open();
    await settled();
  };
  return { turns, begun, begin, end };
}

test("work on one name goes one after the other, on different names side by side", async () => {
  const { turns, begun, begin, end } = rig();
  const works = [
    begin("a1", ["a"]),
    begin("ab", ["a", "b"]),
    begin("b1", ["b"]),
    begin("c", ["c"]),
  ];
  await settled();
  expect([begun, turns.isHeld("a"), turns.isHeld("b")]).toEqual([["a1", "c"], true, false]);
  await end("a1");
  expect([begun, turns.isHeld("b")]).toEqual([["a1", "c", "ab"], true]);
  await end("ab");
  await end("b1");
  await end("c");
  expect(await Promise.all(works)).toEqual(["a1", "ab", "b1", "c"]);
  expect(["a", "b", "c"].map((name) => turns.isHeld(name))).toEqual([false, false, false]);
});

test("work on everything waits for all before it, and all after it wait for it", async () => {
  const { begun, begin, end } = rig();
  void begin("a", ["a"]);
  void begin("all", "all");
  void begin("b", ["b"]);
  void begin("none", []);
  await settled();
  expect(begun).toEqual(["a"]);
  await end("a");
  expect(begun).toEqual(["a", "all"]);
  await end("all");
  expect(begun).toEqual(["a", "all", "b", "none"]);
});

test("work that fails ends its turn, and who gave it is told", async () => {
  const turns = new NameTurns();
  const failing = turns.take(["a"], () => Promise.reject(new Error("no")));
  const next = turns.take(["a"], () => Promise.resolve(7));
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe(7);
});

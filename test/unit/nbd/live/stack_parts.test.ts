import { expect, test } from "vitest";
import { isInTransit, refuse, soleView } from "../../../../src/nbd/live/stack_parts.ts";
import { liveRig } from "./rig.ts";

test("a view is one snapshot, one origin or one merge, and nothing else", async () => {
  const { stack } = await liveRig();
  await stack.take({ name: "monday", path: "monday.cow" });
  const table = (name: string, lines: string) => stack.dm(["create", name, "--table", lines]);
  await table("two", "0 8 snapshot-origin 7:0; 8 8 zero");
  await table("flat", "0 8 linear 7:0 0");
  await table("none", "0 8 zero");
  const typeOf = (name: string) => soleView(stack.mapper.device(name))?.type;
  expect(["origin", "monday", "two", "flat", "none"].map(typeOf))
    .toEqual(["snapshot-origin", "snapshot", undefined, undefined, undefined]);
  await stack.close();
});

test("a device that is suspended or has two tables is in transit", async () => {
  const { stack } = await liveRig();
  const origin = stack.mapper.device("origin");
  expect(isInTransit(origin)).toBe(false);
  await stack.dm(["suspend", "origin"]);
  expect(isInTransit(origin)).toBe(true);
  await stack.dm(["resume", "origin"]);
  await stack.dm(["load", "origin", "--table", "0 8 zero"]);
  expect(isInTransit(origin)).toBe(true);
  await stack.close();
});

test("a refusal is a sentence with a code", () => {
  expect(refuse("EBUSY", "do it", "it is in use"))
    .toMatchObject({ code: "EBUSY", message: "Cannot do it: it is in use" });
});

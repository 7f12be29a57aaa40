/**
 * The power is cut at every step of workloads that follow from a seed; and a failure is shrunk, and
 * told with what replays it.
 */
import { expect, test } from "vitest";
import { DEFECTS } from "./defects.ts";
import { testCrashes } from "./ordinary_run.ts";
import { replay, tryWorkload } from "./replay.ts";
import { swarm } from "./swarm.ts";

testCrashes(
  "swarms",
  [{ law: "whatever is done, every view keeps its promises", of: swarm }],
  7_000,
);

test("a failure is shrunk, and its last line replays the very crash state", () => {
  const undo = DEFECTS[1]!.install();
  try {
    const told = messageOf(() => tryWorkload(swarm("7"), { seed: "7" }));
    const [first, ...rest] = told.split("\n");
    const operations = rest.filter((line) => /^ {2}\d+: act/.test(line));
    expect(operations.length).toBeLessThan(5);
    const name = /^replay: deno task crash --replay (\S+)$/.exec(rest.at(-1) ?? "")?.[1] ?? "";
    expect(messageOf(() => replay(name))).toBe(first);
  } finally {
    undo();
  }
});

function messageOf(body: () => void): string {
  try {
    body();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

import { beforeAll, expect, test } from "vitest";
import { cowdisk, type Ending, TestEnvironment } from "../session.ts";
import { STORY } from "../../../../src/cli/tour/story.ts";

let ending: Ending;
beforeAll(async () => void (ending = await cowdisk(["tour"])));

test("the tour goes well, and says so", () => {
  const { code, out, err } = ending;
  expect([code, err]).toEqual([0, ""]);
  expect(out).not.toMatch(/✗/);
  const checks = out.match(/✓$/gm)?.length;
  expect(out).toMatch(new RegExp(`views +${checks} of ${checks} are what they ought to be`));
});

test("every step is told, with dm's lines for every device", () => {
  const { out } = ending;
  for (const { title } of STORY) expect(out).toContain(title);
  expect(out.match(/^ {3}origin +0 32768 snapshot-origin disk$/gm)).toHaveLength(STORY.length);
  expect(out).toMatch(/^ {3}monday +0 32768 snapshot disk monday-cow P 8$/m);
  expect(out).toMatch(/^ {3}tuesday +0 32768 snapshot disk tuesday-cow P 32$/m);
});

test("no line is too long for a terminal, and nothing is coloured in a pipe", () => {
  const { out } = ending;
  for (const line of out.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  expect(out).not.toContain("\x1b");
});

test("who watches gets time to read, about two seconds", async () => {
  const environment = new TestEnvironment(true);
  await cowdisk(["tour"], environment);
  expect(environment.nowMs).toBeGreaterThan(1000);
  expect(environment.nowMs).toBeLessThan(2500);
});

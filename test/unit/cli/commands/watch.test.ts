import { expect, test } from "vitest";
import { expectRefusal } from "../command_clauses.ts";
import { running, turn } from "../control/rig.ts";
import { cowdisk, TestEnvironment } from "../session.ts";

test("in a pipe, a line for each change; Ctrl-C ends it well", async () => {
  const { run } = await running();
  const world = new TestEnvironment();
  const watched = run(["watch"], world);
  const until = async (word: string) => {
    while (!world.out.text.includes(word)) await turn();
  };
  await until("origin: active");
  await run(["live", "take", "monday", "monday.cow"]);
  await until("monday: active, 0.0 % used, 0 exceptions");
  await run(["dm", "suspend", "origin"]);
  await until("origin: suspended");
  await run(["dm", "resume", "origin"]);
  await run(["live", "drop", "monday"]);
  await until("monday: gone");
  world.interrupt();
  const { code, err, out } = await watched;
  expect([code, err]).toEqual([0, ""]);
  expect(out.split("\n").slice(0, 2)).toEqual(["clients: 0", "origin: active"]);
});

test("on a terminal, the moment, drawn over the one before", async () => {
  const { run } = await running();
  const world = new TestEnvironment(true);
  const watched = run(["watch"], world);
  const pictures = () => world.out.text.split("\x1b[J").slice(1);
  while (pictures().length < 3) await turn();
  world.interrupt();
  expect((await watched).code).toBe(0);
  expect(pictures()[1]).toMatch(/^0 clients, 0 requests\/s, 0 B\/s read, 0 B\/s written\n\nname /);
  expect(world.out.text).toContain("\x1b[6A\r\x1b[J0 clients");
});

test("in JSON, a line for each change", async () => {
  const { run } = await running();
  const world = new TestEnvironment();
  const watched = run(["watch", "--json"], world);
  while (world.out.text === "") await turn();
  await run(["live", "take", "monday", "monday.cow"]);
  while (!world.out.text.includes('"name":"monday"')) await turn();
  world.interrupt();
  await watched;
  const reports = world.out.text.trim().split("\n").map((line) => JSON.parse(line));
  expect([reports[0], reports.at(-1)].map(({ devices }) => devices.length)).toEqual([1, 2]);
  const help = (await cowdisk(["watch", "--help"])).out.replace(/\s+/g, " ");
  expect(help).toContain(` with ${Object.keys(reports[0]).join(", ")}, for each change`);
  expect(reports.at(-1)).toMatchObject({ requestsPerSecond: 0, clientCount: 0 });
});

test("a server that goes is the end, and no good one", async () => {
  const { run, end } = await running();
  const world = new TestEnvironment();
  const watched = run(["watch"], world);
  while (world.out.text === "") await turn();
  await end();
  const { code, err } = await watched;
  expect([code, err]).toEqual([
    1,
    expect.stringMatching(/^cowdisk: The server at ".*" has gone\n$/),
  ]);
  expectRefusal(await cowdisk(["watch", "--control", "absent"]), 1, /Cannot reach a server/);
  expectRefusal(await cowdisk(["watch"]), 2, /Found no --control PATH/);
});

import { expect, test } from "vitest";
import { run, visit } from "../visit.ts";

test("a chunk's way is told from the top, one table line each, with its reason", async () => {
  const engine = await visit();
  await run(engine, "snapshot monday", "write origin 1");
  expect((await engine.inspect("monday", 1)).path).toEqual([
    "monday: 0 512 snapshot 254:0 254:16 P 8 (an exception: chunk 2 of monday-cow)",
    "monday-cow: 0 128 linear /dev/medium 8393728 (sector 8393744 of what is stored)",
  ]);
  expect((await engine.inspect("monday", 2)).path[0]).toContain("(no exception: the origin's)");
  expect((await engine.inspect("origin", 1)).path).toHaveLength(2);
  expect((await engine.inspect("monday-cow", 1)).path[0]).toBe("monday-cow: a list of exceptions");
});

test("a chunk's bytes are those that are read now, also while a beat waits", async () => {
  const engine = await visit();
  await run(engine, "snapshot monday", "pause");
  const write = engine.run("write origin 1");
  await run(engine, "step", "step", "step", "step");
  expect((await engine.inspect("origin", 1)).dump).not.toContain("cowp");
  await run(engine, "play");
  await write;
  const { dump } = await engine.inspect("origin", 1);
  expect(dump.split("\n")[0]).toContain("63 6f 77 70 01 00 00 00");
});

test("without power one sees where a chunk lies, as opening it would find it", async () => {
  const engine = await visit();
  await run(engine, "snapshot monday", "write origin 1", "pull");
  expect((await engine.inspect("monday", 1)).path[0]).toBe(
    "monday: no power (an exception: chunk 2 of monday-cow)",
  );
  expect((await engine.inspect("monday", 2)).path[0]).toBe(
    "monday: no power (no exception: the origin's)",
  );
});

test("a chunk that is not there is refused", async () => {
  const engine = await visit();
  await expect(engine.inspect("nobody", 0)).rejects.toThrow('There is no device "nobody"');
  for (const chunk of [64, 2 ** 60, -1, 0.5, NaN]) {
    await expect(engine.inspect("origin", chunk)).rejects.toThrow("There is no chunk");
  }
});

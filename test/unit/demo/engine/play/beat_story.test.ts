import { expect, test } from "vitest";
import type { LocalEngine } from "../../../../../demo/engine/engine.ts";
import { run, visit } from "../visit.ts";

/** The beats of a line, as `kind device`, neighbours that are alike once. */
async function beatsOf(engine: LocalEngine, line: string): Promise<string[]> {
  const beats: string[] = [];
  await run(engine, "pause");
  const ending = engine.run(line);
  for (;;) {
    const { isDone } = await engine.run("step");
    const { beat } = engine.scene;
    // After a step the beat behind it waits; the last one of a line has no beat behind it.
    if (!isDone) break;
    const word = `${beat?.kind} ${beat?.device}`;
    if (beat?.isPerformed === false && beats.at(-1) !== word) beats.push(word);
  }
  await run(engine, "play");
  await ending;
  return beats;
}

async function world() {
  const engine = await visit();
  await run(engine, "write origin 0-9", "snapshot monday");
  return engine;
}

test("a snapshot's first write brings its data, then its entry", async () => {
  const engine = await world();
  expect(await beatsOf(engine, "write monday 3")).toEqual([
    "flush monday-cow",
    "commit monday-cow",
  ]);
});

test("a write to what a snapshot has already is a write", async () => {
  const engine = await world();
  await run(engine, "write monday 3");
  await run(engine, "pause");
  const ending = engine.run("write monday 3");
  expect((await engine.run("step")).text).toBe(
    "Writes chunk 2 of monday-cow, which is monday's own already.",
  );
  await run(engine, "play");
  await ending;
});

test("a merge copies back, flushes, and takes out of the list", async () => {
  const engine = await world();
  await run(engine, "write origin 3");
  expect(await beatsOf(engine, "merge monday")).toEqual([
    ...["read monday-cow", "flush disk", "read monday-cow", "merge-copy disk", "flush disk"],
    ...["flush monday-cow", "merge-commit monday-cow", "flush monday-cow"],
    // The snapshot is opened again, empty.
    ...["read monday-cow", "flush disk"],
  ]);
});

test("a cache reads, and keeps what it has read", async () => {
  const engine = await world();
  await run(engine, "cache far");
  expect(await beatsOf(engine, "read far 3")).toEqual(["fill far-cow"]);
});

test("a bad block is tried, and relocated", async () => {
  const engine = await visit();
  await run(engine, "write origin 0-9", "bad 3");
  const beats = await beatsOf(engine, "write origin 3");
  expect(beats).toContain("relocate disk");
});

/** What a visitor has made outlives the clicks that begin something else. */
import "fake-indexeddb/auto";
import { expect, test } from "vitest";
import { enterStep, GUIDE } from "../../../demo/engine/guide.ts";
import type { LocalEngine } from "../../../demo/engine/engine.ts";
import { Aside } from "../../../demo/view/aside.ts";
import { SCENARIOS } from "../../../demo/view/lines.ts";
import { run, visit } from "./engine/visit.ts";

/** What a world is, without what belongs to the visit. */
function picture({ scene }: LocalEngine): object {
  const { revision: _, tempo: _tempo, beat: _beat, ...rest } = scene;
  return rest;
}

/** Leaves the disk, and makes another one of it. */
async function leave(aside: Aside, engine: LocalEngine, step = 2): Promise<void> {
  expect(await aside.leave()).toMatchObject({ isDone: true });
  expect(await enterStep(engine, step)).toMatchObject({ isDone: true });
}

const fileOf = (name: string, text: string) => new File([text], name);

test("what guide and scenes tell is not put aside, however far they have come", async () => {
  const engine = await visit();
  const aside = new Aside(engine);
  for (const [at, { lines }] of GUIDE.entries()) {
    await leave(aside, engine, at);
    for (const line of lines) {
      await engine.run(line);
      expect(await aside.leave()).toMatchObject({ isDone: true });
      expect(aside.words, line).toBeUndefined();
    }
  }
  for (const { lines } of SCENARIOS) {
    for (const line of lines) await engine.run(line);
    expect(await aside.leave()).toMatchObject({ isDone: true });
    expect(aside.words, lines.join("; ")).toBeUndefined();
  }
});

test("a disk in memory comes back as it was: its size, its cuts, its future, and where in time it was", async () => {
  const engine = await visit();
  const aside = new Aside(engine);
  await run(engine, "reset --size 1M --chunk 8K", "write origin 0-9", "snapshot tuesday");
  await engine.run("write origin 3; pull --after 3 --seed 9");
  await run(engine, "plug", "write origin 4", "write tuesday 7", "undo");
  const before = picture(engine);
  await leave(aside, engine);
  expect(aside.words).toBe("Your disk, of 6 commands, is put aside.");
  expect(picture(engine)).not.toEqual(before);
  expect(await aside.bringBack()).toMatchObject({ isDone: true });
  expect(picture(engine)).toEqual(before);
  expect(aside.words).toBeUndefined();
  await run(engine, "redo");
});

test("leaving ends the line under way, which is the visitor's too, and keeps the pace", async () => {
  const engine = await visit();
  const aside = new Aside(engine);
  await run(engine, "pace 200", "pause");
  const line = engine.run("write origin 5");
  await engine.run("step");
  expect(await aside.leave()).toMatchObject({ isDone: true });
  expect(await line).toMatchObject({ isDone: true });
  expect(engine.scene.tempo.beatMs).toBe(200);
  expect(aside.words).toBe("Your disk, of 1 command, is put aside.");
});

test("several are brought back one after the other, and none is lost for another one", async () => {
  const engine = await visit();
  const aside = new Aside(engine);
  const seen = new Set<string>();
  for (const chunk of [7, 8, 9]) {
    await run(engine, `write origin ${chunk}`, "snapshot friday");
    await leave(aside, engine);
  }
  for (let turn = 0; turn < 3; turn++) {
    expect(await aside.bringBack()).toMatchObject({ isDone: true });
    seen.add(engine.scene.log.at(-2)!.line);
  }
  expect([...seen].sort()).toEqual(["write origin 7", "write origin 8", "write origin 9"]);
  expect(aside.words).toBeDefined();
});

test("a disk from a file comes back with the file; an image puts aside the disk it replaces", async () => {
  const engine = await visit();
  const aside = new Aside(engine);
  await run(engine, "write origin 63");
  const first = picture(engine);
  expect(await aside.give(fileOf("a.img", "x".repeat(5000)))).toMatchObject({ isDone: true });
  await run(engine, "snapshot monday", "write origin 1");
  const second = picture(engine);
  await leave(aside, engine);
  await aside.bringBack();
  expect(picture(engine)).toEqual(second);
  // The file belongs to its own world: the line at its place in the other one is a write.
  await aside.bringBack();
  expect(picture(engine)).toEqual(first);
  await aside.bringBack();
  expect(picture(engine)).toEqual(second);
});

test("a file that is refused changes nothing, and puts nothing aside", async () => {
  const engine = await visit();
  const aside = new Aside(engine);
  await run(engine, "write origin 63");
  const before = picture(engine);
  expect(await aside.give(fileOf("empty.img", ""))).toMatchObject({ isDone: false });
  expect(picture(engine)).toEqual(before);
  expect(aside.words).toBeUndefined();
});

test("a disk whose file is not at hand is not left, and it says so", async () => {
  const engine = await visit();
  await engine.give("a.img", fileOf("a.img", "x".repeat(5000)));
  const before = picture(engine);
  const { isDone, text } = await new Aside(engine).leave();
  expect({ isDone, text }).toMatchObject({ isDone: false });
  expect(text).toContain('the file of "give a.img" is not at hand');
  expect(picture(engine)).toEqual(before);
});

test("a disk in IndexedDB stays there while the guide is in memory, and is shown again", async () => {
  const engine = await visit({ name: `aside-${crypto.randomUUID()}`, storage: "indexeddb" });
  const aside = new Aside(engine);
  await run(engine, "write origin 3", "snapshot friday", "write origin 3");
  const before = picture(engine);
  await leave(aside, engine);
  expect(engine.scene.storage).toBe("memory");
  expect([aside.words, aside.isKept]).toEqual(["Your disk, of 3 commands, is kept.", true]);
  await run(engine, "write origin 50");
  await aside.bringBack();
  expect(picture(engine)).toEqual(before);
  // What was made in the guide has changed places with it.
  expect([aside.words, aside.isKept]).toEqual(["Your disk, of 3 commands, is put aside.", false]);
});

test("a move to a storage takes the disk along, or puts it aside if there is one already", async () => {
  const engine = await visit({ name: `aside-${crypto.randomUUID()}` });
  const aside = new Aside(engine);
  await run(engine, "write origin 3");
  expect(await aside.move("storage indexeddb")).toMatchObject({ isDone: true });
  expect(aside.words).toBeUndefined();
  await aside.move("storage memory");
  await run(engine, "write origin 4");
  const mine = picture(engine);
  await aside.move("storage indexeddb");
  expect(engine.scene.log.map(({ line }) => line)).toEqual(["write origin 3"]);
  await aside.bringBack();
  expect(picture(engine)).toEqual(mine);
});

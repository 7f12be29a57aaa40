/**
 * The plug, pulled between every two beats: the world that is opened again is what a model says.
 */
import { expect, test } from "vitest";
import { FOREIGN_MARK } from "../../../../demo/engine/world/sector_marks.ts";
import type { LocalEngine } from "../../../../demo/engine/engine.ts";
import { refusal, run, strip, visit } from "./visit.ts";

/** What every device shows, by name. */
function view(engine: LocalEngine): Record<string, number[]> {
  const shown = engine.scene.strips.filter(({ role }) => role !== "cow");
  return Object.fromEntries(shown.map(({ name, generations }) => [name, [...generations]]));
}

/** Pulls the plug after each beat of a line, and plugs it in again; how many beats there are. */
async function cutEverywhere(
  engine: LocalEngine,
  line: string,
  judge: (before: Record<string, number[]>, after: Record<string, number[]>) => void,
  seeds: readonly number[] = [1, 2, 3, 4],
): Promise<number> {
  const before = view(engine);
  for (let beats = 0;; beats++) {
    let performed = 0;
    for (const seed of seeds) {
      await refusal(engine, `${line}; pull --after ${beats} --seed ${seed}`);
      const kept = engine.scene.log.at(-1);
      expect(kept?.outcome).toBe("cut");
      performed = Number(/--after (\d+)/.exec(kept?.line ?? "")?.[1]);
      await run(engine, "plug");
      try {
        judge(before, view(engine));
      } catch (error) {
        throw new Error(`after beat ${beats}, seed ${seed}: ${error}`);
      }
      engine.check();
      await run(engine, "undo", "undo");
      expect(view(engine)).toEqual(before);
    }
    if (performed < beats) return performed;
  }
}

/** One chunk may be the old one, the new one, or torn; all others are as they were. */
function expectOneChunk(before: number[], after: number[], chunk: number, canTear: boolean): void {
  const found = after[chunk] ?? -1;
  const isNew = found > Math.max(...before.filter((mark) => mark < FOREIGN_MARK));
  if (found !== before[chunk] && !(canTear && found >= FOREIGN_MARK)) expect(isNew).toBe(true);
  expect(after.with(chunk, 0)).toEqual(before.with(chunk, 0));
}

test("the first write to a chunk: snapshots read as they did, the origin has old or new", async () => {
  const engine = await visit();
  await run(
    engine,
    "write origin 0-9",
    "snapshot monday",
    "snapshot tuesday --chunk 8K --store PO",
  );
  const beats = await cutEverywhere(engine, "write origin 5", (before, after) => {
    expect(after.monday).toEqual(before.monday);
    expect(after.tuesday).toEqual(before.tuesday);
    expectOneChunk(before.origin as number[], after.origin as number[], 5, true);
  });
  expect(beats).toBe(9); // Four for each snapshot, and the write itself.
});

test("the first write to a snapshot: all of the chunk or nothing of it", async () => {
  const engine = await visit();
  await run(engine, "write origin 0-9", "snapshot monday");
  const beats = await cutEverywhere(engine, "write monday 5", (before, after) => {
    expect(after.origin).toEqual(before.origin);
    expectOneChunk(before.monday as number[], after.monday as number[], 5, false);
  });
  expect(beats).toBe(3);
});

test("a merge: plugged in again it goes on, and the origin becomes what the snapshot showed", async () => {
  const engine = await visit();
  await run(engine, "write origin 0-9", "snapshot monday", "snapshot tuesday");
  await run(engine, "write origin 3-5", "write monday 8", "write origin 12");
  const beats = await cutEverywhere(engine, "merge monday", (before, after) => {
    expect(after.origin).toEqual(before.monday);
    expect(after.monday).toEqual(before.monday);
    expect(after.tuesday).toEqual(before.tuesday);
    expect(strip(engine, "monday").health).toBe("merged");
  }, [1, 2]);
  expect(beats).toBeGreaterThan(10);
});

test("a snapshot that is being taken is there or can be taken again", async () => {
  const engine = await visit();
  await run(engine, "write origin 0-9");
  await cutEverywhere(engine, "snapshot monday", (before, after) => {
    expect(after.origin).toEqual(before.origin);
    if (after.monday !== undefined) expect(after.monday).toEqual(before.origin);
  });
});

test("a COW device that runs full: a snapshot is right, or says that it is invalid", async () => {
  const engine = await visit();
  await run(engine, "write origin 0-9", "snapshot monday --size 12K", "write origin 1");
  await cutEverywhere(engine, "write origin 5", (before, after) => {
    expectOneChunk(before.origin as number[], after.origin as number[], 5, true);
    if (strip(engine, "monday").health === "valid") expect(after.monday).toEqual(before.monday);
    else expect(strip(engine, "monday").status).toContain("Invalid");
  });
});

test("with careless devices an entry overtakes its data, and a snapshot reads wrong", async () => {
  const engine = await visit();
  await run(engine, "write origin 0-9", "snapshot monday");
  const before = view(engine);
  await run(engine, "careless on");
  await refusal(engine, "write origin 5; pull --after 4 --keep nothing");
  expect(engine.scene.isCareless).toBe(true);
  await run(engine, "plug");
  expect(engine.scene.survivors.join("\n")).toContain("monday READS WRONG in chunk 5");
  expect(view(engine).monday).not.toEqual(before.monday);
  // The same loss, the same beat, and devices that keep what they promise:
  await run(engine, "goto 2");
  await refusal(engine, "write origin 5; pull --after 4 --keep nothing");
  await run(engine, "plug");
  expect(engine.scene.survivors).toContain("monday reads as it did: all 64 chunks.");
  expect(view(engine)).toEqual(before);
});

test("what was flushed is there, and what was answered by a line that ended as well", async () => {
  const engine = await visit();
  await run(engine, "snapshot monday", "write origin 1-3");
  const before = view(engine);
  await run(engine, "pull --keep nothing");
  expect(engine.scene.power).toBe("off");
  expect(strip(engine, "monday").health).toBe("off");
  expect(await refusal(engine, "write origin 1")).toContain("there is no power");
  expect(await refusal(engine, "pull")).toBe("There is no power to be cut");
  await run(engine, "plug");
  expect(view(engine)).toEqual(before);
  expect(await refusal(engine, "plug")).toBe("Cannot plug it in: there is power");
});

test("a transient snapshot is forgotten with the power, and that is said", async () => {
  const engine = await visit();
  await run(engine, "snapshot monday --store N", "write origin 1", "pull", "plug");
  expect(engine.scene.strips.map(({ name }) => name)).toEqual(["origin"]);
  expect(engine.scene.survivors.join("\n")).toContain("monday: forgotten, as a transient store");
});

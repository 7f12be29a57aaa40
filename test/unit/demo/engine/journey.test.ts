/**
 * Journeys by seed: lines of all kinds, some of them cut, beside a model that knows what every device
 * must show.
 */
import { expect, test } from "vitest";
import type { LocalEngine } from "../../../../demo/engine/engine.ts";
import { FOREIGN_MARK } from "../../../../demo/engine/world/sector_marks.ts";
import { Prng } from "../../../../src/testing/mod.ts";
import { generations, run, strip, visit } from "./visit.ts";

const CHUNKS = 16;

/** What every device shows, by chunk. */
class Model {
  readonly devices = new Map<string, number[]>([["origin", Array(CHUNKS).fill(0)]]);
  writeCount = 0;

  get snapshots(): string[] {
    return [...this.devices.keys()].filter((name) => name !== "origin");
  }

  view(name: string): number[] {
    return this.devices.get(name) as number[];
  }
}

/** What a line does to the model; the chunks that it may have left in any state when it is cut. */
interface Deed {
  readonly line: string;
  readonly apply: (model: Model) => void;
  readonly device?: string;
  readonly chunks?: readonly number[];
}

function deedBySeed(prng: Prng, model: Model): Deed {
  const kind = prng.weighted({ write: 8, snapshot: 2, drop: 1, merge: 2, read: 1, bad: 1 });
  const name = prng.pick(["monday", "tuesday", "friday"]);
  const isThere = model.snapshots.includes(name);
  if (kind === "snapshot" && !isThere) {
    const apply = ({ devices }: Model) => void devices.set(name, [...model.view("origin")]);
    return { line: `snapshot ${name} --size 256K`, apply };
  }
  if (kind === "drop" && isThere) {
    return { line: `drop ${name}`, apply: ({ devices }) => void devices.delete(name) };
  }
  if (kind === "merge" && isThere) {
    const apply = ({ devices }: Model) => void devices.set("origin", [...model.view(name)]);
    return { line: `merge ${name}`, apply };
  }
  const first = prng.int(CHUNKS);
  const last = Math.min(CHUNKS - 1, first + prng.int(3));
  if (kind === "bad") return { line: `bad ${first}`, apply: () => {} };
  const device = prng.pick([...model.devices.keys()]);
  const line = `${device} ${first}-${last}`;
  if (kind === "read") return { line: `read ${line}`, apply: () => {} };
  const chunks = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const apply = (world: Model) => {
    world.writeCount++;
    for (const chunk of chunks) world.view(device)[chunk] = world.writeCount;
  };
  return { line: `write ${line}`, apply, device, chunks };
}

function expectModel(engine: LocalEngine, model: Model, when: string): void {
  for (const [name, marks] of model.devices) {
    expect(generations(engine, name, CHUNKS), `${name}, ${when}`).toEqual(marks);
  }
}

/** Cuts a deed, plugs in again, and lets the model learn what may be either way, and nothing else. */
async function cut(engine: LocalEngine, model: Model, deed: Deed, prng: Prng): Promise<void> {
  const before = new Map([...model.devices].map(([name, marks]) => [name, [...marks]]));
  await engine.run(`${deed.line}; pull --after ${prng.int(8)} --seed ${prng.int(1000)}`);
  await run(engine, "plug");
  const { line = "" } = engine.scene.log.at(-2) ?? {};
  deed.apply(model);
  const names = engine.scene.strips.map(({ name }) => name);
  for (const name of model.snapshots) if (!names.includes(name)) model.devices.delete(name);
  if (line.startsWith("drop")) return void restoreDropped(engine, model, before);
  const { device, chunks = [] } = deed;
  if (device === undefined) return;
  const found = generations(engine, device, CHUNKS);
  for (const chunk of chunks) {
    const mark = found[chunk] ?? -1;
    const isEither = mark === before.get(device)?.[chunk] || mark === model.writeCount;
    expect(isEither || mark >= FOREIGN_MARK, `chunk ${chunk} of ${device}`).toBe(true);
    model.view(device)[chunk] = mark;
  }
}

/** A snapshot that was to be dropped may still be there, as it was. */
function restoreDropped(engine: LocalEngine, model: Model, before: Map<string, number[]>): void {
  for (const { name, role } of engine.scene.strips) {
    if (role === "snapshot" && !model.devices.has(name)) {
      model.devices.set(name, before.get(name) as number[]);
    }
  }
}

test.each(["north", "east", "south", "west"])("a journey to the %s", async (seed) => {
  const prng = Prng.fromSeed(seed);
  const engine = await visit();
  const model = new Model();
  await run(engine, "reset --size 64K");
  for (let day = 0; day < 40; day++) {
    const deed = deedBySeed(prng, model);
    const when = `day ${day}: ${deed.line}`;
    if (prng.bool(0.3)) {
      await cut(engine, model, deed, prng);
    } else {
      await run(engine, deed.line);
      deed.apply(model);
    }
    expectModel(engine, model, when);
    for (const name of model.snapshots) {
      expect(strip(engine, name).health, when).not.toBe("invalid");
    }
    engine.check();
  }
  // All of it again, from the medium alone.
  await run(engine, "undo", "redo");
  expectModel(engine, model, "after all");
});

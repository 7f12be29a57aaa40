/**
 * A visitor of the demo, for tests: an engine without a page, whose clock takes no time.
 *
 * @module
 */
import { expect, onTestFinished } from "vitest";
import { LocalEngine } from "../../../../demo/engine/engine.ts";
import type { EngineOptions } from "../../../../demo/engine/engine.ts";
import { PLACES, type Strip } from "../../../../demo/engine/scene.ts";
import type { Clock } from "../../../../src/mod.ts";

/** Lets promises that are ready go first, and no time pass. */
export const noTime: Clock = {
  nowMs: () => 0,
  sleep: async () => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  },
};

/** An engine that is checked and closed when the test has ended. */
export async function visit(options: EngineOptions = {}): Promise<LocalEngine> {
  const engine = await LocalEngine.open({ clock: noTime, ...options });
  onTestFinished(async () => {
    engine.check();
    await engine.close();
  });
  return engine;
}

/** Runs lines, each of which must be done; the last one's text. */
export async function run(engine: LocalEngine, ...lines: readonly string[]): Promise<string> {
  let last = "";
  for (const line of lines) {
    const { isDone, text } = await engine.run(line);
    if (!isDone) throw new Error(`"${line}" was refused: ${text}`);
    last = text;
  }
  return last;
}

/** Runs a line that must be refused; why it was. */
export async function refusal(engine: LocalEngine, line: string): Promise<string> {
  const { isDone, text } = await engine.run(line);
  expect(isDone, `"${line}" should be refused`).toBe(false);
  return text;
}

/** A device's strip. */
export function strip(engine: LocalEngine, name: string): Strip {
  const found = engine.scene.strips.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no strip "${name}"`);
  return found;
}

/** Generations of a device's first chunks. */
export function generations(engine: LocalEngine, name: string, count = 8): number[] {
  return [...strip(engine, name).generations.slice(0, count)];
}

/** Places of a device's first chunks. */
export function places(engine: LocalEngine, name: string, count = 8): string[] {
  return [...strip(engine, name).places.slice(0, count)].map((place) => PLACES[place] as string);
}

/** All that a scene shows, but what grows with every look at it. */
export function picture(engine: LocalEngine): object {
  const { revision: _, tempo: _tempo, beat: _beat, storage: _storage, ...scene } = engine.scene;
  return scene;
}

/// <reference lib="dom" />
/** How many frames of strips a second has: what is drawn anew at each, by how many chunks there are. */
import { expect, test } from "vitest";
import { PLACES } from "../../demo/engine/scene.ts";
import { StripView } from "../../demo/view/strip/strip_view.ts";
import { stripOf } from "../unit/demo/strip/strips.ts";
import "../../demo/style/tokens.css";
import "../../demo/style/strips.css";

const FRAMES = 120;
const nothing = { select() {}, write() {} };

/** An origin, a snapshot and a COW device of so many chunks each, all different. */
function stripsOf(chunkCount: number) {
  return (["origin", "snapshot", "cow"] as const).map((role) => {
    const strip = stripOf({ role, chunkCount });
    for (let chunk = 0; chunk < chunkCount; chunk++) {
      strip.generations[chunk] = chunk % 9;
      strip.places[chunk] = chunk % PLACES.length;
    }
    return strip;
  });
}

const frame = () => new Promise<number>((done) => requestAnimationFrame(done));

test.each([64, 4096, 2 ** 20])("three strips of %i chunks, each changed at every frame", async (
  chunkCount,
) => {
  const strips = stripsOf(chunkCount);
  const views = strips.map((strip) => new StripView(strip, nothing));
  document.body.replaceChildren(...views.map(({ element }) => element));
  for (const view of views) view.resize(853);
  const costs: number[] = [];
  const startMs = await frame();
  for (let count = 0; count < FRAMES; count++) {
    const beforeMs = performance.now();
    views.forEach((view, at) => {
      strips[at]!.generations[count % chunkCount]!++;
      view.update({ ...strips[at]! }, []);
      view.draw();
    });
    costs.push(performance.now() - beforeMs);
    await frame();
  }
  const seconds = (await frame() - startMs) / 1000;
  costs.sort((one, other) => one - other);
  const median = costs[FRAMES / 2]!;
  // deno-lint-ignore no-console
  console.log(
    `${chunkCount} chunks: ${(FRAMES / seconds).toFixed(0)} frames a second, ` +
      `${median.toFixed(2)} ms of each for all three strips (at most ${costs.at(-1)!.toFixed(2)})`,
  );
  expect(costs).toHaveLength(FRAMES);
});

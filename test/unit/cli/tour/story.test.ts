import { expect, test } from "vitest";
import { STORY } from "../../../../src/cli/tour/story.ts";
import { TourWorld } from "../../../../src/cli/tour/world.ts";

/** The status words of a device of the tour. */
function statusOf(world: TourWorld, name: string): string | undefined {
  return world.devices.get(name)?.activeTargets?.[0]?.status();
}

test("the text of every step fits on its lines", () => {
  for (const { title, lines } of STORY) {
    expect(title.length).toBeLessThanOrEqual(76);
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(77);
  }
});

test("the numbers that the text names are the numbers that are shown", async () => {
  using world = new TourWorld();
  const after: (string | undefined)[] = [];
  const images: number[] = [];
  for (const { act } of STORY) {
    await act(world);
    after.push(statusOf(world, "monday"));
    images.push(world.copiedSectors);
  }
  expect(after[0]).toBeUndefined();
  expect(after[1]).toMatch(/^16\/\d+ 16$/);
  expect(after[2]).toMatch(/^40\/\d+ 16$/);
  expect(images[6]).toBe(images[5]);
  expect(after[7]).toMatch(/^16\/\d+ 16$/);
});

test("after every step every view is what it ought to be", async () => {
  using world = new TourWorld();
  for (const { title, act } of STORY) {
    await act(world);
    for (const name of world.devices.keys()) {
      expect(world.judge(name).isRight, `${name} after: ${title}`).toBe(true);
    }
  }
});

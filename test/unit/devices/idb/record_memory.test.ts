import { expect, test } from "vitest";
import { FramePool } from "../../../../src/devices/frame_pool.ts";
import { RecordMemory } from "../../../../src/devices/idb/record_memory.ts";
import { patternOf, Prng, verifySectors } from "../../../../src/testing/mod.ts";

const FRAME_BYTES = 65536;

test.each([1, 8, 64, 128, 256, 2048])(
  "places for records of %i sectors are apart, zeroes at first, and given back whole",
  (unit) => {
    const pool = FramePool.create();
    const memory = new RecordMemory("disk", unit, pool);
    const prng = Prng.fromSeed(`records of ${unit}`);
    const held = new Map<number, number>();
    const read = (place: number) => {
      const bytes = new Uint8Array(unit * 512).fill(0xa5);
      memory.read(place, bytes, 0);
      return bytes;
    };
    let most = 0;
    for (let step = 1; step <= 200; step++) {
      if (held.size > 0 && prng.bool(0.45)) {
        const place = prng.pick([...held.keys()]);
        verifySectors(read(place), patternOf(held.get(place)!, 0, unit), 0, `place ${place}`);
        memory.giveBack(place);
        held.delete(place);
        continue;
      }
      const place = memory.take();
      expect(held.has(place)).toBe(false);
      verifySectors(read(place), new Uint8Array(unit * 512), 0, "a fresh place");
      memory.write(place, patternOf(step, 0, unit), 0);
      held.set(place, step);
      most = Math.max(most, held.size);
      const perRecord = Math.max(1, unit / 128);
      const perFrame = Math.max(1, 128 / unit);
      expect(pool.usedBytes / FRAME_BYTES).toBeLessThanOrEqual(
        Math.ceil(most / perFrame) * perRecord,
      );
    }
    for (const place of held.keys()) memory.giveBack(place);
    expect(pool.usedBytes).toBe(0);
  },
);

test("a place is copied, zeroed in part, and its neighbours stay as they were", () => {
  const memory = new RecordMemory("disk", 8);
  const places = [memory.take(), memory.take(), memory.take()];
  const [one = 0, two = 0, three = 0] = places;
  for (const place of [one, three]) memory.write(place, patternOf(1, 0, 8), 0);
  memory.copy(one, two);
  memory.zero(two, 2, 5);
  const found = new Uint8Array(3 * 512);
  memory.read(two, found, 2);
  verifySectors(found, new Uint8Array(3 * 512), 2, "zeroed");
  for (const place of [one, three]) {
    const whole = new Uint8Array(8 * 512);
    memory.read(place, whole, 0);
    verifySectors(whole, patternOf(1, 0, 8), 0, "a neighbour");
  }
  for (const place of places) memory.giveBack(place);
  expect(memory.usedBytes).toBe(0);
});

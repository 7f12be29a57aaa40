import { xxhash3 } from "hash-wasm";
import { expect, test } from "vitest";
import { DISK_SECTORS, TourWorld } from "../../../../src/cli/tour/world.ts";

test("a snapshot shows the disk as it was, whoever writes where", () => {
  using world = new TourWorld();
  const first = world.judge("origin").hash;
  world.take("monday", 8);
  world.write("origin", 7, 3);
  expect(world.judge("monday")).toEqual({ hash: first, isRight: true });
  expect(world.judge("origin")).toMatchObject({ isRight: true });
  expect(world.judge("origin").hash).not.toBe(first);
  expect(world.copiedSectors).toBe(16);
});

test("a merge makes the disk what the snapshot was, and spares the others", async () => {
  using world = new TourWorld();
  world.take("monday", 8);
  world.take("tuesday", 32);
  const tuesday = world.judge("tuesday");
  world.write("monday", DISK_SECTORS - 1, 1);
  const monday = world.judge("monday");
  await world.merge("monday");
  expect(world.judge("origin")).toEqual(monday);
  expect(world.judge("tuesday")).toEqual(tuesday);
});

test("a view that is wrong is not passed over", () => {
  using world = new TourWorld();
  world.take("monday", 8);
  world.devices.get("monday")!.writeSync(new Uint8Array(512), 0);
  expect(world.judge("monday").isRight).toBe(false);
});

test("the hash is the XXH3 of every byte that is shown", async () => {
  using world = new TourWorld();
  const view = new Uint8Array(DISK_SECTORS * 512);
  world.devices.get("origin")!.readSync(view, 0);
  expect(world.judge("origin").hash).toBe(await xxhash3(view));
});

test("a snapshot that was never taken has no view", () => {
  using world = new TourWorld();
  expect(() => world.judge("never")).toThrow(/no snapshot "never"/);
});

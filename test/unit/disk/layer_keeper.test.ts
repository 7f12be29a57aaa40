import { expect, test } from "vitest";
import { runAsync } from "../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../src/devices/mod.ts";
import type { DiskEvent } from "../../../src/disk/disk_options.ts";
import { DiskTree } from "../../../src/disk/disk_tree.ts";
import { LayerKeeper } from "../../../src/disk/layer_keeper.ts";
import { rollBack, takeSnapshot } from "../../../src/disk/manifest/layer_tree.ts";
import { type Manifest, newManifest } from "../../../src/disk/manifest/manifest.ts";
import { MANIFEST_LOG_SECTORS, ManifestLog } from "../../../src/disk/manifest/manifest_log.ts";
import { HeldLayers } from "../../../src/disk/readers/held_layers.ts";
import { LayerShelf } from "../../../src/disk/storage/layer_shelf.ts";
import { createMemoryStorage } from "../../../src/disk/storage/memory_storage.ts";
import type { DiskStorage } from "../../../src/disk/storage/storage.ts";
import { onlyAsync } from "./async_storage.ts";
import { layerStack, SECTOR_COUNT } from "./layers/layers.ts";

const ORIGIN = {
  sectorCount: SECTOR_COUNT,
  fingerprint: "0".repeat(32),
  isWhole: false,
  tag: null,
};
const FIRST = newManifest(ORIGIN, 8, "main");
/** Layer 1 is "one", layer 2 "two", layer 3 main's end. */
const MANIFEST: Manifest =
  takeSnapshot(takeSnapshot(FIRST, "main", "one").manifest, "main", "two").manifest;

function keeperOn(storage: DiskStorage, onEvent: (event: DiskEvent) => void = () => {}) {
  const log = new ManifestLog(createMemoryDevice({ sectorCount: MANIFEST_LOG_SECTORS }));
  const tree = new DiskTree(MANIFEST, log, layerStack());
  const held = new HeldLayers();
  const keeper = new LayerKeeper(tree, new LayerShelf(storage, false), held, onEvent);
  return { tree, held, keeper };
}

test("a layer is opened with what it lies on, and closed when nobody needs it", async () => {
  await using storage = createMemoryStorage();
  const { tree, keeper } = keeperOn(storage);
  await keeper.openLayer(2);
  expect(tree.stack.layers.map(({ id }) => id)).toEqual([1, 2]);
  const letGo = keeper.keep(1);
  await keeper.tidy(MANIFEST);
  expect(tree.stack.layers.map(({ id }) => id)).toEqual([1]);
  letGo();
  keeper.tidySync(MANIFEST);
  expect(tree.stack.layers).toEqual([]);
  expect(await storage.list()).toEqual(["layer-1", "layer-2"]);
});

test("devices of layers that the manifest has let go of are removed", async () => {
  await using storage = createMemoryStorage();
  const { tree, keeper } = keeperOn(storage);
  await keeper.openLayer(3);
  const { manifest, made } = rollBack(MANIFEST, "main", "one");
  keeper.devicesForSync(manifest, made);
  // The change has failed: its device is of no use.
  await keeper.tidy(MANIFEST);
  expect(await storage.list()).toEqual(["layer-1", "layer-2", "layer-3"]);
  await runAsync(tree.commit(manifest));
  await keeper.tidy(MANIFEST);
  expect(await storage.list()).toEqual(["layer-1", "layer-2"]);
});

test("those that are held for readers are removed after they have gone", async () => {
  await using storage = createMemoryStorage();
  const { tree, held, keeper } = keeperOn(storage);
  await keeper.openLayer(3);
  const { manifest } = rollBack(MANIFEST, "main", "one");
  await runAsync(tree.commit(manifest));
  held.hold(4);
  await keeper.tidy(MANIFEST);
  expect(await storage.list()).toEqual(["layer-1", "layer-2", "layer-3"]);
  held.letGo();
  await keeper.removeUnnamed();
  expect(await storage.list()).toEqual(["layer-1", "layer-2"]);
});

test("what cannot be tidied is told of, and fails nothing", async () => {
  await using storage = createMemoryStorage();
  const failing = onlyAsync(storage);
  failing.shut = () => Promise.reject(new Error("it fails"));
  const events: DiskEvent[] = [];
  const { keeper } = keeperOn(failing, (event) => events.push(event));
  await keeper.openLayer(1);
  await keeper.tidy(MANIFEST);
  expect(events).toEqual([{ kind: "cleanup failed", cause: new Error("it fails") }]);
});

test("at its end nothing is open, what was kept neither", async () => {
  await using storage = createMemoryStorage();
  const { tree, keeper } = keeperOn(storage);
  await keeper.openLayer(3);
  keeper.keep(3);
  await keeper.close();
  expect(tree.stack.layers).toEqual([]);
  for (const id of [1, 2, 3]) storage.openSync(`layer-${id}`, 8);
});

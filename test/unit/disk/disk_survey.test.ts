import { expect, test } from "vitest";
import { runSync } from "../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../src/devices/mod.ts";
import { extentsOf, heldBy, planLayerDiff, usageOf } from "../../../src/disk/disk_survey.ts";
import { DiskTree } from "../../../src/disk/disk_tree.ts";
import { fork, takeSnapshot } from "../../../src/disk/manifest/layer_tree.ts";
import { newManifest } from "../../../src/disk/manifest/manifest.ts";
import { MANIFEST_LOG_SECTORS, ManifestLog } from "../../../src/disk/manifest/manifest_log.ts";
import { patternOf } from "../../../src/testing/mod.ts";
import { layerCow, layerStack, SECTOR_COUNT, viewOf } from "./layers/layers.ts";

/** Layer 1 "one" holds chunks 0 and 1, layer 2 of main chunk 3, layer 3 of other chunk 7. */
function surveyed(): DiskTree {
  const identity = { sectorCount: SECTOR_COUNT, fingerprint: "0".repeat(32), isWhole: false };
  const first = newManifest({ ...identity, tag: null }, 8, "main");
  const { manifest } = fork(takeSnapshot(first, "main", "one").manifest, "one", "other");
  const log = new ManifestLog(createMemoryDevice({ sectorCount: MANIFEST_LOG_SECTORS }));
  const tree = new DiskTree(manifest, log, layerStack());
  runSync(tree.openLayers(manifest, new Map([1, 2, 3].map((id) => [id, layerCow()]))));
  for (const [id, sector] of [[1, 0], [1, 15], [2, 25], [3, 58]] as const) {
    viewOf(tree.stack, id).writeSync(patternOf(id + 1, sector, 1), sector);
  }
  return tree;
}

test("a branch's usage is that of its own path", () => {
  const tree = surveyed();
  expect(usageOf(tree, "main")).toMatchObject({ changedChunks: 3, sectorCount: SECTOR_COUNT });
  expect(usageOf(tree, "other").changedChunks).toBe(3);
  // Three headers, three areas, four chunks.
  expect(usageOf(tree, "main").occupiedSectors).toBe(10 * 8);
});

test("a branch may hold something where a layer on its path does", () => {
  expect(extentsOf(surveyed(), "main")).toEqual([
    { sector: 0, sectorCount: 16 },
    { sector: 24, sectorCount: 8 },
  ]);
  expect(extentsOf(surveyed(), "other")).toEqual([
    { sector: 0, sectorCount: 16 },
    { sector: 56, sectorCount: 4 },
  ]);
});

test("a diff looks only at layers that one side has and the other has not", () => {
  const tree = surveyed();
  const diff = (from: number | null, to: number | null) => runSync(planLayerDiff(tree, from, to));
  expect(diff(2, 3)).toEqual([{ sector: 24, sectorCount: 8 }, { sector: 56, sectorCount: 4 }]);
  expect(diff(1, 2)).toEqual([{ sector: 24, sectorCount: 8 }]);
  expect(diff(null, 1)).toEqual([{ sector: 0, sectorCount: 16 }]);
  expect(diff(2, 2)).toEqual([]);
  expect(heldBy(tree, [1, 3]).count).toBe(3);
});

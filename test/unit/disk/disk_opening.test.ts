import { expect, test } from "vitest";
import { runSync } from "../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../src/devices/mod.ts";
import {
  loadTree,
  originOf,
  planFirstManifest,
  planFoundManifest,
} from "../../../src/disk/disk_opening.ts";
import type { DiskOptions } from "../../../src/disk/disk_options.ts";
import { MANIFEST_LOG_SECTORS, ManifestLog } from "../../../src/disk/manifest/manifest_log.ts";
import { LayerShelf } from "../../../src/disk/storage/layer_shelf.ts";
import { createMemoryStorage } from "../../../src/disk/storage/memory_storage.ts";
import { patternOf } from "../../../src/testing/mod.ts";
import { originWithBlocks } from "./origins.ts";

const ORIGIN = createMemoryDevice({ sectorCount: 100, content: patternOf(1, 0, 100) });

function logDevice() {
  return createMemoryDevice({ name: "log", sectorCount: MANIFEST_LOG_SECTORS });
}

function textOn(device: ReturnType<typeof logDevice>): string | null {
  return runSync(new ManifestLog(device).read());
}

function make(options: Partial<DiskOptions>, origin = originOf("disk", options.origin ?? ORIGIN)) {
  const device = logDevice();
  const full: DiskOptions = { origin, storage: "memory", ...options };
  const opening = () => runSync(planFirstManifest("disk", origin, new ManifestLog(device), full));
  return { device, opening };
}

test("a new disk has one branch, chunks of 4 KiB, and knows its origin by samples", () => {
  const { device, opening } = make({});
  const { manifest } = opening();
  expect(JSON.parse(textOn(device)!)).toEqual(manifest);
  expect(manifest).toMatchObject({
    sectorCount: 100,
    chunkSectors: 8,
    origin: { isWhole: false },
    layers: [{ id: 1, parent: null, name: null }],
    branches: [{ name: "main", layer: 1 }],
  });
});

test("chunks are never smaller than the origin's blocks", () => {
  expect(make({}, originWithBlocks(16)).opening().manifest.chunkSectors).toBe(16);
});

test("of an origin of zeroes only samples are read, also when everything is asked for", () => {
  const { manifest } = make({ origin: 2 ** 39, identifyBy: "everything" }).opening();
  expect(manifest.origin.isWhole).toBe(false);
  expect(make({ identifyBy: "everything" }).opening().manifest.origin.isWhole).toBe(true);
});

test.each<[string, Partial<DiskOptions>, RegExp]>([
  ["a chunk size of three", { chunkSectors: 3 }, /the chunk size is 3 sectors, want a power/],
  ["a chunk size of none", { chunkSectors: 0 }, /the chunk size is 0/],
  ["a chunk size with a fraction", { chunkSectors: 8.5 }, /want a power of two/],
  ["chunks below the blocks", { origin: originWithBlocks(16), chunkSectors: 8 }, /multiple of 16/],
  ["a branch without a name", { branch: "" }, /the branch's name is ""/],
  ["an empty origin", { origin: createMemoryDevice({ sectorCount: 0 }) }, /it has no sectors/],
])("%s is refused, and nothing is written", (_, options, why) => {
  const { device, opening } = make(options);
  expect(opening).toThrow(why);
  expect(opening).toThrow(expect.objectContaining({ code: "EINVAL" }));
  expect(textOn(device)).toBe(null);
});

test.each([0, -1, 1.5, NaN, Infinity, 2 ** 60])("an origin of %d sectors is refused", (size) => {
  expect(() => originOf("disk", size)).toThrow(/an origin of .* sectors, want 1 to/);
});

test("a disk's name is checked as every name is", () => {
  expect(() => originOf("", ORIGIN)).toThrow(/Cannot open the disk "": want a name/);
  expect(originOf("disk", ORIGIN)).toBe(ORIGIN);
});

test("a changed origin is refused in words, and nothing is written", () => {
  const { device, opening } = make({});
  opening();
  const text = textOn(device)!;
  const changed = createMemoryDevice({ sectorCount: 100, content: patternOf(2, 0, 100) });
  const log = new ManifestLog(device);
  const options: DiskOptions = { origin: changed, storage: "memory" };
  expect(() => runSync(planFoundManifest("disk", changed, log, text, options))).toThrow(
    /Cannot open the disk "disk": its origin "memory" has changed: samples of its contents hash/,
  );
  const larger = createMemoryDevice({ sectorCount: 101 });
  const accepting: DiskOptions = { ...options, changedOrigin: "accept" };
  expect(() => runSync(planFoundManifest("disk", larger, log, text, accepting))).toThrow(
    /has 101 sectors, want 100/,
  );
  expect(textOn(device)).toBe(text);
});

test("a changed origin that is accepted is the disk's from then on", () => {
  const { device, opening } = make({});
  const { manifest } = opening();
  const log = new ManifestLog(device);
  const text = runSync(log.read())!;
  const changed = createMemoryDevice({ sectorCount: 100, content: patternOf(2, 0, 100) });
  const options: DiskOptions = { origin: changed, storage: "memory", changedOrigin: "accept" };
  const accepted = runSync(planFoundManifest("disk", changed, log, text, options));
  expect(accepted.formerOrigin).toEqual(manifest.origin);
  const again = runSync(planFoundManifest("disk", changed, log, textOn(device)!, options));
  expect(again).toEqual({ manifest: accepted.manifest, formerOrigin: null });
});

test("a tree is loaded with nothing open, and what a loss of power left is removed", async () => {
  await using storage = createMemoryStorage();
  const options: DiskOptions = { origin: ORIGIN, storage };
  for (const round of [0, 1]) {
    const shelf = new LayerShelf(storage, false);
    const tree = await loadTree("disk", ORIGIN, shelf, options);
    expect(tree.manifest.layers.map(({ id }) => id)).toEqual([1]);
    expect([tree.openBranches, tree.stack.layers]).toEqual([[], []]);
    expect(await storage.list()).toEqual(["manifest"]);
    await shelf.close();
    if (round === 1) break;
    storage.openSync("layer-2", 8);
    storage.shutSync("layer-2");
  }
});

test("a manifest's device that is blank beside layers is refused, and they stay", async () => {
  await using storage = createMemoryStorage();
  for (
    const [device, sectorCount] of [["manifest", MANIFEST_LOG_SECTORS], ["layer-1", 8]] as const
  ) {
    storage.openSync(device, sectorCount);
    storage.shutSync(device);
  }
  const options: DiskOptions = { origin: ORIGIN, storage };
  const loading = loadTree("disk", ORIGIN, new LayerShelf(storage, false), options);
  await expect(loading).rejects.toThrow("layers (1) and no manifest");
  expect(await storage.list()).toEqual(["manifest", "layer-1"]);
});

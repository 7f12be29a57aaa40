import { expect, test } from "vitest";
import { checked } from "../../../src/block/checked.ts";
import { runSync } from "../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../src/devices/mod.ts";
import { DiskTree } from "../../../src/disk/disk_tree.ts";
import { rollBack, takeSnapshot } from "../../../src/disk/manifest/layer_tree.ts";
import { type Manifest, newManifest, parseManifest } from "../../../src/disk/manifest/manifest.ts";
import { MANIFEST_LOG_SECTORS, ManifestLog } from "../../../src/disk/manifest/manifest_log.ts";
import { patternOf } from "../../../src/testing/mod.ts";
import { layerCow, layerStack, memoryOrigin, ORIGIN, SECTOR_COUNT } from "./layers/layers.ts";

/** A tree whose manifest's device fails as often as it is told to. */
class TreeTrial {
  readonly memory = createMemoryDevice({ sectorCount: MANIFEST_LOG_SECTORS });
  readonly tree: DiskTree;
  failureCount = 0;
  /** Whether what fails has arrived all the same. */
  arrives = true;

  constructor() {
    const { memory } = this;
    const log = new ManifestLog(checked({
      name: "log",
      sectorCount: MANIFEST_LOG_SECTORS,
      supports: memory.supports,
      readSync: (target, sector) => memory.readSync(target, sector),
      writeSync: (source, sector) => {
        const fails = this.failureCount-- > 0;
        if (!fails || this.arrives) memory.writeSync(source, sector);
        if (fails) throw new Error("it fails");
      },
      flushSync() {},
      closeSync() {},
    }));
    const identity = { sectorCount: SECTOR_COUNT, fingerprint: "0".repeat(32), isWhole: false };
    const manifest = newManifest({ ...identity, tag: null }, 8, "main");
    runSync(log.read());
    runSync(log.write(JSON.stringify(manifest)));
    this.tree = new DiskTree(manifest, log, layerStack());
    runSync(this.tree.openHead("main", 1, new Map([[1, layerCow()]])));
  }

  get onDevice(): Manifest {
    return parseManifest(runSync(new ManifestLog(this.memory).read())!);
  }

  shown(): Uint8Array {
    const bytes = new Uint8Array(SECTOR_COUNT * 512);
    this.tree.head("main")!.readSync(bytes, 0);
    return bytes;
  }

  write(seed: number): void {
    this.tree.head("main")!.writeSync(patternOf(seed, 0, 9), 0);
  }

  snapshot(name: string): void {
    const { manifest, made } = takeSnapshot(this.tree.manifest, "main", name);
    runSync(this.tree.turn(manifest, "main", made, new Map([[made, layerCow()]])));
  }
}

test("a change is on the device when it is done, and the branch's device stays the same", () => {
  const trial = new TreeTrial();
  const head = trial.tree.head("main");
  trial.write(5);
  const before = trial.shown();
  trial.snapshot("one");
  expect(trial.onDevice).toEqual(trial.tree.manifest);
  expect(trial.shown()).toEqual(before);
  expect(trial.tree.head("main")).toBe(head);
  trial.tree.check();
});

test.each([true, false])(
  "a manifest that could not be written (arrived: %s) is taken back",
  (arrives) => {
    const trial = new TreeTrial();
    trial.write(5);
    const before = [trial.shown(), trial.tree.manifest];
    trial.arrives = arrives;
    trial.failureCount = 1;
    expect(() => trial.snapshot("one")).toThrow("it fails");
    expect([trial.shown(), trial.tree.manifest]).toEqual(before);
    expect(trial.onDevice).toEqual(trial.tree.manifest);
    expect(trial.tree.isInDoubt).toBe(false);
    trial.write(6);
    runSync(trial.tree.release());
    expect(trial.tree.stack.layers.map(({ id }) => id)).toEqual([1]);
    trial.snapshot("one");
    trial.tree.check();
  },
);

test("when it cannot be taken back either, the branch is closed and nothing more is written", () => {
  const trial = new TreeTrial();
  trial.write(5);
  const head = trial.tree.head("main")!;
  const { manifest, made } = rollBack(trial.tree.manifest, "main", null);
  trial.failureCount = 2;
  const turn = trial.tree.turn(manifest, "main", made, new Map([[made, layerCow()]]));
  expect(() => runSync(turn)).toThrow("it fails");
  expect(trial.tree.isInDoubt).toBe(true);
  expect(trial.tree.head("main")).toBe(undefined);
  expect(() => head.writeSync(new Uint8Array(512), 0)).toThrow(/closed/);
});

test("a layer that cannot be opened leaves the branch as it was", () => {
  const trial = new TreeTrial();
  trial.write(5);
  const before = trial.shown();
  const { manifest, made } = takeSnapshot(trial.tree.manifest, "main", "one");
  const cow = layerCow();
  cow.writeSync(new Uint8Array(512).fill(1), 0);
  expect(() => runSync(trial.tree.turn(manifest, "main", made, new Map([[made, cow]])))).toThrow();
  expect(trial.shown()).toEqual(before);
  expect(trial.onDevice).toEqual(trial.tree.manifest);
  trial.write(6);
  trial.tree.check();
});

test("layers that no branch needs are let go of, unless they are kept", () => {
  const trial = new TreeTrial();
  trial.snapshot("one");
  trial.snapshot("two");
  const { manifest, made } = rollBack(trial.tree.manifest, "main", "one");
  runSync(trial.tree.turn(manifest, "main", made, new Map([[made, layerCow()]])));
  const open = () => trial.tree.stack.layers.map(({ id }) => id);
  expect(open()).toEqual([1, 2, 3, 4]);
  runSync(trial.tree.release([2, 99]));
  expect(open()).toEqual([1, 2, 4]);
  runSync(trial.tree.release());
  expect(open()).toEqual([1, 4]);
  runSync(trial.tree.closeHead("main"));
  runSync(trial.tree.closeHead("main"));
  runSync(trial.tree.release());
  expect(open()).toEqual([]);
});

test("an origin that is changed while the manifest fails is changed back", () => {
  const trial = new TreeTrial();
  const other = memoryOrigin(patternOf(9, 0, SECTOR_COUNT));
  const identity = { ...trial.tree.manifest.origin, fingerprint: "1".repeat(32) };
  trial.failureCount = 1;
  expect(() => runSync(trial.tree.changeOrigin(other, identity))).toThrow("it fails");
  expect(trial.shown()).toEqual(ORIGIN);
  expect(trial.onDevice).toEqual(trial.tree.manifest);
  runSync(trial.tree.changeOrigin(other, identity));
  expect(trial.shown()).toEqual(patternOf(9, 0, SECTOR_COUNT));
  expect(trial.onDevice.origin).toEqual(identity);
});

import { expect, test } from "vitest";
import * as tree from "../../../../src/disk/manifest/layer_tree.ts";
import {
  DEPTH_MAX,
  formatManifest,
  type Manifest,
  parseManifest,
} from "../../../../src/disk/manifest/manifest.ts";
import { Prng } from "../../../../src/testing/mod.ts";
import { EMPTY, randomManifest } from "./random_manifest.ts";

/**
 * The tree beside copies: what is "written" to a layer is a set of stamps, and what a layer shows is
 * the stamps of all layers on its path. A snapshot's copy never changes.
 */
class StampedTree {
  manifest = EMPTY;
  readonly #stamps = new Map<number, Set<number>>([[1, new Set()]]);
  readonly #branches = new Map<string, Set<number>>([["main", new Set()]]);
  readonly #snapshots = new Map<string, Set<number>>();
  #stampCount = 0;

  constructor(readonly prng: Prng) {}

  step(number: number): void {
    const branch = this.prng.pick([...this.#branches.keys()]);
    const state = this.prng.pick([null, ...this.#snapshots.keys()]);
    const copy = new Set(state === null ? [] : this.#snapshots.get(state));
    const name = `name ${number}`;
    switch (this.prng.int(8)) {
      case 0:
      case 1:
        this.#grow(tree.takeSnapshot(this.manifest, branch, name));
        this.#snapshots.set(name, new Set(this.#branches.get(branch)));
        break;
      case 2:
        this.#grow(tree.rollBack(this.manifest, branch, state));
        this.#branches.set(branch, copy);
        break;
      case 3:
        this.#grow(tree.fork(this.manifest, state, name));
        this.#branches.set(name, copy);
        break;
      case 4:
        if (state === null) break;
        this.manifest = tree.deleteSnapshot(this.manifest, state);
        this.#snapshots.delete(state);
        break;
      case 5:
        if (this.#branches.size === 1) break;
        this.manifest = tree.removeBranch(this.manifest, branch);
        this.#branches.delete(branch);
        break;
      case 6:
        this.#takeOver();
        break;
      default:
        this.#write(branch);
    }
  }

  #grow({ manifest, made }: tree.Growth): void {
    this.manifest = manifest;
    this.#stamps.set(made, new Set());
  }

  #write(branch: string): void {
    const stamp = this.#stampCount++;
    this.#branches.get(branch)!.add(stamp);
    this.#stamps.get(tree.branchOf(this.manifest, branch).layer)!.add(stamp);
  }

  #takeOver(): void {
    for (const { id } of tree.leavingLayers(this.manifest).slice(0, 1)) {
      const child = this.prng.pick(tree.childrenOf(this.manifest, id));
      for (const stamp of this.#stamps.get(id)!) this.#stamps.get(child.id)!.add(stamp);
      this.manifest = tree.liftOver(this.manifest, child.id);
    }
  }

  #shown(layer: number): number[] {
    const path = tree.pathTo(this.manifest, layer);
    return [...new Set(path.flatMap((id) => [...this.#stamps.get(id)!]))].sort((a, b) => a - b);
  }

  check(): void {
    const { manifest } = this;
    expect(parseManifest(formatManifest(manifest))).toEqual(manifest);
    const names = manifest.layers.flatMap(({ name }) => name === null ? [] : [name]);
    expect(names.sort()).toEqual([...this.#snapshots.keys()].sort());
    expect(manifest.branches.map(({ name }) => name)).toEqual([...this.#branches.keys()]);
    for (const [name, stamps] of this.#branches) {
      expect(this.#shown(tree.branchOf(manifest, name).layer)).toEqual([...stamps].sort(byNumber));
    }
    for (const [name, stamps] of this.#snapshots) {
      expect(this.#shown(tree.snapshotOf(manifest, name).id)).toEqual([...stamps].sort(byNumber));
    }
  }
}

function byNumber(a: number, b: number): number {
  return a - b;
}

test("whatever is done to a tree, snapshots and branches show what copies of them would", () => {
  for (let seed = 0; seed < 150; seed++) {
    const stamped = new StampedTree(Prng.fromSeed(`tree/${seed}`));
    for (let step = 0; step < 60; step++) {
      stamped.step(step);
      try {
        stamped.check();
      } catch (cause) {
        throw new Error(`seed ${seed}, step ${step}`, { cause });
      }
    }
  }
});

test("a change leaves the manifest that it came from as it was", () => {
  const before = randomManifest(Prng.fromSeed("before"), 20);
  const text = JSON.stringify(before);
  tree.takeSnapshot(before, "main", "new");
  tree.rollBack(before, "main", null);
  tree.fork(before, null, "new");
  expect(JSON.stringify(before)).toBe(text);
});

const SMALL: Manifest = tree.takeSnapshot(EMPTY, "main", "one").manifest;

test.each<[string, () => unknown, string, RegExp]>([
  ["a name that is taken", () => tree.takeSnapshot(SMALL, "main", "one"), "EEXIST", /"one"/],
  ["no name", () => tree.takeSnapshot(SMALL, "main", ""), "EINVAL", /snapshot "": want 1 to 255/],
  ["a line break", () => tree.fork(SMALL, null, "a\nb"), "EINVAL", /branch "a\\nb": want/],
  ["an unknown snapshot", () => tree.rollBack(SMALL, "main", "x"), "ENOENT", /there are "one"/],
  ["one where none are", () => tree.deleteSnapshot(EMPTY, "x"), "ENOENT", /there are none/],
  ["an unknown branch", () => tree.takeSnapshot(SMALL, "x", "y"), "ENOENT", /there are "main"/],
  ["an unknown branch's end", () => tree.rollBack(SMALL, "x", "one"), "ENOENT", /branch "x"/],
  ["a branch that is there", () => tree.fork(SMALL, "one", "main"), "EEXIST", /branch "main"/],
  ["the last branch", () => tree.removeBranch(SMALL, "main"), "EBUSY", /the disk's last/],
  ["another branch's end", () => tree.removeBranch(SMALL, "x"), "ENOENT", /branch "x"/],
  ["a layer of another disk", () => tree.layerOf(SMALL, 99), "ENOENT", /layer 99/],
])("%s is refused", (_, change, code, why) => {
  expect(change).toThrow(why);
  expect(change).toThrow(expect.objectContaining({ code }));
});

test("a layer too many on each other is refused; one beside them is not", () => {
  let manifest = EMPTY;
  for (let depth = 1; depth < DEPTH_MAX; depth++) {
    manifest = tree.takeSnapshot(manifest, "main", `name ${depth}`).manifest;
  }
  expect(() => tree.takeSnapshot(manifest, "main", "more")).toThrow(/256 others/);
  expect(tree.fork(manifest, null, "beside").made).toBe(DEPTH_MAX + 1);
});

test("numbers of layers are not used up by accident", () => {
  const last = { ...EMPTY, nextId: Number.MAX_SAFE_INTEGER };
  expect(() => tree.takeSnapshot(last, "main", "more")).toThrow(/used up/);
});

test("a snapshot that nothing lies on is gone when it is deleted", () => {
  const alone = tree.rollBack(SMALL, "main", null).manifest;
  expect(tree.deleteSnapshot(alone, "one").layers.map(({ id }) => id)).toEqual([3]);
});

test("what was only waiting for a layer goes with it", () => {
  const two = tree.takeSnapshot(SMALL, "main", "two").manifest;
  const leaving = tree.deleteSnapshot(tree.deleteSnapshot(two, "one"), "two");
  expect(tree.leavingLayers(leaving).map(({ id }) => id)).toEqual([2, 1]);
  expect(tree.rollBack(leaving, "main", null).manifest.layers.map(({ id }) => id)).toEqual([4]);
});

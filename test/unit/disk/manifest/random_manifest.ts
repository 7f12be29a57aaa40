/** Random trees, each a manifest that came about by changes as a disk makes them. */
import * as tree from "../../../../src/disk/manifest/layer_tree.ts";
import { type Manifest, newManifest } from "../../../../src/disk/manifest/manifest.ts";
import type { Prng } from "../../../../src/testing/mod.ts";

export const EMPTY: Manifest = newManifest(
  { sectorCount: 64, fingerprint: "0".repeat(32), isWhole: false, tag: null },
  8,
  "main",
);

/** A change by chance, which the manifest allows. */
export function randomChange(prng: Prng, from: Manifest, number: number): Manifest {
  const names = from.layers.flatMap(({ name }) => name === null ? [] : [name]);
  const branch = prng.pick(from.branches).name;
  const state = prng.pick([null, ...names]);
  switch (prng.int(6)) {
    case 0:
    case 1:
      return tree.takeSnapshot(from, branch, `snapshot ${number}`).manifest;
    case 2:
      return tree.rollBack(from, branch, state).manifest;
    case 3:
      return tree.fork(from, state, `branch ${number}`).manifest;
    case 4:
      return state === null ? from : tree.deleteSnapshot(from, state);
    default: {
      if (from.branches.length > 1) return tree.removeBranch(from, branch);
      const [leaving] = tree.leavingLayers(from);
      const [child] = leaving === undefined ? [] : tree.childrenOf(from, leaving.id);
      return child === undefined ? from : tree.liftOver(from, child.id);
    }
  }
}

/** A tree after some changes. */
export function randomManifest(prng: Prng, changeCount: number): Manifest {
  let manifest = EMPTY;
  for (let at = 0; at < changeCount; at++) manifest = randomChange(prng, manifest, at);
  return manifest;
}

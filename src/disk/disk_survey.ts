/**
 * Looking at a disk: how full it is, where it may hold anything, what differs.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Plan } from "../block/plan.ts";
import type { DiskUsage } from "./disk_options.ts";
import type { DiskTree } from "./disk_tree.ts";
import { planDiff } from "./layers/diff.ts";
import { type Extent, HeldChunks } from "./layers/held_chunks.ts";
import { branchOf, pathTo } from "./manifest/layer_tree.ts";

/**
 * The chunks that any of some layers holds.
 *
 * @param tree The tree; the layers are open.
 * @param ids The layers.
 */
export function heldBy({ stack }: DiskTree, ids: readonly number[]): HeldChunks {
  return HeldChunks.of(ids.map((id) => stack.tableOf(id)));
}

function heldByBranch(tree: DiskTree, branch: string): HeldChunks {
  return heldBy(tree, pathTo(tree.manifest, branchOf(tree.manifest, branch).layer));
}

/**
 * How full a branch is.
 *
 * @param tree The tree.
 * @param branch The branch; it is open.
 */
export function usageOf(tree: DiskTree, branch: string): DiskUsage {
  const { manifest, stack } = tree;
  const { sectorCount, chunkSectors } = manifest;
  const occupiedSectors = stack.layers.reduce(
    (sum, { id }) => sum + stack.tableOf(id).usage.allocatedSectors,
    0,
  );
  const changedChunks = heldByBranch(tree, branch).count;
  return { changedChunks, chunkSectors, occupiedSectors, sectorCount };
}

/**
 * Where a branch that lies on zeroes may hold something else, as of now.
 *
 * @param tree The tree.
 * @param branch The branch; it is open.
 */
export function extentsOf(tree: DiskTree, branch: string): Extent[] {
  const { chunkSectors, sectorCount } = tree.manifest;
  return heldByBranch(tree, branch).extents(chunkSectors, sectorCount);
}

/**
 * Finds what differs between two layers.
 *
 * @param tree The tree; both layers are open.
 * @param from A layer; `null` for the origin.
 * @param to A layer; `null` for the origin.
 */
export function planLayerDiff(
  tree: DiskTree,
  from: number | null,
  to: number | null,
): Plan<Extent[]> {
  const { manifest, stack } = tree;
  const [path, otherPath] = [new Set(pathTo(manifest, from)), new Set(pathTo(manifest, to))];
  // What both lie on is the same for both.
  const own = [...path, ...otherPath].filter((layer) => !path.has(layer) || !otherPath.has(layer));
  return planDiff(stack.viewOf(from), stack.viewOf(to), heldBy(tree, own), manifest.chunkSectors);
}

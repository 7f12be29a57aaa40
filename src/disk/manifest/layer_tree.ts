/**
 * The tree of layers: every change of a manifest, as a function from one manifest to the next.
 *
 * Nothing here does I/O or knows a device. A change that needs a new layer tells its id: that layer
 * must exist before the new manifest is written. Layers that the old manifest has and the new one has
 * not are to be removed after it was written.
 *
 * | change | makes | lets go |
 * |---|---|---|
 * | snapshot | a new end on the old one, which gets the name | – |
 * | hold for readers | a new end on the old one | – |
 * | roll back | a new end on the snapshot | the old end |
 * | fork | a new end, and branch, on the snapshot | – |
 * | delete a snapshot | – | its layer, at once or when what lies on it has taken over its data |
 * | remove a branch | – | its end |
 *
 * Whatever lets a layer go lets go of those below it that were only waiting for it: a layer that is
 * leaving and that nothing lies on is never in a manifest.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError, type ErrorCode } from "../../block/errors.ts";
import { type Branch, DEPTH_MAX, isName, type Layer, type Manifest } from "./manifest.ts";

/** A manifest to be, and the layer that must exist before it is written. */
export interface Growth {
  /** The new manifest. */
  readonly manifest: Manifest;
  /** The id of the new layer. */
  readonly made: number;
}

function refuse(code: ErrorCode, message: string): BlockDeviceError {
  return new BlockDeviceError(code, message);
}

function requireName(what: string, name: string): void {
  if (isName(name)) return;
  throw refuse(
    "EINVAL",
    `Cannot name a ${what} ${
      JSON.stringify(name)
    }: want 1 to 255 characters, none of them a control character`,
  );
}

/**
 * A layer by its id.
 *
 * @param manifest The manifest.
 * @param id The id; it is one of the manifest's.
 */
export function layerOf(manifest: Manifest, id: number): Layer {
  const layer = manifest.layers.find((each) => each.id === id);
  if (layer !== undefined) return layer;
  throw refuse("ENOENT", `Cannot find layer ${id} of the disk`);
}

/**
 * A snapshot by its name.
 *
 * @param manifest The manifest.
 * @param name The name.
 * @throws {BlockDeviceError} `ENOENT` when there is none.
 */
export function snapshotOf(manifest: Manifest, name: string): Layer {
  const layer = manifest.layers.find((each) => each.name === name);
  if (layer !== undefined) return layer;
  const names = manifest.layers.flatMap((each) => each.name === null ? [] : [`"${each.name}"`]);
  const known = names.length === 0 ? "there are none" : `there are ${names.join(", ")}`;
  throw refuse("ENOENT", `Cannot find a snapshot "${name}": ${known}`);
}

/**
 * A branch by its name.
 *
 * @param manifest The manifest.
 * @param name The name.
 * @throws {BlockDeviceError} `ENOENT` when there is none.
 */
export function branchOf(manifest: Manifest, name: string): Branch {
  const branch = manifest.branches.find((each) => each.name === name);
  if (branch !== undefined) return branch;
  const names = manifest.branches.map((each) => `"${each.name}"`).join(", ");
  throw refuse("ENOENT", `Cannot find a branch "${name}": there are ${names || "none"}`);
}

/**
 * What a layer lies on.
 *
 * @param manifest The manifest.
 * @param id The layer's id, or `null` for the origin.
 * @returns Ids from the one on the origin to the layer itself.
 */
export function pathTo(manifest: Manifest, id: number | null): number[] {
  const path: number[] = [];
  for (let at = id; at !== null; at = layerOf(manifest, at).parent) path.unshift(at);
  return path;
}

/**
 * What lies directly on a layer.
 *
 * @param manifest The manifest.
 * @param id The layer's id.
 */
export function childrenOf(manifest: Manifest, id: number): readonly Layer[] {
  return manifest.layers.filter(({ parent }) => parent === id);
}

/**
 * Layers whose name was deleted, the newest first.
 *
 * @param manifest The manifest.
 */
export function leavingLayers(manifest: Manifest): Layer[] {
  const ends = new Set(manifest.branches.map(({ layer }) => layer));
  return manifest.layers.filter(({ id, name }) => name === null && !ends.has(id)).reverse();
}

function withLayer(manifest: Manifest, parent: number | null): Growth {
  const made = manifest.nextId;
  const depth = pathTo(manifest, parent).length;
  if (depth >= DEPTH_MAX) {
    throw refuse(
      "ENOSPC",
      `Cannot put a layer on ${depth} others: want at most ${DEPTH_MAX} in all; delete snapshots`,
    );
  }
  if (made >= Number.MAX_SAFE_INTEGER) {
    throw refuse("ENOSPC", "Cannot make another layer: their numbers are used up");
  }
  const layers = [...manifest.layers, { id: made, parent, name: null }];
  return { made, manifest: { ...manifest, nextId: made + 1, layers } };
}

function withEnd(manifest: Manifest, branch: string, layer: number): Manifest {
  const branches = manifest.branches.map((each) =>
    each.name === branch ? { ...each, layer } : each
  );
  return { ...manifest, branches };
}

/**
 * Takes a snapshot of a branch.
 *
 * @param manifest The manifest.
 * @param branch The branch.
 * @param name The snapshot's name.
 * @throws {BlockDeviceError} `EEXIST` when the name is taken.
 */
export function takeSnapshot(manifest: Manifest, branch: string, name: string): Growth {
  requireName("snapshot", name);
  if (manifest.layers.some((each) => each.name === name)) {
    throw refuse("EEXIST", `Cannot take a snapshot "${name}": there is one of that name`);
  }
  const end = branchOf(manifest, branch).layer;
  const layers = manifest.layers.map((each) => each.id === end ? { ...each, name } : each);
  return putLayerOn({ ...manifest, layers }, branch);
}

/**
 * Puts a new end on a branch's. The old one is leaving from then on, unless it has a name.
 *
 * @param manifest The manifest.
 * @param branch The branch.
 * @throws {BlockDeviceError} `ENOSPC` when too many layers lie on each other.
 */
export function putLayerOn(manifest: Manifest, branch: string): Growth {
  const growth = withLayer(manifest, branchOf(manifest, branch).layer);
  return { ...growth, manifest: withEnd(growth.manifest, branch, growth.made) };
}

/**
 * Takes a branch back to a snapshot. What was written since stays in other snapshots, if anywhere.
 *
 * @param manifest The manifest.
 * @param branch The branch.
 * @param name The snapshot; `null` for the origin.
 * @throws {BlockDeviceError} `ENOENT` when there is no such snapshot.
 */
export function rollBack(manifest: Manifest, branch: string, name: string | null): Growth {
  branchOf(manifest, branch);
  const parent = name === null ? null : snapshotOf(manifest, name).id;
  const growth = withLayer(manifest, parent);
  const moved = withEnd(growth.manifest, branch, growth.made);
  return { made: growth.made, manifest: withoutIdle(moved) };
}

/**
 * Begins a branch on a snapshot.
 *
 * @param manifest The manifest.
 * @param name The snapshot; `null` for the origin.
 * @param branch The branch's name.
 * @throws {BlockDeviceError} `ENOENT` when there is no such snapshot, `EEXIST` when the branch's name
 * is taken.
 */
export function fork(manifest: Manifest, name: string | null, branch: string): Growth {
  requireName("branch", branch);
  if (manifest.branches.some((each) => each.name === branch)) {
    throw refuse("EEXIST", `Cannot begin a branch "${branch}": there is one of that name`);
  }
  const parent = name === null ? null : snapshotOf(manifest, name).id;
  const { made, manifest: grown } = withLayer(manifest, parent);
  const branches = [...grown.branches, { name: branch, layer: made }];
  return { made, manifest: { ...grown, branches } };
}

/**
 * Ends a branch.
 *
 * @param manifest The manifest.
 * @param branch The branch.
 * @throws {BlockDeviceError} `ENOENT` when there is none, `EBUSY` when it is the last.
 */
export function removeBranch(manifest: Manifest, branch: string): Manifest {
  branchOf(manifest, branch);
  if (manifest.branches.length === 1) {
    throw refuse("EBUSY", `Cannot remove the branch "${branch}": it is the disk's last`);
  }
  const branches = manifest.branches.filter(({ name }) => name !== branch);
  return withoutIdle({ ...manifest, branches });
}

/**
 * Takes a snapshot's name away. Its layer is leaving from then on.
 *
 * @param manifest The manifest.
 * @param name The snapshot.
 * @throws {BlockDeviceError} `ENOENT` when there is none.
 */
export function deleteSnapshot(manifest: Manifest, name: string): Manifest {
  const { id } = snapshotOf(manifest, name);
  const layers = manifest.layers.map((each) => each.id === id ? { ...each, name: null } : each);
  return withoutIdle({ ...manifest, layers });
}

/**
 * Puts a layer on what its parent lies on, once it holds all that it needs of the parent.
 *
 * @param manifest The manifest.
 * @param id The layer's id; it has a parent.
 */
export function liftOver(manifest: Manifest, id: number): Manifest {
  const { parent } = layerOf(manifest, id);
  const grandparent = parent === null ? null : layerOf(manifest, parent).parent;
  const layers = manifest.layers.map((each) =>
    each.id === id ? { ...each, parent: grandparent } : each
  );
  return withoutIdle({ ...manifest, layers });
}

/** Takes out layers that are leaving and that nothing lies on. */
function withoutIdle(manifest: Manifest): Manifest {
  const needed = new Set<number | null>(manifest.branches.map(({ layer }) => layer));
  // Children come after their parents: from the last to the first every child has been seen.
  const layers = manifest.layers.toReversed().filter(({ id, parent, name }) => {
    if (name === null && !needed.has(id)) return false;
    needed.add(parent);
    return true;
  }).reverse();
  return { ...manifest, layers };
}

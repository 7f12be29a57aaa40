/**
 * The manifest: what a disk is made of, as a value.
 *
 *     origin ── layer 1 "installed" ── layer 2 "monday" ── layer 4   branch main
 *                        └──────────── layer 3                       branch experiment
 *
 * A *layer* is a COW image that lies on its parent, or on the origin. A layer with a name is a
 * *snapshot*: it is never written again. A *branch* is a writable end of the tree: a layer without a
 * name that nothing lies on.
 *
 * A layer that is neither is *leaving*: its name was deleted, and what lies on it has still to take
 * over its data.
 *
 * **Invariants**, checked whenever a manifest is read and before one is written: ids are unique and
 * below `nextId`, parents exist and come before their children, no layer lies on more than
 * {@linkcode DEPTH_MAX}, names are unique, there is a branch, every branch has a layer of its own,
 * something lies on every layer that is neither a snapshot nor a branch's end, the disk is as large as its origin, and layers of that size are possible.
 *
 * This module is browser compatible.
 *
 * @module
 */

import * as v from "valibot";
import { BlockDeviceError } from "../../block/errors.ts";
import { SECTORS_MAX } from "../../block/units.ts";
import { layerSizeFault } from "./layer_size.ts";

/**
 * How many layers lie on each other at most. A read goes down through all of them, and each that is
 * open holds an exception index, of which there are 512 in all.
 */
export const DEPTH_MAX = 256;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(SECTORS_MAX));
const id = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const name = v.pipe(v.string(), v.check((text) => isName(text), "is no name"));

const identitySchema = v.object({
  sectorCount: count,
  fingerprint: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, "is no fingerprint")),
  isWhole: v.boolean(),
  tag: v.nullable(v.string()),
});

const layerSchema = v.object({
  id,
  parent: v.nullable(id),
  name: v.nullable(name),
});

const branchSchema = v.object({ name, layer: id });

const manifestSchema = v.object({
  version: v.literal(1),
  sectorCount: count,
  chunkSectors: v.pipe(count, v.minValue(1)),
  origin: identitySchema,
  nextId: id,
  layers: v.array(layerSchema),
  branches: v.array(branchSchema),
});

/** What an origin was when the disk was made, or put on it. */
export interface OriginIdentity {
  /** Its size. */
  readonly sectorCount: number;
  /** XXH3-128 of what was looked at, in hexadecimal. */
  readonly fingerprint: string;
  /** Whether all of the origin was looked at, or samples. */
  readonly isWhole: boolean;
  /** What the origin, or its server, calls this version of it; `null` when it does not. */
  readonly tag: string | null;
}

/** A COW image in the tree. */
export interface Layer {
  /** Its number, which no other layer ever has. */
  readonly id: number;
  /** What it lies on; `null` for the origin. */
  readonly parent: number | null;
  /** The snapshot's name; `null` when it is none. */
  readonly name: string | null;
}

/** A writable end of the tree. */
export interface Branch {
  /** Its name. */
  readonly name: string;
  /** Its layer's id. */
  readonly layer: number;
}

/** What a disk is made of. */
export interface Manifest {
  readonly version: 1;
  /** The disk's size. */
  readonly sectorCount: number;
  /** The unit of copy-on-write, in sectors. */
  readonly chunkSectors: number;
  /** What the tree lies on. */
  readonly origin: OriginIdentity;
  /** The id of the next layer; ids are never used again. */
  readonly nextId: number;
  /** All layers, parents before children. */
  readonly layers: readonly Layer[];
  /** All branches. */
  readonly branches: readonly Branch[];
}

/**
 * Whether a text can be the name of a snapshot, a branch or a disk.
 *
 * @param text The text.
 */
export function isName(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return text.length > 0 && text.length <= 255 && !/[\u0000-\u001f\u007f]/.test(text);
}

function refuse(why: string): BlockDeviceError {
  return new BlockDeviceError("EINVAL", `Cannot use the disk's manifest: ${why}`);
}

/** What contradicts itself among the layers; tells the layers by id, and what is lain on. */
function layersFault(
  { layers, nextId }: Manifest,
  seen: Map<number, Layer>,
  leant: Set<number>,
): string | null {
  const names = new Set<string>();
  const depths = new Map<number | null, number>([[null, 0]]);
  for (const { id, parent, name } of layers) {
    const depth = (depths.get(parent) ?? NaN) + 1;
    if (seen.has(id)) return `layer ${id} stands twice`;
    if (id >= nextId) return `layer ${id} is not below ${nextId}, the next one`;
    if (Number.isNaN(depth)) return `layer ${id} lies on ${parent}, which is not before it`;
    if (depth > DEPTH_MAX) return `layer ${id} is the ${depth}th on each other, want ${DEPTH_MAX}`;
    if (name !== null && names.has(name)) return `the snapshot "${name}" stands twice`;
    if (name !== null) names.add(name);
    if (parent !== null) leant.add(parent);
    depths.set(id, depth);
    seen.set(id, { id, parent, name });
  }
  return null;
}

/** What contradicts itself in a manifest whose fields are right. */
function contradiction(manifest: Manifest): string | null {
  const { sectorCount, chunkSectors, origin, branches } = manifest;
  if (sectorCount !== origin.sectorCount) {
    return `the disk has ${sectorCount} sectors and its origin ${origin.sectorCount}`;
  }
  const sizeFault = layerSizeFault(sectorCount, chunkSectors);
  if (sizeFault !== null) return sizeFault;
  const seen = new Map<number, Layer>();
  const leant = new Set<number>();
  const fault = layersFault(manifest, seen, leant);
  if (fault !== null) return fault;
  if (branches.length === 0) return "it has no branch";
  const branchNames = new Set<string>();
  const ends = new Set<number>();
  for (const branch of branches) {
    const layer = seen.get(branch.layer);
    const what = `the branch "${branch.name}"`;
    if (branchNames.has(branch.name)) return `${what} stands twice`;
    if (layer === undefined || layer.name !== null || leant.has(layer.id) || ends.has(layer.id)) {
      return `${what} has no layer of its own`;
    }
    branchNames.add(branch.name);
    ends.add(layer.id);
  }
  for (const { id, name } of seen.values()) {
    if (name === null && !ends.has(id) && !leant.has(id)) return `layer ${id} is nobody's`;
  }
  return null;
}

/**
 * Reads a manifest.
 *
 * @param text What was stored.
 * @returns The manifest.
 * @throws {BlockDeviceError} `EINVAL` when it is none, or contradicts itself.
 */
export function parseManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse("it is no JSON");
  }
  const parsed = v.safeParse(manifestSchema, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw refuse(`${v.getDotPath(issue) ?? "it"}: ${issue.message}`);
  }
  const why = contradiction(parsed.output);
  if (why !== null) throw refuse(why);
  return parsed.output;
}

/**
 * Writes a manifest.
 *
 * @param manifest The manifest.
 * @returns What is to be stored. {@linkcode parseManifest} can read it.
 * @throws {BlockDeviceError} `EINVAL` when it could not be read again.
 */
export function formatManifest(manifest: Manifest): string {
  const text = JSON.stringify(manifest);
  parseManifest(text);
  return text;
}

/**
 * The manifest of a new disk: one branch, with an empty layer.
 *
 * @param origin What it lies on.
 * @param chunkSectors The unit of copy-on-write.
 * @param branch The branch's name.
 */
export function newManifest(
  origin: OriginIdentity,
  chunkSectors: number,
  branch: string,
): Manifest {
  return {
    version: 1,
    sectorCount: origin.sectorCount,
    chunkSectors,
    origin,
    nextId: 2,
    layers: [{ id: 1, parent: null, name: null }],
    branches: [{ name: branch, layer: 1 }],
  };
}

/**
 * How a disk begins: the manifest that its storage holds, checked against its origin, or a new one.
 *
 * | the storage holds | then |
 * |---|---|
 * | nothing | what was asked for is checked, then the first manifest is written |
 * | a manifest | the origin must be what it was made on, unless another version is accepted |
 * | anything else | refused |
 *
 * Who only looks at a disk writes nothing in any case: neither a manifest, nor are layers removed that
 * no manifest names. Layers are not removed either while somebody else looks.
 *
 * **Failure**: a refusal comes before anything is written.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { BlockDeviceError } from "../block/errors.ts";
import { type Plan, runAsync } from "../block/plan.ts";
import { SECTORS_MAX } from "../block/units.ts";
import { chunkSizeFault, type TableEvent } from "../exception/mod.ts";
import type { DiskEvent, DiskOptions } from "./disk_options.ts";
import { DiskTree } from "./disk_tree.ts";
import { LayerStack } from "./layers/layer_stack.ts";
import { rollBack } from "./manifest/layer_tree.ts";
import { layerSizeFault } from "./manifest/layer_size.ts";
import {
  formatManifest,
  isName,
  type Manifest,
  newManifest,
  type OriginIdentity,
  parseManifest,
} from "./manifest/manifest.ts";
import { ManifestLog } from "./manifest/manifest_log.ts";
import { planCompareIdentity, planIdentity } from "./origin_identity.ts";
import { QuotaWatch } from "./quota_watch.ts";
import type { LayerShelf } from "./storage/layer_shelf.ts";
import { createZeroOrigin } from "./zero_origin.ts";

/** A disk's manifest, and how it was come by. */
export interface Opening {
  /** The manifest, which is durable. */
  readonly manifest: Manifest;
  /** What the origin was before, if it is another version now. */
  readonly formerOrigin: OriginIdentity | null;
}

function refuse(name: string, verb: string, why: string): BlockDeviceError {
  return new BlockDeviceError("EINVAL", `Cannot ${verb} the disk ${JSON.stringify(name)}: ${why}`);
}

/**
 * The origin that was asked for.
 *
 * @param name The disk's name.
 * @param origin A device, or the size of one that is all zeroes.
 * @throws {BlockDeviceError} `EINVAL` when the disk's name is none, or the size.
 */
export function originOf(name: string, origin: BlockDevice | number): BlockDevice {
  if (!isName(name)) {
    throw refuse(name, "open", "want a name of 1 to 255 characters, none a control character");
  }
  if (typeof origin !== "number") return origin;
  if (Number.isSafeInteger(origin) && origin > 0 && origin <= SECTORS_MAX) {
    return createZeroOrigin(origin);
  }
  throw refuse(name, "open", `an origin of ${origin} sectors, want 1 to ${SECTORS_MAX}`);
}

/**
 * Refuses an origin that is larger or smaller than a disk.
 *
 * @param name The disk's name.
 * @param origin The origin.
 * @param sectorCount The disk's size.
 * @throws {BlockDeviceError} `EINVAL`.
 */
export function requireSize(name: string, origin: BlockDevice, sectorCount: number): void {
  if (origin.sectorCount === sectorCount) return;
  const why = `"${origin.name}" has ${origin.sectorCount} sectors, want ${sectorCount}`;
  throw refuse(name, "change the origin of", why);
}

/**
 * Makes a manifest, and writes it.
 *
 * @param name The disk's name.
 * @param origin Its origin.
 * @param log Where the manifest is written.
 * @param options What was asked for.
 */
export function* planFirstManifest(
  name: string,
  origin: BlockDevice,
  log: ManifestLog,
  options: DiskOptions,
): Plan<Opening> {
  const { branch = "main", chunkSectors = Math.max(8, origin.limits.logicalSectors) } = options;
  const why = isName(branch)
    ? layerSizeFault(origin.sectorCount, chunkSectors) ??
      chunkSizeFault(chunkSectors, [origin])?.clause
    : `the branch's name is ${JSON.stringify(branch)}, want 1 to 255 characters, none a control`;
  if (why !== undefined) throw refuse(name, "make", why);
  // Zeroes are zeroes: there is no use in reading all of them.
  const isWhole = options.identifyBy === "everything" && typeof options.origin !== "number";
  const identity = yield* planIdentity(origin, isWhole);
  const manifest = newManifest(identity, chunkSectors, branch);
  yield* log.write(formatManifest(manifest));
  return { manifest, formerOrigin: null };
}

/**
 * Reads a manifest that was found, and compares the origin with it.
 *
 * @param name The disk's name.
 * @param origin Its origin.
 * @param log Where the manifest was found.
 * @param text What was found.
 * @param options What was asked for.
 * @throws {BlockDeviceError} `EINVAL` when the text is no manifest, or the origin another one.
 */
export function* planFoundManifest(
  name: string,
  origin: BlockDevice,
  log: ManifestLog,
  text: string,
  options: DiskOptions,
): Plan<Opening> {
  const manifest = parseManifest(text);
  const { found, fault } = yield* planCompareIdentity(origin, manifest.origin);
  if (fault === null) return { manifest, formerOrigin: null };
  const isAccepted = options.changedOrigin === "accept" &&
    found.sectorCount === manifest.sectorCount;
  if (!isAccepted) throw refuse(name, "open", `its origin "${origin.name}" ${fault}`);
  const accepted = { ...manifest, origin: found };
  if (options.readOnly !== true) yield* log.write(formatManifest(accepted));
  return { manifest: accepted, formerOrigin: manifest.origin };
}

/**
 * Loads the tree that a storage holds, or makes one. No layer is open then.
 *
 * @param name The disk's name.
 * @param origin Its origin.
 * @param shelf The storage's devices.
 * @param options What was asked for.
 * @throws {BlockDeviceError} When the disk is refused; the shelf is to be closed then.
 */
export async function loadTree(
  name: string,
  origin: BlockDevice,
  shelf: LayerShelf,
  options: DiskOptions,
): Promise<DiskTree> {
  const { onEvent = () => {}, durability = "flush", readOnly = false } = options;
  const log = new ManifestLog(await shelf.openManifest());
  const text = await runAsync(log.read());
  if (text === null && readOnly) throw isNotThere(name);
  if (text === null) await shelf.removeUnnamed(null);
  const { manifest: found, formerOrigin } = await runAsync(
    text === null
      ? planFirstManifest(name, origin, log, options)
      : planFoundManifest(name, origin, log, text, options),
  );
  const manifest = shownBy(found, options);
  if (!readOnly && shelf.seat?.hasReaders !== true) await shelf.removeUnnamed(manifest);
  if (formerOrigin !== null) {
    onEvent({ kind: "origin changed", before: formerOrigin, after: manifest.origin });
  }
  const { sectorCount, chunkSectors } = manifest;
  const stack = new LayerStack(origin, {
    sectorCount,
    chunkSectors,
    durability,
    onEvent: (layer, event) => tellOfLayer(onEvent, layer, event),
  });
  return new DiskTree(manifest, log, stack, new QuotaWatch(onEvent, () => shelf.estimate()));
}

/** The manifest in which the branch shows what was asked for. */
function shownBy(manifest: Manifest, { branch = "main", snapshot }: DiskOptions): Manifest {
  return snapshot === undefined ? manifest : rollBack(manifest, branch, snapshot).manifest;
}

function isNotThere(name: string): BlockDeviceError {
  const message = `Cannot look at the disk ${JSON.stringify(name)}: nobody has made it yet`;
  return new BlockDeviceError("ENOENT", message);
}

function tellOfLayer(
  onEvent: (event: DiskEvent) => void,
  layer: number,
  event: TableEvent,
): void {
  if (event.kind === "merged" || event.kind === "merge failed") return;
  onEvent({ ...event, layer });
}

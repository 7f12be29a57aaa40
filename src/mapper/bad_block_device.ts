/**
 * A disk whose bad blocks live elsewhere on it, as a device at once: the bad-block target for whoever
 * embeds the block stack and needs no table lines.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type Plan, runAsync, runSync } from "../block/plan.ts";
import { type BadBlockOptions, planBadBlock } from "../targets/bad_block/bad_block.ts";
import type { Target } from "../targets/target.ts";
import type { MappedDevice } from "./mapped_device.ts";
import { planDevice } from "./stack.ts";
import { readOnly } from "./table/read_only.ts";

/** What {@linkcode openBadBlock} is told. */
export interface BadBlockDeviceOptions extends BadBlockOptions {
  /** A name for people. */
  readonly name?: string;
}

function* planTarget(options: BadBlockDeviceOptions): Plan<Target> {
  const target = yield* planBadBlock(options);
  return options.isReadOnly === true ? readOnly(target) : target;
}

function planBadBlockDevice(options: BadBlockDeviceOptions): Plan<MappedDevice> {
  return planDevice(options.name ?? `${options.device.name}-bbr`, planTarget(options));
}

/**
 * Opens a disk that has bad blocks, or will have: a write that fails goes to a spare, and so do all
 * requests for its block from then on, also when it is opened again. A table of zeroes is a new one.
 *
 * A read that fails is an error, never a relocation: what was there is not known. The next write of
 * the whole block relocates it. `device.activeTargets` tell how many spares are used, and take the
 * messages `query`, `list`, `mark` and `unmark`.
 *
 * @param options Where the blocks, the two copies of the table and the spares lie on the device.
 * Read-only, the device refuses writes with `EROFS`, and its table is left as it is.
 * @returns The device, as large as the blocks in use.
 * @throws {BlockDeviceError} `EINVAL` when it cannot be laid out like that, or holds no table that
 * makes sense; nothing was changed.
 *
 * @example A write that fails, and is kept all the same
 * ```ts
 * import { BlockDeviceError, checked, createMemoryDevice, openBadBlock } from "cowdisk";
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * const memory = createMemoryDevice({ sectorCount: 128 });
 * const worn = checked({
 *   name: "worn",
 *   sectorCount: 128,
 *   supports: { write: true, discard: false, discardZeroes: false, permanence: true },
 *   readSync: (target, sector) => memory.readSync(target, sector),
 *   writeSync(source, sector) {
 *     const isBad = sector <= 7 && 7 < sector + source.length / 512;
 *     if (isBad) throw new BlockDeviceError("EIO", "Cannot write sector 7");
 *     memory.writeSync(source, sector);
 *   },
 *   flushSync() {},
 *   closeSync() {},
 * });
 * const relocated: number[] = [];
 * await using disk = await openBadBlock({
 *   device: worn,
 *   startSector: 0,
 *   sectorCount: 64,
 *   copySectors: [64, 65],
 *   tableSectors: 1,
 *   spareSector: 66,
 *   spareCount: 31,
 *   onEvent: (event) => event.kind === "relocated" && relocated.push(event.sector),
 * });
 *
 * await disk.write(new Uint8Array(4096).fill(3), 0);
 * const sector = new Uint8Array(512);
 * await disk.read(sector, 7);
 * equal(sector[0], 3);
 * deepEqual(relocated, [7]);
 * equal(disk.activeTargets?.[0]?.status(), "1/31 0 0 AA");
 * ```
 */
export function openBadBlock(options: BadBlockDeviceOptions): Promise<MappedDevice> {
  return runAsync(planBadBlockDevice(options));
}

/**
 * As {@linkcode openBadBlock}, at once. The device must have the synchronous face.
 *
 * @param options Where everything lies.
 * @returns The device.
 */
export function openBadBlockSync(options: BadBlockDeviceOptions): MappedDevice {
  return runSync(planBadBlockDevice(options));
}

/**
 * `dust`: a disk with bad blocks, put there and taken away by messages.
 *
 *     0 4096 dust /dev/vdb 0 512
 *     dmsetup message dust1 0 addbadblock 60
 *     dmsetup message dust1 0 enable
 *
 * While it is enabled, a read of a bad block fails, and a write mends it, as a disk remaps a sector
 * when it is written. A block that was added with a write fail count fails that many writes first.
 * Disabled, as it begins, the list is kept and nothing fails.
 *
 * Blocks are counted from the target's first sector, not from the device's as dm did for long, and
 * those behind the target's end are refused, where dm takes one too many. A request that covers
 * several blocks goes below up to the first one that fails. A discard mends every block that it
 * touches; dm's mends only the first.
 *
 * The messages are in `dust_messages.ts`.
 *
 * This module is browser compatible.
 *
 * @see drivers/md/dm-dust.c
 * @module
 */

import type { BlockDevice, DeviceLimits, DeviceSupports } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { flushStep, type Plan } from "../../block/plan.ts";
import { bytesToSectors, chunkOf, divCeil, isPowerOfTwo, SECTOR_BYTES } from "../../block/units.ts";
import type { Mapping, Target } from "../target.ts";
import { TargetError } from "../target_error.ts";
import { DustMessages } from "./dust_messages.ts";

/** The most sectors in a block. */
const BLOCK_SECTORS_MAX = 2 ** 21;

/** What a dust target is made of. */
export interface DustOptions {
  /** The device below. */
  readonly device: BlockDevice;
  /** Where on it the target begins, in sectors. */
  readonly startSector: number;
  /** How many sectors the target is for. */
  readonly sectorCount: number;
  /** Bytes in a block: a power of two, from 512 on. */
  readonly blockBytes: number;
  /** The device as table lines name it. Left out: its name. */
  readonly deviceWord?: (device: BlockDevice) => string;
  /** Takes a line of the kernel's log, without the prefix `device-mapper: `. */
  readonly log?: (line: string) => void;
}

class DustTarget implements Target {
  readonly type = "dust";
  readonly sectorCount: number;
  readonly supports: DeviceSupports;
  readonly limits: DeviceLimits;
  readonly devices: readonly BlockDevice[];
  onEvent: () => void = () => {};
  readonly #options: DustOptions;
  readonly #blockSectors: number;
  readonly #messages: DustMessages;

  constructor(options: DustOptions) {
    const { device, sectorCount, blockBytes } = options;
    this.#options = options;
    this.#blockSectors = bytesToSectors(blockBytes);
    this.#messages = new DustMessages({
      deviceName: device.name,
      blockCount: divCeil(sectorCount, this.#blockSectors),
      log: options.log ?? (() => {}),
    });
    this.sectorCount = sectorCount;
    this.supports = device.supports;
    this.limits = device.limits;
    this.devices = [device];
  }

  map(request: Mapping): void {
    const { kind, sector, sectorCount } = request;
    const { device, startSector } = this.#options;
    let count = sectorCount;
    if (this.#messages.isEnabled && this.#messages.badBlocks.count > 0) {
      count = kind === "read" ? this.#readable(request) : this.#writable(request);
    }
    request.remap(device, startSector + sector, count);
  }

  /** How many sectors of a read are in front of the first bad block. */
  #readable({ sector, sectorCount }: Mapping): number {
    const badBlock = this.#messages.badBlocks.nextFrom(chunkOf(sector, this.#blockSectors));
    const goodSectors = badBlock * this.#blockSectors - sector;
    if (goodSectors <= 0) throw this.#failure("read", sector, sectorCount, badBlock);
    return Math.min(sectorCount, goodSectors);
  }

  /** How many sectors of a write are in front of the first block that fails it; mends the others. */
  #writable({ kind, sector, sectorCount }: Mapping): number {
    const first = chunkOf(sector, this.#blockSectors);
    const last = chunkOf(sector + sectorCount - 1, this.#blockSectors);
    const { badBlocks } = this.#messages;
    for (;;) {
      const badBlock = badBlocks.nextFrom(first);
      if (badBlock > last) return sectorCount;
      if (badBlocks.writeFailuresLeft(badBlock) > 0) {
        if (badBlock > first) return badBlock * this.#blockSectors - sector;
        badBlocks.countWriteFailure(badBlock);
        throw this.#failure(kind, sector, sectorCount, badBlock);
      }
      badBlocks.remove(badBlock);
      this.#messages.report(`block ${badBlock} removed from badblocklist by write`);
    }
  }

  #failure(kind: string, sector: number, sectorCount: number, block: number): BlockDeviceError {
    const { name } = this.#options.device;
    return new BlockDeviceError(
      "EIO",
      `Cannot ${kind} ${sectorCount} sectors at sector ${sector}: block ${block} of the dust target ` +
        `over "${name}" is bad`,
      { device: name, sector, sectorCount },
    );
  }

  *planFlush(): Plan {
    yield flushStep(this.#options.device);
  }

  isBusy(): boolean {
    return false;
  }

  get #word(): string {
    const { device, deviceWord } = this.#options;
    return deviceWord?.(device) ?? device.name;
  }

  status(): string {
    const mode = this.#messages.isEnabled ? "fail_read_on_bad_block" : "bypass";
    return `${this.#word} ${mode} ${this.#messages.isQuiet ? "quiet" : "verbose"}`;
  }

  table(): string {
    return `${this.#word} ${this.#options.startSector} ${this.#options.blockBytes}`;
  }

  *destroy(): Plan {}

  message(words: readonly string[]): string {
    return this.#messages.send(words);
  }
}

function requireBlockSize({ blockBytes, sectorCount, device }: DustOptions): void {
  const refuse = (reason: string, want: string) => {
    const message = `Cannot use blocks of ${blockBytes} bytes for a dust target: want ${want}`;
    return new TargetError("EINVAL", reason, message, { device: device.name });
  };
  if (!Number.isInteger(blockBytes) || blockBytes <= 0 || blockBytes > 0xffffffff) {
    throw refuse("Invalid block size parameter", "a number of bytes");
  }
  if (blockBytes < SECTOR_BYTES) throw refuse("Block size must be at least 512", "at least 512");
  if (!isPowerOfTwo(blockBytes)) {
    throw refuse("Block size must be a power of 2", "a power of two");
  }
  const blockSectors = bytesToSectors(blockBytes);
  const sectorsMax = Math.min(sectorCount, BLOCK_SECTORS_MAX);
  if (blockSectors > sectorsMax) {
    throw refuse("Block size is too large", `at most ${sectorsMax} sectors`);
  }
  // dm takes these, and then cuts requests into pieces that the device refuses.
  const { logicalSectors } = device.limits;
  if (blockSectors < logicalSectors) {
    const want = `at least ${logicalSectors} sectors, the device's logical block`;
    throw refuse("Block size is smaller than device blocksize", want);
  }
}

/**
 * Makes a target with bad blocks; it has none yet.
 *
 * @param options The device, and the size of a block.
 * @returns The target.
 * @throws {TargetError} `EINVAL` when the blocks cannot have that size.
 *
 * @example A block that a write mends
 * ```ts
 * import { createDust, createMemoryDevice } from "cowdisk";
 * import { equal } from "node:assert/strict";
 *
 * const device = createMemoryDevice({ sectorCount: 128 });
 * const dust = createDust({ device, startSector: 0, sectorCount: 128, blockBytes: 512 });
 * dust.message?.(["addbadblock", "60"]);
 * equal(dust.message?.(["countbadblocks"]), "countbadblocks: 1 badblock(s) found");
 * ```
 */
export function createDust(options: DustOptions): Target {
  requireBlockSize(options);
  return new DustTarget(options);
}

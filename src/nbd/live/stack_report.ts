/**
 * A report of a live stack: what `list`, `usage` and `watch` show, as a value that can be sent.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type StoreUsage, usagePercent } from "../../exception/mod.ts";
import type { MappedDevice } from "../../mapper/mapped_device.ts";
import type { LiveStack } from "./live_stack.ts";

/** How full a snapshot is. */
export interface UsageReport {
  /** Sectors in a chunk. */
  readonly chunkSectors: number;
  /** How many chunks are excepted. */
  readonly exceptions: number;
  /** dm's numbers. */
  readonly sectors: StoreUsage;
  /** How full the COW device is, in percent. */
  readonly usedPercent: number;
}

/** An exported device. */
export interface DeviceReport {
  readonly name: string;
  /** `major:minor`. */
  readonly number: string;
  readonly sectorCount: number;
  /** dm's names of its targets, each once. */
  readonly types: readonly string[];
  /** `active`, `suspended`, `merging`, or dm's word for what is wrong: `Invalid`, `Overflow`, `Merge failed`. */
  readonly state: string;
  /** How full it is, if it is a snapshot or a merge. */
  readonly usage: UsageReport | null;
  /** Where its COW image is, if it has one. */
  readonly cowPath: string | null;
  /** What clients have asked of it. */
  readonly traffic: {
    readonly requestCount: number;
    readonly readBytes: number;
    readonly writtenBytes: number;
  };
}

/** A merge that is under way, or has failed. */
export interface MergeReport {
  /** The snapshot's name. */
  readonly name: string;
  readonly state: string;
  readonly chunkCount: number;
  readonly chunksLeft: number;
}

/** A stack at one moment. */
export interface StackReport {
  /** The exports, in their order. */
  readonly devices: readonly DeviceReport[];
  readonly merge: MergeReport | null;
  /** The images that tables can use. */
  readonly images: readonly {
    readonly name: string;
    readonly number: string;
    readonly path: string;
    readonly sectorCount: number;
  }[];
}

function stateOf(device: MappedDevice): string {
  if (device.isSuspended) return "suspended";
  const [target] = device.activeTargets ?? [];
  const status = target?.status() ?? "";
  if (/^(Invalid|Overflow|Merge failed)$/.test(status)) return status;
  return target?.type === "snapshot-merge" ? "merging" : "active";
}

function usageOf(device: MappedDevice): UsageReport | null {
  const table = device.activeTargets?.[0]?.exceptions ?? null;
  if (table === null) return null;
  const { usage, chunkSectors, exceptionCount } = table;
  return {
    chunkSectors,
    exceptions: exceptionCount,
    sectors: usage,
    usedPercent: usagePercent(usage),
  };
}

/**
 * Reports on a stack.
 *
 * @param stack The stack.
 * @returns What it is at this moment.
 */
export function reportStack(stack: LiveStack): StackReport {
  const { mapper, images, merging } = stack;
  const pathOf = (device: MappedDevice) => {
    const cow = device.activeTargets?.[0]?.devices[1];
    return images.find((each) => each.device === cow)?.path ?? null;
  };
  // A device that is being removed is no longer the mapper's, and not yet out of the list.
  const exports = stack.exports.filter(({ device }) => mapper.find(device.name) === device);
  return {
    devices: exports.map(({ device, traffic }) => ({
      name: device.name,
      number: mapper.info(device.name).number,
      sectorCount: device.sectorCount,
      types: [...new Set(device.activeTargets?.map(({ type }) => type))],
      state: stateOf(device),
      usage: usageOf(device),
      cowPath: pathOf(device),
      traffic: { ...traffic },
    })),
    merge: merging === null ? null : {
      name: merging.name,
      state: merging.state,
      chunkCount: merging.chunkCount,
      chunksLeft: merging.chunksLeft,
    },
    images: images.map(({ name, number, path, device }) => {
      return { name, number, path, sectorCount: device.sectorCount };
    }),
  };
}

/**
 * COW images on a bench, and everything that a check finds in them.
 */
import { runSync } from "../../../../src/block/plan.ts";
import {
  type CowCheckReport,
  type CowFinding,
  planCowCheck,
} from "../../../../src/exception/mod.ts";
import { cowImage, type ImageParts } from "../images.ts";
import { Bench, type Disk, type DiskOptions } from "../rig.ts";

/** What a check found. */
export interface Checked {
  readonly bench: Bench;
  readonly cow: Disk;
  readonly report: CowCheckReport;
  readonly findings: readonly CowFinding[];
  /** The findings' kinds. */
  readonly kinds: readonly string[];
}

/** How an image is checked. */
export interface CheckedOptions extends DiskOptions {
  /** Sectors of the origin; left out: it is not known. */
  readonly originSectors?: number;
  /** Sectors that cannot be read. */
  readonly bad?: readonly number[];
  /** Sectors of the device, when it is not as large as the image. */
  readonly sectorCount?: number;
  /** Changes the image first. */
  readonly spoil?: (bytes: Uint8Array, view: DataView) => void;
}

/** A bench on which some sectors of the COW device cannot be read until they are written. */
export function benchWithBad(bad: readonly number[]): Bench {
  const bench = new Bench();
  const left = new Set(bad);
  bench.fault = ({ disk, kind, sector, sectorCount }) => {
    if (disk !== "cow") return false;
    const met = [...left].filter((at) => at >= sector && at < sector + sectorCount);
    if (kind === "write" || kind === "zero") met.forEach((at) => left.delete(at));
    return kind === "read" && met.length > 0;
  };
  return bench;
}

/** Checks an image; a check writes nothing. */
export function checkImage(parts: ImageParts, options: CheckedOptions = {}): Checked {
  const content = cowImage(parts);
  options.spoil?.(content, new DataView(content.buffer));
  return checkContent(content, options);
}

/** Checks bytes. */
export function checkContent(content: Uint8Array, options: CheckedOptions = {}): Checked {
  const bench = benchWithBad(options.bad ?? []);
  const { originSectors, sectorCount = content.length / 512 } = options;
  const cow = bench.disk("cow", sectorCount, {
    ...options,
    content: content.subarray(0, sectorCount * 512),
  });
  const findings: CowFinding[] = [];
  const origin = originSectors === undefined
    ? {}
    : { origin: bench.disk("origin", originSectors).device };
  const report = runSync(
    planCowCheck({
      cow: cow.device,
      ...origin,
      onFinding: (finding) => findings.push(finding),
    }),
  );
  if (!bench.trace.every(({ kind }) => kind === "read")) throw new Error("a check has written");
  return { bench, cow, report, findings, kinds: findings.map(({ kind }) => kind) };
}

/**
 * A workload by seed: writers, readers and flushers side by side over a disk that gets worse.
 */
import type { BlockDevice } from "../../../../src/block/device.ts";
import {
  discardStep,
  flushStep,
  type Plan,
  readStep,
  runSync,
  type Step,
  writeStep,
  zeroStep,
} from "../../../../src/block/plan.ts";
import type { MappedDevice } from "../../../../src/mapper/mapped_device.ts";
import { Prng } from "../../../../src/testing/prng.ts";
import { runSeeded } from "../../../../src/testing/seeded_runner.ts";
import type { SimulatedDisk } from "../../../../src/testing/simulated_disk.ts";
import { type Entry, Ledger } from "./ledger.ts";
import { createDisk, type Places, type PlaceSetUp, placesFor, planOver } from "./rig.ts";

/** What a workload is. */
export interface WorkloadOptions extends PlaceSetUp {
  readonly seed: string;
  readonly writerCount?: number;
  /** Requests of each writer. */
  readonly requestCount?: number;
  readonly hasFlushes?: boolean;
  readonly hasZeroes?: boolean;
  /** Whether sectors in use become unreadable as well. */
  readonly losesData?: boolean;
  /** How likely a leaf step is to find one more sector broken. */
  readonly wear?: number;
  /** The disk as the target is shown it. */
  readonly shown?: (disk: SimulatedDisk) => BlockDevice;
  /** Called before each leaf step. */
  readonly onLeafStep?: (run: Workload, step: Step) => void;
}

/** A workload under way, or at its end. */
export interface Workload {
  readonly places: Places;
  readonly disk: SimulatedDisk;
  readonly device: MappedDevice;
  readonly ledger: Ledger;
  readonly prng: Prng;
  /** Sectors of the disk that may be unreadable. */
  readonly lost: ReadonlySet<number>;
  leafSteps: number;
}

const UNWRITABLE = { reads: false, writes: true };
const BROKEN = { reads: true, writes: true };

/** Runs a workload to its end. */
export function runWorkload(options: WorkloadOptions): Workload {
  const { seed, writerCount = 3, requestCount = 6, wear = 0.1 } = options;
  const places = placesFor({ blockSectors: 4, blockCount: 10, spareCount: 12, ...options });
  const disk = createDisk(places, options);
  const prng = Prng.fromSeed(seed);
  const ledger = new Ledger(places.sectorCount);
  const lost = new Set<number>();
  const device = runSync(planOver(options.shown?.(disk) ?? disk, places, {
    onEvent: (event) => ledger.relocated(event, places, disk.contents()),
  }));
  const workload: Workload = { places, disk, device, ledger, prng, lost, leafSteps: 0 };
  const plans = Array.from(
    { length: writerCount },
    () => writer(workload, options, requestCount),
  );
  plans.push(reader(workload, requestCount));
  if (options.hasFlushes ?? true) plans.push(flusher(workload, requestCount));
  const worstCopy = prng.int(2);
  // What is thrown while a step begins is the step's failure: the plans would take it for a bad disk.
  let failure: { readonly error: unknown } | null = null;
  const { endings } = runSeeded(plans, {
    seed,
    isUneven: prng.bool(),
    onLeafStep(step) {
      try {
        if (failure === null) options.onLeafStep?.(workload, step);
      } catch (error) {
        failure = { error };
      }
      workload.leafSteps++;
      if (prng.bool(wear)) wearOut(workload, worstCopy, options.losesData ?? false, lost);
    },
  });
  const found = failure as { readonly error: unknown } | null;
  if (found !== null) throw found.error;
  for (const ending of endings) if (ending.state === "failed") throw ending.error;
  return workload;
}

/** Breaks one more sector: of a block, of a spare, or of the one copy that may be lost. */
function wearOut(
  { places, disk, prng }: Workload,
  worstCopy: number,
  losesData: boolean,
  lost: Set<number>,
): void {
  const { startSector, sectorCount, spareSector, spareCount, blockSectors } = places;
  const kind = prng.weighted({ block: 6, spare: 2, table: 1 });
  if (kind === "table") {
    const sector = places.copySectors[worstCopy]! + prng.int(places.tableSectors);
    return disk.breakSectors(sector, 1, prng.bool() ? UNWRITABLE : BROKEN);
  }
  const sector = kind === "block"
    ? startSector + prng.int(sectorCount)
    : spareSector + prng.int(spareCount * blockSectors);
  const isLost = losesData && prng.bool(0.3);
  if (isLost) lost.add(sector);
  disk.breakSectors(sector, 1, isLost ? BROKEN : UNWRITABLE);
}

/** A range, in units of the device's logical block. */
function drawRange({ places, device, prng }: Workload): [sector: number, sectorCount: number] {
  const unit = device.limits.logicalSectors;
  const countMax = Math.min(places.blockSectors * 2, places.sectorCount) / unit;
  const sectorCount = prng.intBetween(1, Math.max(1, countMax)) * unit;
  const unitCount = (places.sectorCount - sectorCount) / unit;
  // Everybody prefers the same few blocks.
  const sector = prng.int(prng.bool(0.7) ? Math.min(unitCount, 12) + 1 : unitCount + 1) * unit;
  return [sector, sectorCount];
}

/** Tells whether a step went well; only `EIO` may be told. */
function* isAnswered(step: Step): Plan<boolean> {
  try {
    yield step;
    return true;
  } catch (error) {
    if ((error as { code?: string }).code !== "EIO") throw error;
    return false;
  }
}

function* writer(workload: Workload, options: WorkloadOptions, requestCount: number): Plan {
  const { ledger, prng } = workload;
  for (let request = 0; request < requestCount; request++) {
    const [sector, sectorCount] = drawRange(workload);
    const isZero = (options.hasZeroes ?? false) && prng.bool(0.3);
    const isDiscard = isZero && prng.bool();
    const fua = !isDiscard && (options.hasFlushes ?? true) && prng.bool(0.2);
    const entry = ledger.begin({ sector, sectorCount, isZero, fua });
    ledger.end(entry, yield* isAnswered(stepFor(workload, entry, isDiscard)));
  }
}

function stepFor({ device, ledger }: Workload, entry: Entry, isDiscard: boolean): Step {
  const { sector, sectorCount, isZero, fua } = entry;
  if (isDiscard) return discardStep(device, sector, sectorCount);
  if (isZero) return zeroStep(device, sector, sectorCount, fua);
  return writeStep(device, ledger.bytesOf(entry), sector, fua);
}

function* reader(workload: Workload, requestCount: number): Plan {
  const { device, ledger, lost } = workload;
  for (let request = 0; request < requestCount; request++) {
    const [sector, sectorCount] = drawRange(workload);
    const bytes = new Uint8Array(sectorCount * 512);
    const before = ledger.now();
    if (yield* isAnswered(readStep(device, bytes, sector))) {
      ledger.checkAll(sector, bytes, { before });
    } else if (lost.size === 0) {
      throw new Error(`sector ${sector} cannot be read, and nothing is lost`);
    }
  }
}

function* flusher({ device, ledger }: Workload, requestCount: number): Plan {
  for (let request = 0; request < requestCount / 2; request++) {
    const begunAt = ledger.now();
    if (yield* isAnswered(flushStep(device))) ledger.flushed(begunAt);
  }
}

/** Reads what can be read, sector by sector where need be, and checks it. */
export function checkContents(
  { places, ledger }: Workload,
  device: MappedDevice,
  basis: "durable" | { readonly before: number },
): number {
  const unit = device.limits.logicalSectors;
  let unreadableCount = 0;
  for (let sector = 0; sector < places.sectorCount; sector += unit) {
    const bytes = new Uint8Array(unit * 512);
    try {
      device.readSync(bytes, sector);
    } catch (error) {
      if ((error as { code?: string }).code !== "EIO") throw error;
      unreadableCount++;
      continue;
    }
    ledger.checkAll(sector, bytes, basis);
  }
  return unreadableCount;
}

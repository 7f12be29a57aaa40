/**
 * Performing a request: ask the target, do what it answers, ask again until nothing is left.
 *
 * Twice, because the synchronous face must not pay for promises or plans where an answer is
 * "remapped"; there is no decision in either.
 *
 * A write's bytes are taken at the call. When the first answer sends the whole write to one device,
 * that device takes them; otherwise the request makes a copy of its own before it first waits.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice, SyncBlockDevice } from "../block/device.ts";
import { assert, BlockDeviceError } from "../block/errors.ts";
import { discardStep, type Plan, readStep, runSync, type Step } from "../block/plan.ts";
import { writeStep, zeroStep } from "../block/plan.ts";
import { sectorsToBytes } from "../block/units.ts";
import { Mapping, type RequestKind, type Target } from "../targets/target.ts";
import type { TargetList } from "./target_list.ts";

/** A request under way. */
export interface Request {
  /** What it does. */
  readonly kind: RequestKind;
  /** The target of a read or the source of a write. */
  bytes: Uint8Array | null;
  /** The first sector. */
  readonly sector: number;
  /** How many. */
  readonly sectorCount: number;
  /** A write must be durable when it ends. */
  readonly fua: boolean;
  /** Whether `bytes` stays as it is while the request is under way. */
  isOwned: boolean;
}

const FUA = { fua: true } as const;

/** Part of a buffer, by sectors; the buffer itself where it is all of it. */
function part(bytes: Uint8Array, sector: number, sectorCount: number): Uint8Array {
  const start = sectorsToBytes(sector);
  const end = start + sectorsToBytes(sectorCount);
  return start === 0 && end === bytes.byteLength ? bytes : bytes.subarray(start, end);
}

/** Puts the rest of a request to the target it lies in. */
function ask(
  list: TargetList,
  mapping: Mapping,
  kind: RequestKind,
  bytes: Uint8Array | null,
  sector: number,
  sectorCount: number,
  doneSectors: number,
  fua: boolean,
): Target {
  const at = sector + doneSectors;
  const index = list.targets.length === 1 ? 0 : list.indexOf(at);
  const target = list.targets[index];
  const start = list.starts[index];
  assert(target !== undefined && start !== undefined, "a checked request lies in a target");
  const left = Math.min(sectorCount - doneSectors, start + target.sectorCount - at);
  mapping.kind = kind;
  mapping.sector = at - start;
  mapping.sectorCount = left;
  const piece = bytes === null ? null : part(bytes, doneSectors, left);
  mapping.source = kind === "write" ? piece : null;
  mapping.target = kind === "read" ? piece : null;
  mapping.fua = fua;
  mapping.plan = null;
  target.map(mapping);
  return target;
}

const SYNC_MAPPINGS: Mapping[] = [];

/**
 * Performs a request at once.
 *
 * @param list The table in charge.
 * @param kind What it does.
 * @param bytes The target of a read or the source of a write.
 * @param sector The first sector.
 * @param sectorCount How many.
 * @param fua Whether a write must be durable when this returns.
 * @throws {BlockDeviceError} `EAGAIN` when it would have to wait; nothing was changed then.
 */
export function performSync(
  list: TargetList,
  kind: RequestKind,
  bytes: Uint8Array | null,
  sector: number,
  sectorCount: number,
  fua: boolean,
): void {
  if (kind !== "read") refuseWhileBusy(list);
  // Stacked devices perform requests within requests; each depth has a mapping of its own.
  const mapping = SYNC_MAPPINGS.pop() ?? new Mapping();
  mapping.isSync = true;
  try {
    for (let done = 0; done < sectorCount;) {
      ask(list, mapping, kind, bytes, sector, sectorCount, done, fua);
      if (mapping.answer === "planned") {
        assert(mapping.plan !== null, "a planned answer has a plan");
        done += runSync(mapping.plan);
        continue;
      }
      const count = mapping.answeredSectors;
      if (mapping.answer === "remapped") {
        assert(mapping.device !== null, "a remapped answer has a device");
        const device = mapping.device as SyncBlockDevice;
        perform(device, kind, bytes, done, mapping.deviceSector, count, fua);
      }
      done += count;
    }
  } finally {
    mapping.source = null;
    mapping.target = null;
    SYNC_MAPPINGS.push(mapping);
  }
}

function refuseWhileBusy(list: TargetList): void {
  for (const target of list.targets) {
    if (!target.isBusy()) continue;
    throw new BlockDeviceError(
      "EAGAIN",
      `A synchronous write to a ${target.type} would have to wait for a request under way`,
    );
  }
}

function perform(
  device: SyncBlockDevice,
  kind: RequestKind,
  bytes: Uint8Array | null,
  doneSectors: number,
  sector: number,
  sectorCount: number,
  fua: boolean,
): void {
  if (kind === "zero") device.writeZeroesSync(sector, sectorCount, fua ? FUA : undefined);
  else if (kind === "discard") device.discardSync(sector, sectorCount);
  else {
    assert(bytes !== null, "a read and a write have bytes");
    const piece = part(bytes, doneSectors, sectorCount);
    if (kind === "read") device.readSync(piece, sector);
    else device.writeSync(piece, sector, fua ? FUA : undefined);
  }
}

/**
 * Plans a request.
 *
 * @param list The table in charge.
 * @param request The request.
 */
export function* performPlanned(list: TargetList, request: Request): Plan {
  const { kind, sector, sectorCount, fua } = request;
  const mapping = new Mapping();
  for (let done = 0; done < sectorCount;) {
    ask(list, mapping, kind, request.bytes, sector, sectorCount, done, fua);
    const isWhole = mapping.answer === "remapped" && mapping.answeredSectors === sectorCount;
    if (!request.isOwned && !isWhole) {
      request.bytes = request.bytes?.slice() ?? null;
      request.isOwned = true;
      continue;
    }
    if (mapping.answer === "planned") {
      assert(mapping.plan !== null, "a planned answer has a plan");
      done += yield* mapping.plan;
      continue;
    }
    const count = mapping.answeredSectors;
    if (mapping.answer === "remapped") yield* performTracked(mapping, request, done);
    done += count;
  }
}

function* performTracked(mapping: Mapping, request: Request, doneSectors: number): Plan {
  const { device, deviceSector, answeredSectors, fence } = mapping;
  assert(device !== null, "a remapped answer has a device");
  const step = stepFor(device, request, doneSectors, deviceSector, answeredSectors);
  if (fence === null) {
    yield step;
    return;
  }
  const stay = fence.enter(mapping.fenceFirst, mapping.fenceLast);
  try {
    yield step;
  } finally {
    fence.leave(stay);
  }
}

function stepFor(
  device: BlockDevice,
  request: Request,
  doneSectors: number,
  sector: number,
  sectorCount: number,
): Step {
  if (request.kind === "zero") return zeroStep(device, sector, sectorCount, request.fua);
  if (request.kind === "discard") return discardStep(device, sector, sectorCount);
  assert(request.bytes !== null, "a read and a write have bytes");
  const piece = part(request.bytes, doneSectors, sectorCount);
  return request.kind === "read"
    ? readStep(device, piece, sector)
    : writeStep(device, piece, sector, request.fua);
}

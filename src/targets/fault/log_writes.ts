/**
 * `log-writes`: a device whose writes are also logged, in the order in which they become durable.
 *
 *     0 4096 log-writes /dev/vdb /dev/vdc        vdb, with a log on vdc
 *     dmsetup message logged 0 mark mkfs
 *
 * The log can be replayed up to any entry (`log_replay.ts`), and gives what a power cut at that moment
 * would have left in the worst case. So its order is not that of requests:
 *
 *     write ends ─────────► unflushed ──flush ends──► log ──► log device
 *     write with FUA ends ──────────────────────────►  │
 *     mark ─────────────────────────────────────────►  │
 *
 * - A write, zero or discard that has ended is unflushed. A flush takes along what was unflushed when
 *   it was _submitted_; what ends while it is under way waits for the next one. Whoever does not wait
 *   for a write before a flush sees the write missing in the log.
 *   Of two flushes under way, the later one covers what the earlier one took; Linux leaves that to the
 *   earlier one even if it ends last.
 * - FUA is durable at its end and passes what is unflushed, also what it overlaps: as in Linux, an
 *   overlapped write that nobody flushed in between comes behind it.
 * - At the end of the target what is unflushed is logged, and the mark `dm-log-writes-end`.
 *
 * The super counts entries with every FUA and mark, not with flushes, as Linux does. A request ends
 * when its entry is on the log device. A mark is on it at once where that is possible; a log device
 * that cannot answer at once gets it with the next flush, write with FUA or suspension.
 *
 * What is unflushed is kept in memory, bytes and all. Sectors are counted from the target's first one,
 * which is the device's sector 0; dm counts from the table's, so that its target is only right there.
 *
 * **Failure**: what the logged device answers; a request that failed is not logged, which dm does. A
 * log device that fails or is full ends logging for good, and fails no request: `logging_disabled`.
 *
 * This module is browser compatible.
 *
 * @see drivers/md/dm-log-writes.c
 * @module
 */

import type { BlockDevice, DeviceLimits, DeviceSupports } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { discardStep, flushStep, type Plan, runSync, type Step } from "../../block/plan.ts";
import { writeStep, zeroStep } from "../../block/plan.ts";
import type { Mapping, RequestKind, Target } from "../target.ts";
import { TargetError } from "../target_error.ts";
import { LOG_FLAGS } from "./log_format.ts";
import { type LoggedRequest, LogWriter } from "./log_writer.ts";

/** The most sectors of zeroes in one entry: Linux's largest request of zero pages. */
const ZERO_SECTORS_MAX = 2048;

/** The mark at the end of every log that was ended properly. */
const END_MARK = "dm-log-writes-end";

/** What a log-writes target is made of. */
export interface LogWritesOptions {
  /** The device that is logged. */
  readonly device: BlockDevice;
  /** The device that holds the log. */
  readonly logDevice: BlockDevice;
  /** How many sectors the target is for. */
  readonly sectorCount: number;
  /** A device as table lines name it. Left out: its name. */
  readonly deviceWord?: (device: BlockDevice) => string;
  /** Takes a line of the kernel's log, without the prefix `device-mapper: `. */
  readonly log?: (line: string) => void;
}

class LogWritesTarget implements Target {
  readonly type = "log-writes";
  readonly sectorCount: number;
  readonly supports: DeviceSupports;
  readonly limits: DeviceLimits;
  readonly devices: readonly BlockDevice[];
  onEvent: () => void = () => {};
  readonly #options: LogWritesOptions;
  readonly #device: BlockDevice;
  readonly #writer: LogWriter;
  /** What has ended since the last flush was submitted. */
  #unflushed: LoggedRequest[] = [];
  /** What flushes under way have taken along, one batch each, in the order of submission. */
  readonly #flushing: LoggedRequest[][] = [];

  constructor(options: LogWritesOptions) {
    const { device, logDevice, sectorCount } = options;
    this.#options = options;
    this.#device = device;
    this.#writer = new LogWriter(
      logDevice,
      device.limits.logicalSectors,
      (line) => this.#log(line),
    );
    this.sectorCount = sectorCount;
    this.limits = device.limits;
    this.devices = [device, logDevice];
    this.supports = Object.freeze({
      ...device.supports,
      sync: device.supports.sync && logDevice.supports.sync,
      // Where the device cannot discard, a discard is only logged.
      discard: device.supports.write,
      discardZeroes: device.supports.discard && device.supports.discardZeroes,
    });
  }

  map(request: Mapping): void {
    const { kind, sector, sectorCount, source, fua } = request;
    if (kind === "read" || !this.#writer.isEnabled) {
      if (kind === "discard" && !this.#device.supports.discard) request.end(sectorCount);
      else request.remap(this.#device, sector, sectorCount);
      return;
    }
    const count = kind === "zero" ? Math.min(sectorCount, ZERO_SECTORS_MAX) : sectorCount;
    request.submit(this.#planRequest(kind, sector, count, source, fua));
  }

  *#planRequest(
    kind: RequestKind,
    sector: number,
    sectorCount: number,
    source: Uint8Array | null,
    fua: boolean,
  ): Plan<number> {
    const flags = (fua ? LOG_FLAGS.fua : 0) + (kind === "discard" ? LOG_FLAGS.discard : 0);
    const entry = { sector, sectorCount, flags, mark: "" };
    const bytes = source?.slice() ?? null;
    const step = this.#stepFor(kind, sector, sectorCount, bytes, fua);
    if (step !== null) yield step;
    if (fua) yield* this.#writer.planAppend([{ entry, bytes }]);
    else if (this.#writer.isEnabled) this.#unflushed.push({ entry, bytes });
    return sectorCount;
  }

  #stepFor(
    kind: RequestKind,
    sector: number,
    sectorCount: number,
    bytes: Uint8Array | null,
    fua: boolean,
  ): Step | null {
    if (bytes !== null) return writeStep(this.#device, bytes, sector, fua);
    if (kind === "zero") return zeroStep(this.#device, sector, sectorCount, fua);
    return this.#device.supports.discard ? discardStep(this.#device, sector, sectorCount) : null;
  }

  *planFlush(): Plan {
    yield* this.#writer.planIdle();
    const batch = this.#unflushed;
    this.#unflushed = [];
    this.#flushing.push(batch);
    try {
      yield flushStep(this.#device);
    } catch (error) {
      // The next flush was submitted later, so it covers these too; otherwise they are unflushed.
      const later = this.#flushing[this.#flushing.indexOf(batch) + 1] ?? this.#unflushed;
      later.unshift(...batch);
      this.#flushing.splice(this.#flushing.indexOf(batch), 1);
      throw error;
    }
    const entry = { sector: 0, sectorCount: 0, flags: LOG_FLAGS.flush, mark: "" };
    yield* this.#writer.planAppend([...this.#takeUpTo(batch), { entry, bytes: null }]);
  }

  /** What a flush that has ended made durable: its own batch, and those of flushes before it. */
  #takeUpTo(batch: LoggedRequest[]): LoggedRequest[] {
    const index = this.#flushing.indexOf(batch);
    const taken = this.#flushing.slice(0, index + 1).map((each) => each.splice(0)).flat();
    this.#flushing.splice(index, 1);
    return taken;
  }

  isBusy(): boolean {
    return this.#writer.isWriting;
  }

  status(): string {
    const { entryCount, lastSector, isEnabled } = this.#writer;
    return `${entryCount} ${lastSector}${isEnabled ? "" : " logging_disabled"}`;
  }

  table(): string {
    return this.devices.map((device) => this.#options.deviceWord?.(device) ?? device.name).join(
      " ",
    );
  }

  message(words: readonly string[]): string {
    const [verb = "", text = ""] = words;
    if (words.length !== 2) {
      const found = `got ${words.length}`;
      throw this.#refuse(`Invalid log-writes message arguments, expect 2 arguments, ${found}`);
    }
    if (verb.toLowerCase() !== "mark") {
      throw this.#refuse(`Unrecognised log writes target message received: ${verb}`);
    }
    this.#writer.append([markOf(text)]);
    // A message is not a request: it cannot wait. What does not work at once is done later.
    if (this.supports.sync && !this.#writer.isWriting) runSync(this.#writer.planWrite());
    return "";
  }

  *presuspend(): Plan {
    yield* this.#writer.planWrite();
  }

  *destroy(): Plan {
    const taken = this.#unflushed;
    this.#unflushed = [];
    yield* this.#writer.planAppend([...taken, markOf(END_MARK)]);
    yield* this.#writer.planFlush();
  }

  #log(line: string): void {
    this.#options.log?.(`log-writes: ${line}`);
  }

  #refuse(line: string): BlockDeviceError {
    this.#log(line);
    const { name } = this.#device;
    const message = `Cannot do what the message to the log-writes target over "${name}" says: ` +
      `${line}; want "mark" and a word`;
    return new BlockDeviceError("EINVAL", message, { device: name });
  }
}

function markOf(mark: string): LoggedRequest {
  return { entry: { sector: 0, sectorCount: 0, flags: LOG_FLAGS.mark, mark }, bytes: null };
}

/**
 * Makes a target that logs.
 *
 * @param options The device, and the device that holds the log. What the latter holds is written over.
 * @returns The target.
 * @throws {TargetError} `EINVAL` when the log device has larger logical blocks than the device.
 */
export function createLogWrites(options: LogWritesOptions): Target {
  const { device, logDevice } = options;
  const { logicalSectors } = logDevice.limits;
  if (logicalSectors > device.limits.logicalSectors) {
    // dm accepts it, and fails to write the first entry.
    throw new TargetError(
      "EINVAL",
      "Log device blocksize is too large",
      `Cannot log "${device.name}" on "${logDevice.name}": the log has blocks of ` +
        `${logicalSectors} sectors, want at most ${device.limits.logicalSectors}`,
      { device: logDevice.name },
    );
  }
  return new LogWritesTarget(options);
}

/**
 * Replaying a write log: what was written comes back, entry by entry.
 *
 * A {@linkcode LogReplay} stands between two entries of a log. It moves on by seeking, which only
 * looks, or by replaying onto a device, and can stop behind any entry, flush, FUA or mark. So a test
 * replays up to each place where the power could have gone and sees what would have been left:
 *
 *     const replay = runSync(openLog(log));
 *     while (runSync(replay.replay(disk, { nextFlush: true })).stoppedAt !== null) check(disk);
 *
 * It never goes back; open the log again for that.
 *
 * A log may be broken or hostile: entries are bounded by the log device's size, not by what the super
 * claims, bytes are copied in pieces, and an entry that reaches outside the log or outside the device
 * is refused before any of it is written.
 *
 * **Failure**: `EINVAL` for what is no log or does not fit, and what the devices answer. The replay
 * stands in front of the entry then.
 *
 * This module is browser compatible.
 *
 * @see https://github.com/josefbacik/log-writes, `replay-log.c`
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { discardStep, flushStep, type Plan, readStep, writeStep } from "../../block/plan.ts";
import { zeroStep } from "../../block/plan.ts";
import { SECTOR_BYTES, sectorsToBytes } from "../../block/units.ts";
import { decodeLogEntry, decodeLogSuper, hasLoggedBytes, LOG_FLAGS } from "./log_format.ts";
import type { LogEntry, LogSuper } from "./log_format.ts";

/** The most sectors copied at once. */
const COPY_SECTORS_MAX = 2048;

/** Where to stop; at whichever comes first. The entry that is stopped at is replayed. */
export interface ReplayStop {
  /** After so many entries. Left out: no limit. */
  readonly entriesMax?: number;
  /** At a flush. */
  readonly nextFlush?: boolean;
  /** At a write with FUA. */
  readonly nextFua?: boolean;
  /** At the mark with this text. */
  readonly endMark?: string;
}

/** How a replay is done. */
export interface ReplayOptions extends ReplayStop {
  /** Leaves out discards, as if the device did not know them. */
  readonly ignoresDiscards?: boolean;
}

/** An entry, and which one it is. */
export interface FoundEntry {
  /** Its index; the first is 0. */
  readonly index: number;
  /** What it says. */
  readonly entry: LogEntry;
}

/** How a replay ended. */
export interface ReplayResult {
  /** How many entries were replayed. */
  readonly entryCount: number;
  /** The entry that was stopped at; `null` when the log ended before. */
  readonly stoppedAt: FoundEntry | null;
}

/** A place in a log. */
export class LogReplay {
  readonly #log: BlockDevice;
  readonly #super: LogSuper;
  readonly #block: Uint8Array;
  #entryIndex = 0;
  #sector: number;

  /**
   * A replay at the beginning of a log. See {@linkcode openLog}.
   *
   * @param log The device that holds the log.
   * @param logSuper What its super says.
   */
  constructor(log: BlockDevice, logSuper: LogSuper) {
    this.#log = log;
    this.#super = logSuper;
    this.#block = new Uint8Array(sectorsToBytes(logSuper.blockSectors));
    this.#sector = logSuper.blockSectors;
  }

  /** How many entries the log's super counts. */
  get entryCount(): number {
    return this.#super.entryCount;
  }

  /** The index of the entry that comes next. */
  get entryIndex(): number {
    return this.#entryIndex;
  }

  /**
   * Looks at the next entry, and goes behind it.
   *
   * @returns The entry; `null` at the end.
   */
  *next(): Plan<FoundEntry | null> {
    const entry = yield* this.#read();
    return entry === null ? null : this.#passed(entry);
  }

  /**
   * Goes on to an entry.
   *
   * @param index Its index: not before the one that comes next, and at most the number of entries.
   */
  *seekEntry(index: number): Plan {
    if (!Number.isSafeInteger(index) || index < this.#entryIndex || index > this.entryCount) {
      const range = `${this.#entryIndex} to ${this.entryCount}`;
      throw this.#refuse(`go to entry ${index}`, `want ${range}`);
    }
    while (this.#entryIndex < index) yield* this.next();
  }

  /**
   * Goes on behind a mark.
   *
   * @param mark The mark's text.
   * @throws {BlockDeviceError} `ENOENT` when there is none from here on; the replay is at the end then.
   */
  *seekMark(mark: string): Plan {
    if (yield* this.find({ endMark: mark })) return;
    const message = `Cannot find the mark "${mark}" in the log on "${this.#log.name}"`;
    throw new BlockDeviceError("ENOENT", message, { device: this.#log.name });
  }

  /**
   * Goes on behind the entry that a replay would stop at, without replaying.
   *
   * @param stop Where to stop.
   * @returns The entry; `null` when the log ended before.
   */
  *find(stop: ReplayStop): Plan<FoundEntry | null> {
    let entryCount = 0;
    for (let found = yield* this.next(); found !== null; found = yield* this.next()) {
      entryCount++;
      if (stopsAt(found.entry, entryCount, stop)) return found;
    }
    return null;
  }

  /**
   * Replays onto a device, and flushes it.
   *
   * @param target The device; large enough for what was logged.
   * @param options Where to stop, and what to leave out.
   * @returns How many entries were replayed, and where it stopped.
   */
  *replay(target: BlockDevice, options: ReplayOptions = {}): Plan<ReplayResult> {
    let entryCount = 0;
    let stoppedAt: FoundEntry | null = null;
    while (stoppedAt === null) {
      const entry = yield* this.#read();
      if (entry === null) break;
      yield* this.#apply(entry, target, options.ignoresDiscards ?? false);
      const found = this.#passed(entry);
      entryCount++;
      if (stopsAt(entry, entryCount, options)) stoppedAt = found;
    }
    yield flushStep(target);
    return { entryCount, stoppedAt };
  }

  *#read(): Plan<LogEntry | null> {
    if (this.#entryIndex >= this.entryCount) return null;
    const { blockSectors } = this.#super;
    this.#requireInLog(this.#sector + blockSectors);
    yield readStep(this.#log, this.#block, this.#sector);
    const entry = decodeLogEntry(this.#block);
    if (hasLoggedBytes(entry)) {
      this.#requireInLog(this.#sector + blockSectors + entry.sectorCount);
    }
    return entry;
  }

  #passed(entry: LogEntry): FoundEntry {
    this.#sector += this.#super.blockSectors + (hasLoggedBytes(entry) ? entry.sectorCount : 0);
    return { index: this.#entryIndex++, entry };
  }

  *#apply(entry: LogEntry, target: BlockDevice, ignoresDiscards: boolean): Plan {
    const { sector, sectorCount, flags } = entry;
    if (sectorCount === 0) return;
    if (sector + sectorCount > target.sectorCount) {
      throw this.#refuse(
        `replay entry ${this.#entryIndex}: ${sectorCount} sectors at sector ${sector}`,
        `"${target.name}" ends at sector ${target.sectorCount}`,
      );
    }
    if ((flags & LOG_FLAGS.discard) === 0) return yield* this.#copy(entry, target);
    if (ignoresDiscards) return;
    yield target.supports.discard
      ? discardStep(target, sector, sectorCount)
      : zeroStep(target, sector, sectorCount);
  }

  *#copy({ sector, sectorCount }: LogEntry, target: BlockDevice): Plan {
    const bytes = new Uint8Array(sectorsToBytes(Math.min(sectorCount, COPY_SECTORS_MAX)));
    const from = this.#sector + this.#super.blockSectors;
    for (let done = 0; done < sectorCount;) {
      const count = Math.min(sectorCount - done, COPY_SECTORS_MAX);
      const piece = bytes.subarray(0, sectorsToBytes(count));
      yield readStep(this.#log, piece, from + done);
      yield writeStep(target, piece, sector + done);
      done += count;
    }
  }

  #requireInLog(endSector: number): void {
    const { sectorCount } = this.#log;
    if (endSector <= sectorCount) return;
    throw this.#refuse(
      `read entry ${this.#entryIndex}, which ends at sector ${endSector}`,
      `the device ends at sector ${sectorCount}`,
    );
  }

  #refuse(what: string, why: string): BlockDeviceError {
    const { name } = this.#log;
    const message = `Cannot ${what} of the log on "${name}": ${why}`;
    return new BlockDeviceError("EINVAL", message, { device: name });
  }
}

function stopsAt(entry: LogEntry, entryCount: number, stop: ReplayStop): boolean {
  const { flags, mark } = entry;
  return (stop.nextFlush === true && (flags & LOG_FLAGS.flush) !== 0) ||
    (stop.nextFua === true && (flags & LOG_FLAGS.fua) !== 0) ||
    ((flags & LOG_FLAGS.mark) !== 0 && mark === stop.endMark) ||
    entryCount === stop.entriesMax;
}

/**
 * Opens a log, at its beginning.
 *
 * @param log The device that holds it, as `log-writes` or Linux has written it.
 * @returns A plan whose result is the replay.
 * @throws {BlockDeviceError} `EINVAL` when the device holds no log.
 *
 * @example A write comes back
 * ```ts
 * import { createMemoryDevice, Mapper, openLog, runSync } from "cowdisk";
 * import { deepEqual } from "node:assert/strict";
 *
 * const device = createMemoryDevice({ sectorCount: 8 });
 * const log = createMemoryDevice({ sectorCount: 64 });
 * const mapper = new Mapper({
 *   disks: [{ name: "vda", number: "254:0", device }, { name: "vdb", number: "254:16", device: log }],
 * });
 * mapper.createSync("logged", "0 8 log-writes /dev/vda /dev/vdb");
 * mapper.device("logged").writeSync(new Uint8Array(512).fill(7), 3);
 * mapper.removeSync("logged");
 *
 * const copy = createMemoryDevice({ sectorCount: 8 });
 * const replay = runSync(openLog(log));
 * runSync(replay.replay(copy));
 * const sector = new Uint8Array(512);
 * copy.readSync(sector, 3);
 * deepEqual(sector, new Uint8Array(512).fill(7));
 * ```
 */
export function* openLog(log: BlockDevice): Plan<LogReplay> {
  const bytes = new Uint8Array(SECTOR_BYTES * log.limits.logicalSectors);
  if (bytes.length > sectorsToBytes(log.sectorCount)) {
    const message = `Cannot read a write log on "${log.name}": it has ${log.sectorCount} sectors`;
    throw new BlockDeviceError("EINVAL", message, { device: log.name });
  }
  yield readStep(log, bytes, 0);
  const logSuper = decodeLogSuper(bytes);
  if (logSuper.blockSectors >= log.limits.logicalSectors) return new LogReplay(log, logSuper);
  throw new BlockDeviceError(
    "EINVAL",
    `Cannot read the write log on "${log.name}": it has blocks of ${logSuper.blockSectors} sectors, ` +
      `want at least ${log.limits.logicalSectors}, the device's logical block`,
    { device: log.name },
  );
}

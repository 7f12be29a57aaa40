/**
 * Writing a write log: entries in order, one after another.
 *
 * Entries are appended to a queue at once, which fixes their order, and written by whoever comes first.
 * One plan writes at a time; others wait until the queue is empty, so that whoever has appended finds
 * the entry on the log device afterwards.
 *
 * Invariants: the device holds `entryCount` entries in front of `nextSector`; the super counts those up
 * to the last FUA or mark.
 *
 * **Failure**: a device that fails or is full ends the writing for good, with a line in the log. What
 * was appended is dropped then, and nobody is told by an error. A device that cannot answer at once
 * (`EAGAIN`) gets the same entry with the next writing.
 *
 * This module is browser compatible.
 *
 * @see drivers/md/dm-log-writes.c, `log_writes_kthread()`
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { codeOf, ERROR_CODES } from "../../block/errors.ts";
import { Signal } from "../../block/gate.ts";
import { flushStep, type Plan, waitStep, writeStep, zeroStep } from "../../block/plan.ts";
import { sectorsToBytes } from "../../block/units.ts";
import { encodeLogEntry, encodeLogSuper, hasLoggedBytes, LOG_FLAGS } from "./log_format.ts";
import type { LogEntry } from "./log_format.ts";

/** An entry, and the bytes that follow it. */
export interface LoggedRequest {
  /** What was done. */
  readonly entry: LogEntry;
  /** What was written; `null` for zeroes, and where nothing was. */
  readonly bytes: Uint8Array | null;
}

/** Writes a log. */
export class LogWriter {
  readonly #device: BlockDevice;
  readonly #blockSectors: number;
  readonly #log: (line: string) => void;
  readonly #idle = new Signal();
  readonly #queue: LoggedRequest[] = [];
  #nextSector: number;
  #entryCount = 0;
  #isEnabled = true;
  #isWriting = false;

  /**
   * A writer of an empty log; nothing is written yet.
   *
   * @param device The device that holds the log.
   * @param blockSectors Sectors in a block of the logged device.
   * @param log Takes a line when the log ends before its time.
   */
  constructor(device: BlockDevice, blockSectors: number, log: (line: string) => void) {
    this.#device = device;
    this.#blockSectors = blockSectors;
    this.#log = log;
    this.#nextSector = blockSectors;
  }

  /** How many entries there are. */
  get entryCount(): number {
    return this.#entryCount;
  }

  /** The last sector of the log. One entry that did not fit counts, as in dm. */
  get lastSector(): number {
    return this.#nextSector - 1;
  }

  /** Whether what is appended is written. */
  get isEnabled(): boolean {
    return this.#isEnabled;
  }

  /** Whether a plan is writing. */
  get isWriting(): boolean {
    return this.#isWriting;
  }

  /**
   * Puts requests at the log's end; {@linkcode planWrite} writes them.
   *
   * @param requests The requests, in order.
   */
  append(requests: readonly LoggedRequest[]): void {
    if (!this.#isEnabled) return;
    for (const request of requests) this.#queue.push(request);
  }

  /**
   * Puts requests at the log's end and writes it up to there.
   *
   * @param requests The requests, in order.
   */
  *planAppend(requests: readonly LoggedRequest[]): Plan {
    this.append(requests);
    yield* this.planWrite();
  }

  /** Waits until nobody is writing. */
  *planIdle(): Plan {
    while (this.#isWriting) yield waitStep(this.#idle.next, "a log that is being written");
  }

  /** Writes what was appended, or waits until somebody else has. */
  *planWrite(): Plan {
    yield* this.planIdle();
    if (this.#queue.length === 0) return;
    this.#isWriting = true;
    let [nextSector, entryCount] = [this.#nextSector, this.#entryCount];
    try {
      for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
        [nextSector, entryCount] = [this.#nextSector, this.#entryCount];
        yield* this.#planEntry(next);
        this.#queue.shift();
      }
    } catch (error) {
      if (codeOf(error) === "EAGAIN") {
        [this.#nextSector, this.#entryCount] = [nextSector, entryCount];
        return;
      }
      this.#disable(`Error writing log block, error=-${ERROR_CODES[codeOf(error)].errno}`);
    } finally {
      this.#isWriting = false;
      this.#idle.raise();
    }
  }

  /** Makes the log durable. */
  *planFlush(): Plan {
    if (!this.#isEnabled) return;
    try {
      yield flushStep(this.#device);
    } catch (error) {
      this.#disable(`Error flushing log, error=-${ERROR_CODES[codeOf(error)].errno}`);
    }
  }

  #disable(line: string): void {
    this.#log(line);
    this.#isEnabled = false;
    this.#queue.length = 0;
  }

  *#planEntry({ entry, bytes }: LoggedRequest): Plan {
    const sector = this.#nextSector;
    const bodySectors = hasLoggedBytes(entry) ? entry.sectorCount : 0;
    this.#nextSector += this.#blockSectors + bodySectors;
    if (this.#nextSector >= this.#device.sectorCount) {
      this.#disable("Ran out of space on the logdev");
      return;
    }
    this.#entryCount++;
    const block = new Uint8Array(sectorsToBytes(this.#blockSectors));
    encodeLogEntry(block, entry);
    if (bytes === null) {
      yield writeStep(this.#device, block, sector);
      if (bodySectors > 0) yield zeroStep(this.#device, sector + this.#blockSectors, bodySectors);
    } else {
      const whole = new Uint8Array(block.length + bytes.length);
      whole.set(block);
      whole.set(bytes, block.length);
      yield writeStep(this.#device, whole, sector);
    }
    if ((entry.flags & (LOG_FLAGS.fua | LOG_FLAGS.mark)) !== 0) {
      encodeLogSuper(block, this.#entryCount);
      yield writeStep(this.#device, block, 0);
    }
  }
}

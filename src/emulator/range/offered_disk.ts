/**
 * A disk that a page has offered, read in the service worker through a port.
 *
 * A page that goes takes its ports with it. Some browsers tell so; for the others, whether the page is
 * still there is asked every second while a read is under way. Either way reads under way and reads to
 * come fail with `ENODEV`. Nothing else ends a wait: how slow a device may be is its page's business.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Clock } from "../../block/clock.ts";
import type { BlockDevice } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { lend } from "../../devices/lent_device.ts";
import type { ServedImage } from "./range_answer.ts";

/** A page, or another client, as a service worker sees it. */
export interface WorkerClient {
  /** Its number. */
  readonly id: string;
  /** Tells it something. */
  postMessage(message: unknown): void;
}

/** The pages that a service worker can speak to. */
export interface WorkerClients {
  /** Finds one that is still there. */
  get(id: string): Promise<WorkerClient | undefined>;
  /** Finds all. */
  matchAll(options: { includeUncontrolled: boolean }): Promise<readonly WorkerClient[]>;
  /** Puts those that were loaded past the worker under it. */
  claim(): Promise<void>;
}

/** What a disk is, whose it is, and how to look for its page. */
export interface OfferedDiskOptions {
  /** The offer's number, which no other has. */
  readonly id: string;
  /** What names exactly its content; `null` when it may be written. */
  readonly version: string | null;
  /** The device behind the port. */
  readonly connected: BlockDevice;
  /** Whose it is. */
  readonly clientId: string;
  /** Whom to ask whether that page is there. */
  readonly clients: Pick<WorkerClients, "get">;
  readonly clock: Clock;
}

/** While a read is under way. */
const LOOK_EVERY_MS = 1000;

/** A disk that is offered. */
export class OfferedDisk implements ServedImage {
  /** The offer's number. */
  readonly id: string;
  /** What names exactly its content; `null` when it may be written. */
  readonly version: string | null;
  /** Where its bytes are. */
  readonly device: BlockDevice;
  readonly #options: OfferedDiskOptions;
  readonly #failures = new Set<(error: BlockDeviceError) => void>();
  #goneError: BlockDeviceError | null = null;
  #isLooking = false;

  /**
   * Serves a device that was connected.
   *
   * @param options What it is, and whose.
   */
  constructor(options: OfferedDiskOptions) {
    this.id = options.id;
    this.version = options.version;
    this.#options = options;
    this.device = lend(options.connected, (target, sector) => this.#read(target, sector));
  }

  /** Whether its page is known to have gone, or to offer it no longer. */
  get isGone(): boolean {
    return this.#goneError !== null;
  }

  /**
   * Ends it: every read under way and to come fails.
   *
   * @param why The end of a sentence.
   */
  end(why: string): void {
    if (this.#goneError !== null) return;
    const { connected } = this.#options;
    const { name: device } = connected;
    this.#goneError = new BlockDeviceError("ENODEV", `Cannot read "${device}": ${why}`, { device });
    for (const fail of this.#failures) fail(this.#goneError);
    // Its page may be there no longer to hear it; then there is nothing left to be closed.
    connected.close().catch(() => {});
  }

  /** Looks whether its page is there; if not, this ends. */
  async isPageThere(): Promise<boolean> {
    const { clients, clientId } = this.#options;
    if (await clients.get(clientId) === undefined) this.end("its page has gone");
    return !this.isGone;
  }

  #read(target: Uint8Array, sector: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#goneError !== null) return reject(this.#goneError);
      this.#failures.add(reject);
      this.#options.connected.read(target, sector).then(resolve, reject)
        .finally(() => this.#failures.delete(reject));
      if (!this.#isLooking) void this.#look();
    });
  }

  async #look(): Promise<void> {
    const { clock } = this.#options;
    this.#isLooking = true;
    while (this.#failures.size > 0) {
      await clock.sleep(LOOK_EVERY_MS);
      await this.isPageThere();
    }
    this.#isLooking = false;
  }
}

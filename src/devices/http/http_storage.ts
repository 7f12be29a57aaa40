/**
 * The HTTP storage: what a read of the device goes through. Arguments are already checked.
 *
 * A read is shown to the read-ahead and made of pieces in the fetch queue; of an image that was
 * fetched whole it is a copy. When the session fails, by its end or because the image has changed,
 * everything that waits is told, and what was fetched ahead is forgotten.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { AsyncImplementation } from "../../block/checked.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { bytesToSectors, sectorsToBytes } from "../../block/units.ts";
import { FetchQueue } from "./fetch_queue.ts";
import { ReadAhead } from "./read_ahead.ts";
import type { OpenedImage, RemoteImage } from "./remote_image.ts";
import type { Session } from "./session.ts";

/** What requests are kept to. */
export interface HttpLimits {
  readonly requestsMax: number;
  readonly requestSectorsMax: number;
  readonly readAheadSectorsMax: number;
  readonly bufferBytesMax: number;
}

/** What a storage is made of. */
export interface HttpStorageOptions {
  readonly name: string;
  readonly session: Session;
  readonly image: RemoteImage;
  readonly opened: OpenedImage;
  readonly limits: HttpLimits;
  /** Told when the device is closed. */
  readonly onClose: () => void;
}

/**
 * What everyone is told when a device ends.
 *
 * @param name The device.
 * @param why The end of the sentence.
 * @param cause What led to it.
 * @returns The refusal.
 */
export function endOf(name: string, why: string, cause?: unknown): BlockDeviceError {
  const message = `Cannot go on with "${name}": ${why}`;
  return new BlockDeviceError("ESHUTDOWN", message, { device: name, cause });
}

/** Sectors of an image on a web server. */
export class HttpStorage implements AsyncImplementation {
  readonly name: string;
  readonly sectorCount: number;
  readonly limits = { logicalSectors: 1, preferredSectors: 128 };
  readonly supports = { write: false, discard: false, discardZeroes: false, permanence: true };
  readonly #session: Session;
  readonly #queue: FetchQueue;
  readonly #readAhead: ReadAhead;
  /** The image, when it was fetched whole. */
  readonly #whole: Uint8Array | null;
  readonly #onClose: () => void;

  /**
   * Storage in an image that is open.
   *
   * @param options What it is made of.
   */
  constructor({ name, session, image, opened, limits, onClose }: HttpStorageOptions) {
    this.name = name;
    this.sectorCount = opened.sectorCount;
    this.#session = session;
    this.#readAhead = new ReadAhead(opened.sectorCount, limits.readAheadSectorsMax);
    this.#queue = new FetchQueue({
      requestsMax: limits.requestsMax,
      requestSectorsMax: limits.requestSectorsMax,
      bufferSectorsMax: bytesToSectors(limits.bufferBytesMax),
      fetchSectors: (sector, sectorCount) => image.fetchSectors(sector, sectorCount),
    });
    this.#whole = opened.isWhole ? opened.firstBytes : null;
    this.#onClose = onClose;
    if (!opened.isWhole) this.#queue.hold(0, opened.firstBytes);
    session.onFailure = (failure) => this.#queue.drop(failure);
  }

  async read(target: Uint8Array, sector: number): Promise<void> {
    this.#session.check();
    const sectorCount = bytesToSectors(target.length);
    if (sectorCount === 0) return;
    if (this.#whole !== null) {
      const position = sectorsToBytes(sector);
      target.set(this.#whole.subarray(position, position + target.length));
      return;
    }
    const reading = this.#queue.read(target, sector, sectorCount);
    const ahead = this.#readAhead.see(sector, sectorCount);
    if (ahead !== null) this.#queue.ahead(ahead);
    await reading;
  }

  write(): Promise<void> {
    return Promise.reject(new BlockDeviceError("EROFS", `"${this.name}" is read-only`));
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#onClose();
    this.#session.fail(endOf(this.name, "it was closed"));
    await this.#session.idle();
  }
}

/**
 * Reading a delta that comes in pieces of any size.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import { sectorsToBytes } from "../../block/units.ts";
import {
  CHANGE_BYTES,
  type ChangeHead,
  contentHash,
  DeltaCodec,
  HEADER_BYTES,
} from "./delta_format.ts";

/** A change, checked. */
export interface DeltaChange extends ChangeHead {
  /** What is there after. Done with when the next change is asked for. */
  readonly bytes: Uint8Array;
}

/** A delta being read. */
export interface DeltaReading {
  /** The image's size, in sectors. */
  readonly sectorCount: number;
  /** The changes, in order. Ends without a failure only if the delta was whole. */
  readonly changes: AsyncIterable<DeltaChange>;
}

/** Takes so many bytes at a time from pieces of any size. */
class ByteTaker {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** Fills a buffer; it ends early only where the delta does. */
  async fill(target: Uint8Array): Promise<void> {
    for (let filled = 0; filled < target.length;) {
      if (this.#piece.length === 0) {
        const next = await this.#pieces.next();
        if (next.done) throw new BlockDeviceError("EINVAL", "Cannot use the delta: it was cut off");
        this.#piece = next.value;
      }
      const part = this.#piece.subarray(0, target.length - filled);
      target.set(part, filled);
      filled += part.length;
      this.#piece = this.#piece.subarray(part.length);
    }
  }

  async requireEnd(): Promise<void> {
    let rest = this.#piece.length;
    while (rest === 0) {
      const next = await this.#pieces.next();
      if (next.done) return;
      rest = next.value.length;
    }
    throw new BlockDeviceError("EINVAL", "Cannot use the delta: something follows its end");
  }
}

async function* readChanges(bytes: ByteTaker, codec: DeltaCodec): AsyncGenerator<DeltaChange> {
  const record = new Uint8Array(CHANGE_BYTES);
  for (;;) {
    await bytes.fill(record);
    const head = codec.decode(record);
    if ("changeCount" in head) return await bytes.requireEnd();
    const after = new Uint8Array(sectorsToBytes(head.sectorCount));
    if (head.hasBytes) await bytes.fill(after);
    if (contentHash(after) !== head.after) {
      throw new BlockDeviceError(
        "EINVAL",
        `Cannot use the delta: its bytes for sector ${head.sector} are damaged`,
      );
    }
    yield { ...head, bytes: after };
  }
}

/**
 * Begins to read a delta.
 *
 * @param pieces Its bytes.
 * @returns Its size and changes. Nothing is read ahead of whoever asks.
 * @throws {BlockDeviceError} `EINVAL` when it is none, now or with a change.
 */
export async function readDelta(pieces: AsyncIterable<Uint8Array>): Promise<DeltaReading> {
  const bytes = new ByteTaker(pieces);
  const codec = new DeltaCodec();
  const header = new Uint8Array(HEADER_BYTES);
  await bytes.fill(header);
  return { sectorCount: codec.decodeHeader(header), changes: readChanges(bytes, codec) };
}

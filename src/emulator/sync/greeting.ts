/**
 * What is said over a port before a ring is used: the client's hello, and the server's greeting.
 *
 * Shared memory travels with both. Where it may not be posted, on a page that is not cross-origin
 * isolated, either side says `ENOTSUP`. Later messages are nudges: empty, for threads whose engine
 * cannot wait for a word without blocking.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import type { PortError, PortGreeting } from "../../devices/port_protocol.ts";
import type { SharedMemory } from "./request.ts";
import type { RingSize } from "./slot.ts";

/** What a client says first. */
export interface Hello {
  /** Memories that the server may read and write in place. */
  readonly memories: readonly SharedMemory[];
  /** Whether the client can be woken by a message only. */
  readonly wantsNudge: boolean;
}

/** What the server answers. */
export interface Greeting extends PortGreeting {
  readonly ring: SharedArrayBuffer;
  readonly board: SharedArrayBuffer;
  readonly size: RingSize;
}

/** What the server answers when it cannot serve. */
export interface Refusal {
  readonly error: PortError;
}

/** Why there is no ring without isolation. */
export function noSharedMemory(cause?: unknown): BlockDeviceError {
  return new BlockDeviceError(
    "ENOTSUP",
    "Cannot connect to a disk in another thread: shared memory cannot be posted here; " +
      "want a page that is cross-origin isolated, or connectDevice",
    cause === undefined ? {} : { cause },
  );
}

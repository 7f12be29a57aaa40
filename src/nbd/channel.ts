/**
 * `Channel`: bytes there and back, between a link and a client. What is on the other side of it is a pair of
 * Node's streams (`stream_channel_deno.ts`) or a socket of Deno's (`socket_channel_deno.ts`).
 *
 * | the channel | tells |
 * |---|---|
 * | has read something | `take`, or `received` where it could read into the listener's room |
 * | has read the end | `ended`, once; what is written still goes out |
 * | fails, or is closed by the other side | `lost`; nothing comes or goes any more |
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Who listens to a channel. It is never called from inside of a call of its own to the channel. */
export interface ChannelListener {
  /** Gives room for what comes in next, until it is asked for again. */
  room(): Uint8Array<ArrayBuffer>;
  /** Told how much of the room was filled. */
  received(byteCount: number): void;
  /** Takes what has come in, at the call. */
  take(bytes: Uint8Array): void;
  /** Told that no more will come. */
  ended(): void;
  /** Told that nobody is there any more. May be told more than once. */
  lost(): void;
}

/** The way to a client. */
export interface Channel {
  /** Whether nothing is read. */
  readonly isPaused: boolean;
  /** Begins to read. Called once. */
  listen(listener: ChannelListener): void;
  /** Stops reading. What was being read already may still be told. */
  pause(): void;
  /** Reads on. */
  resume(): void;
  /** Writes; `whenGone` is called when it has gone, and not when that fails. One piece at a time. */
  write(piece: Uint8Array, whenGone: () => void): void;
  /** Ends our half behind what was written; `whenGone` is called when that is done. */
  end(whenGone: () => void): void;
  /** Closes both halves at once. Closing twice is no mistake. */
  destroy(): void;
}

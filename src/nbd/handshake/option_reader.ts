/**
 * What an option says: bytes of a client in, checked values out, or nothing.
 *
 * Every length in an option is hostile: the parts must fill the option exactly, and a name must be text.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { STRING_BYTES_MAX, viewOf } from "../protocol.ts";

/** INFO and GO. */
export interface InfoRequest {
  /** The export. */
  readonly name: string;
  /** The kinds of information that the client would like. */
  readonly infos: readonly number[];
}

/** LIST_META_CONTEXT and SET_META_CONTEXT. */
export interface ContextRequest {
  /** The export. */
  readonly name: string;
  /** Names of contexts, or namespaces with a colon behind. */
  readonly queries: readonly string[];
}

/**
 * Reads text.
 *
 * @param bytes UTF-8.
 * @returns The text, or nothing when it is none or too long.
 */
export function decodeName(bytes: Uint8Array): string | null {
  if (bytes.byteLength > STRING_BYTES_MAX) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Walks through an option. Reading beyond its end makes everything after it invalid. */
class OptionCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #isValid = true;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  /** Whether all was there, and nothing is left. */
  get isWhole(): boolean {
    return this.#isValid && this.#at === this.#bytes.byteLength;
  }

  get isValid(): boolean {
    return this.#isValid;
  }

  #advance(byteCount: number): number {
    const at = this.#at;
    if (byteCount > this.#bytes.byteLength - at) this.#isValid = false;
    else this.#at += byteCount;
    return at;
  }

  uint16(): number {
    const at = this.#advance(2);
    return this.#isValid ? this.#view.getUint16(at) : 0;
  }

  uint32(): number {
    const at = this.#advance(4);
    return this.#isValid ? this.#view.getUint32(at) : 0;
  }

  /** Text with its length before it. */
  text(): string {
    const byteCount = this.uint32();
    const at = this.#advance(byteCount);
    const text = this.#isValid ? decodeName(this.#bytes.subarray(at, at + byteCount)) : null;
    if (text === null) this.#isValid = false;
    return text ?? "";
  }
}

/**
 * Reads INFO or GO.
 *
 * @param bytes What the option holds.
 * @returns What it asks for, or nothing when it cannot be read.
 */
export function readInfoRequest(bytes: Uint8Array): InfoRequest | null {
  const cursor = new OptionCursor(bytes);
  const name = cursor.text();
  const count = cursor.uint16();
  const infos: number[] = [];
  for (let index = 0; index < count && cursor.isValid; index++) infos.push(cursor.uint16());
  return cursor.isWhole ? { name, infos } : null;
}

/**
 * Reads LIST_META_CONTEXT or SET_META_CONTEXT.
 *
 * @param bytes What the option holds.
 * @returns What it asks for, or nothing when it cannot be read.
 */
export function readContextRequest(bytes: Uint8Array): ContextRequest | null {
  const cursor = new OptionCursor(bytes);
  const name = cursor.text();
  const count = cursor.uint32();
  const queries: string[] = [];
  for (let index = 0; index < count && cursor.isValid; index++) queries.push(cursor.text());
  return cursor.isWhole ? { name, queries } : null;
}

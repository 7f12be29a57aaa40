/**
 * Answers to options, as bytes.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { blockSizes, exportBytes, type NbdExport, transmissionFlags } from "../export.ts";
import {
  HANDSHAKE_FLAGS,
  INFOS,
  MAGICS,
  type NbdMode,
  OPTION_REPLIES,
  viewOf,
  writeUint64,
} from "../protocol.ts";

const REPLY_HEAD_BYTES = 20;
/** Behind the answer to EXPORT_NAME, unless both sides can do without. */
const EXPORT_NAME_ZERO_BYTES = 124;

const encoder = new TextEncoder();

/** A kind of answer. */
export type OptionReply = keyof typeof OPTION_REPLIES;

/** An answer with room behind its head. */
function reply(option: number, kind: OptionReply, byteCount: number): Uint8Array {
  const bytes = new Uint8Array(REPLY_HEAD_BYTES + byteCount);
  const view = viewOf(bytes);
  view.setUint32(0, MAGICS.optionReply[0]);
  view.setUint32(4, MAGICS.optionReply[1]);
  view.setUint32(8, option);
  view.setUint32(12, OPTION_REPLIES[kind]);
  view.setUint32(16, byteCount);
  return bytes;
}

/**
 * The first words of a server.
 *
 * @returns 18 bytes.
 */
export function encodeGreeting(): Uint8Array {
  const bytes = new Uint8Array(18);
  const view = viewOf(bytes);
  [...MAGICS.greeting, ...MAGICS.option].forEach((word, index) => view.setUint32(index * 4, word));
  view.setUint16(16, HANDSHAKE_FLAGS.fixedNewstyle | HANDSHAKE_FLAGS.noZeroes);
  return bytes;
}

/**
 * An answer that says no more than its kind, or a sentence with it.
 *
 * @param option What is answered.
 * @param kind How.
 * @param sentence For people; only with an error.
 * @returns The bytes.
 */
export function encodeOptionReply(option: number, kind: OptionReply, sentence = ""): Uint8Array {
  const text = encoder.encode(sentence);
  const bytes = reply(option, kind, text.byteLength);
  bytes.set(text, REPLY_HEAD_BYTES);
  return bytes;
}

/**
 * An export in the answer to LIST.
 *
 * @param option What is answered.
 * @param each The export.
 * @returns The bytes.
 */
export function encodeListed(option: number, each: NbdExport): Uint8Array {
  const name = encoder.encode(each.name);
  const description = encoder.encode(each.description);
  const bytes = reply(option, "server", 4 + name.byteLength + description.byteLength);
  viewOf(bytes).setUint32(REPLY_HEAD_BYTES, name.byteLength);
  bytes.set(name, REPLY_HEAD_BYTES + 4);
  bytes.set(description, REPLY_HEAD_BYTES + 4 + name.byteLength);
  return bytes;
}

function encodeTextInfo(option: number, kind: number, text: string): Uint8Array {
  const encoded = encoder.encode(text);
  const bytes = reply(option, "info", 2 + encoded.byteLength);
  viewOf(bytes).setUint16(REPLY_HEAD_BYTES, kind);
  bytes.set(encoded, REPLY_HEAD_BYTES + 2);
  return bytes;
}

/**
 * What is told of an export: its size and flags and its block sizes always, for whoever did not ask must
 * keep to them as well; its name and description when asked for.
 *
 * @param option What is answered.
 * @param each The export.
 * @param infos What the client would like.
 * @param mode The messages that were agreed on.
 * @param hasContexts Whether the client has chosen contexts of it.
 * @returns Answers, in order.
 */
export function encodeInfos(
  option: number,
  each: NbdExport,
  infos: readonly number[],
  mode: NbdMode,
  hasContexts: boolean,
): Uint8Array[] {
  const size = reply(option, "info", 12);
  const view = viewOf(size);
  view.setUint16(REPLY_HEAD_BYTES, INFOS.export);
  writeUint64(size, REPLY_HEAD_BYTES + 2, exportBytes(each));
  view.setUint16(REPLY_HEAD_BYTES + 10, transmissionFlags(each, mode, hasContexts));

  const blocks = reply(option, "info", 14);
  const blocksView = viewOf(blocks);
  const { minimumBytes, preferredBytes, maximumBytes } = blockSizes(each);
  blocksView.setUint16(REPLY_HEAD_BYTES, INFOS.blockSize);
  blocksView.setUint32(REPLY_HEAD_BYTES + 2, minimumBytes);
  blocksView.setUint32(REPLY_HEAD_BYTES + 6, preferredBytes);
  blocksView.setUint32(REPLY_HEAD_BYTES + 10, maximumBytes);

  const all = [size, blocks];
  if (infos.includes(INFOS.name)) all.push(encodeTextInfo(option, INFOS.name, each.name));
  if (infos.includes(INFOS.description)) {
    all.push(encodeTextInfo(option, INFOS.description, each.description));
  }
  return all;
}

/**
 * A context in the answer to LIST_META_CONTEXT or SET_META_CONTEXT.
 *
 * @param option What is answered.
 * @param id Its number in replies to BLOCK_STATUS.
 * @param name Its name.
 * @returns The bytes.
 */
export function encodeContext(option: number, id: number, name: string): Uint8Array {
  const text = encoder.encode(name);
  const bytes = reply(option, "metaContext", 4 + text.byteLength);
  viewOf(bytes).setUint32(REPLY_HEAD_BYTES, id);
  bytes.set(text, REPLY_HEAD_BYTES + 4);
  return bytes;
}

/**
 * The answer to EXPORT_NAME, which has a form of its own.
 *
 * @param each The export.
 * @param mode The messages that were agreed on.
 * @param isShort Whether the zeroes are left out.
 * @returns The bytes.
 */
export function encodeExportName(
  each: NbdExport,
  mode: NbdMode,
  isShort: boolean,
): Uint8Array {
  const bytes = new Uint8Array(10 + (isShort ? 0 : EXPORT_NAME_ZERO_BYTES));
  const view = viewOf(bytes);
  writeUint64(bytes, 0, exportBytes(each));
  view.setUint16(8, transmissionFlags(each, mode));
  return bytes;
}

/**
 * Devices by name: what a word on the command line stands for.
 *
 * | word | is |
 * |---|---|
 * | `disk.img`, `./disk.img`, `file:disk.img`, `file:///srv/disk.img` | a raw image in a file |
 * | `http://…`, `https://…` | a raw image on a web server, only read |
 * | `mem:64M` | zeroes in memory, gone when the command ends |
 *
 * A word with another scheme is refused rather than taken for a file of that name: `./odd:name` is one.
 * After `file:` a name is percent-encoded, as in every URI, so every name can be written.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { parseSize, SECTOR_BYTES } from "../../block/units.ts";
import { CommandFailure, EXIT_CODES } from "../failure.ts";

/** What a word stands for. */
export type DeviceUri =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "http"; readonly url: string }
  | { readonly kind: "memory"; readonly sectorCount: number };

const SCHEME = /^([a-z][a-z0-9+.-]+):/i;

function refuse(word: string, why: string): CommandFailure {
  return new CommandFailure(`Cannot use "${word}": ${why}`, EXIT_CODES.usage);
}

function pathOf(word: string): string {
  const rest = word.slice("file:".length);
  try {
    return rest.startsWith("//") ? fileURLToPath(word) : decodeURIComponent(rest);
  } catch {
    throw refuse(word, "want file:PATH or file:///PATH, percent-encoded");
  }
}

function memorySectorsOf(word: string): number {
  let byteCount = 0;
  try {
    byteCount = parseSize(word.slice("mem:".length));
  } catch {
    // Told below, with what is wanted.
  }
  if (byteCount > 0 && byteCount % SECTOR_BYTES === 0) return byteCount / SECTOR_BYTES;
  throw refuse(word, `want mem:SIZE, a multiple of ${SECTOR_BYTES} bytes such as mem:64M`);
}

/**
 * Reads a word.
 *
 * @param word As it was typed.
 * @returns What it stands for. Whether that is there is not looked at.
 * @throws {CommandFailure} When it is none of these.
 */
export function parseDeviceUri(word: string): DeviceUri {
  const scheme = SCHEME.exec(word)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      if (word === "") throw refuse(word, "want a file, http(s)://… or mem:SIZE");
      return { kind: "file", path: word };
    case "file":
      return { kind: "file", path: pathOf(word) };
    case "mem":
      return { kind: "memory", sectorCount: memorySectorsOf(word) };
    case "http":
    case "https":
      if (URL.canParse(word)) return { kind: "http", url: word };
      throw refuse(word, "it is no URL");
    default:
      throw refuse(word, `there are no devices by ${scheme}:, a file of that name is ./${word}`);
  }
}

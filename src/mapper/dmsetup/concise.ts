/**
 * The concise form of tables: any number of devices on one line.
 *
 *     origin,,0,rw,0 2048 snapshot-origin 7:0;pair,,1,ro,0 8 zero ,8 8 error
 *     │     │ │ │  └ table lines, a comma between two
 *     │     │ │ └ `ro` or `rw`; empty is `rw`
 *     │     │ └ minor number; empty for the lowest that is free
 *     │     └ UUID: always empty, mapped devices have none here
 *     └ name
 *
 * A semicolon ends a device. A backslash makes the character behind it an ordinary one.
 *
 * This module is browser compatible.
 *
 * @see dmsetup(8), "Concise format"
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";

/** A device, as the concise form has it. */
export interface ConciseDevice {
  /** Its name. */
  readonly name: string;
  /** Its minor number; `null` for any. */
  readonly minor: number | null;
  /** Whether its table refuses writes. */
  readonly isReadOnly: boolean;
  /** Its table's lines; none for a device that has no table. */
  readonly lines: readonly string[];
}

const FIELD_COUNT = 5;
/** What is cut at: a character behind a backslash does not count. */
const DEVICES = /((?:\\.|[^\\;])*)(?:;|$)/gs;
const FIELDS = /((?:\\.|[^\\,])*)(?:,|$)/gs;

function refuse(message: string): BlockDeviceError {
  return new BlockDeviceError("EINVAL", message);
}

/** The parts of a text between separators. */
function partsOf(text: string, separated: RegExp): string[] {
  const parts: string[] = [];
  for (const [whole, part = ""] of text.matchAll(separated)) {
    parts.push(part);
    if (whole.length === part.length) break; // No separator: that was the end.
  }
  return parts;
}

function unescape(text: string): string {
  return text.replace(/\\(.)/gs, "$1");
}

function parseDevice(text: string): ConciseDevice {
  const fields = partsOf(text, FIELDS).map((field) => unescape(field));
  if (fields.length < FIELD_COUNT) {
    throw refuse("Five comma-separated fields are required for each device");
  }
  const [name = "", uuid = "", minor = "", flags = "", ...lines] = fields;
  if (uuid.trim() !== "") {
    throw refuse(`Cannot give "${name.trim()}" the UUID "${uuid.trim()}": devices have none here`);
  }
  const minorWord = minor.trim();
  if (!/^\d{0,7}$/.test(minorWord)) {
    throw refuse(`Cannot use "${minorWord}" as a minor number`);
  }
  const flagWord = flags.trim();
  if (!["", "ro", "rw"].includes(flagWord)) {
    throw refuse(`Invalid flags parameter '${flagWord}' must be 'ro' or 'rw' or empty.`);
  }
  return {
    name: name.trim(),
    minor: minorWord === "" ? null : Number(minorWord),
    isReadOnly: flagWord === "ro",
    lines: lines.filter((line) => line.trim() !== ""),
  };
}

/**
 * Reads devices.
 *
 * @param text Their concise form.
 * @returns The devices, in the order given.
 * @throws {BlockDeviceError} `EINVAL` when it is none.
 */
export function parseConcise(text: string): ConciseDevice[] {
  if (/(^|[^\\])(\\\\)*\\$/.test(text)) {
    throw refuse("Backslash must be followed by another character at end of string.");
  }
  return partsOf(text, DEVICES).filter((part) => part.trim() !== "").map(parseDevice);
}

function escape(text: string): string {
  return text.replace(/[\\,;]/g, "\\$&");
}

/**
 * Writes devices as {@linkcode parseConcise} reads them.
 *
 * @param devices The devices.
 * @returns One line, without a newline.
 */
export function formatConcise(devices: readonly ConciseDevice[]): string {
  return devices.map(({ name, minor, isReadOnly, lines }) => {
    const head = [name, "", String(minor ?? ""), isReadOnly ? "ro" : "rw"];
    return [...head, ...lines.length === 0 ? [""] : lines].map(escape).join(",");
  }).join(";");
}

/**
 * What a benchmark found, as values, and as text for a link.
 *
 * A link comes from anywhere: {@linkcode readResults} takes nothing from it but numbers that make sense,
 * in the places where they belong, and a short line on the machine.
 *
 *     r=1.<base64url of JSON: [machine, isolated, [kernel, plain, …], [[touch, overwrite, flush] | reason, …]]>
 *
 * This module is browser compatible.
 *
 * @module
 */

/** What is done to bytes. */
export const BYTE_VERBS = ["copy", "compare", "is zero", "XXH3-64"] as const;
/** One of {@linkcode BYTE_VERBS}. */
export type ByteVerb = typeof BYTE_VERBS[number];

/** The sizes that it is done to, in bytes. */
export const SIZES = [512, 4096, 65_536, 1_048_576] as const;

/** Where disks are kept. */
export const STORAGES = ["memory", "indexeddb", "opfs"] as const;
/** One of {@linkcode STORAGES}. */
export type StorageName = typeof STORAGES[number];

/** A verb at a size: nanoseconds for doing it once. */
export interface ByteRow {
  readonly verb: ByteVerb;
  readonly byteCount: number;
  readonly kernelNs: number;
  readonly plainNs: number;
}

/** A disk in a storage: microseconds each; or why there is none. */
export type StorageRow =
  & { readonly storage: StorageName }
  & (
    | {
      /** The first write of a sector to a chunk since a snapshot: the chunk is copied. */
      readonly firstTouchUs: number;
      /** Another one to the same chunk. */
      readonly overwriteUs: number;
      /** Making a round's writes durable. */
      readonly flushUs: number;
    }
    | { readonly absence: string }
  );

/** All that was found. */
export interface Results {
  /** The browser, in a few words. */
  readonly machine: string;
  readonly isIsolated: boolean;
  readonly bytes: readonly ByteRow[];
  readonly storages: readonly StorageRow[];
}

const VERSION = "1";
const KEY = "r";
const TEXT_MAX = 120;
const LINK_MAX = 8192;
/** Longer than anything that is measured here takes: an hour, in nanoseconds. */
const NUMBER_MAX = 3.6e12;

/** Three digits are all that a measurement is worth. */
const rounded = (number: number) => Number(number.toPrecision(3));

/** The part of an address that has the results. */
export function writeResults({ machine, isIsolated, bytes, storages }: Results): string {
  const packed = [
    machine.slice(0, TEXT_MAX),
    isIsolated ? 1 : 0,
    bytes.flatMap(({ kernelNs, plainNs }) => [rounded(kernelNs), rounded(plainNs)]),
    storages.map((row) =>
      "absence" in row
        ? row.absence.slice(0, TEXT_MAX)
        : [row.firstTouchUs, row.overwriteUs, row.flushUs].map(rounded)
    ),
  ];
  const text = new TextEncoder().encode(JSON.stringify(packed));
  const base64 = btoa(String.fromCharCode(...text));
  const safe = base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  return `${KEY}=${VERSION}.${safe}`;
}

const isTime = (value: unknown): value is number =>
  typeof value === "number" && value >= 0 && value <= NUMBER_MAX;

const isText = (value: unknown): value is string =>
  typeof value === "string" && value.length <= TEXT_MAX;

function readBytes(numbers: unknown): ByteRow[] | null {
  if (!Array.isArray(numbers) || numbers.length !== 2 * BYTE_VERBS.length * SIZES.length) {
    return null;
  }
  if (!numbers.every(isTime)) return null;
  return BYTE_VERBS.flatMap((verb, verbAt) =>
    SIZES.map((byteCount, sizeAt) => {
      const at = 2 * (verbAt * SIZES.length + sizeAt);
      return { verb, byteCount, kernelNs: numbers[at]!, plainNs: numbers[at + 1]! };
    })
  );
}

function readStorages(rows: unknown): StorageRow[] | null {
  if (!Array.isArray(rows) || rows.length !== STORAGES.length) return null;
  const read = STORAGES.map((storage, at): StorageRow | null => {
    const row: unknown = rows[at];
    if (isText(row)) return { storage, absence: row };
    if (!Array.isArray(row) || row.length !== 3 || !row.every(isTime)) return null;
    const [firstTouchUs, overwriteUs, flushUs] = row as [number, number, number];
    return { storage, firstTouchUs, overwriteUs, flushUs };
  });
  return read.every((row) => row !== null) ? read : null;
}

/**
 * Reads results from an address.
 *
 * @param fragment What is behind the `#`; anything.
 * @returns The results; `null` when there are none that make sense.
 */
export function readResults(fragment: string): Results | null {
  if (fragment.length > LINK_MAX) return null;
  const packed = new RegExp(`[?&]${KEY}=${VERSION}\\.([\\w-]+)$`).exec(fragment)?.[1];
  if (packed === undefined) return null;
  try {
    const binary = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
    const text = new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
    const [machine, isolated, numbers, rows] = JSON.parse(text);
    const [bytes, storages] = [readBytes(numbers), readStorages(rows)];
    if (!isText(machine) || bytes === null || storages === null) return null;
    return { machine, isIsolated: isolated === 1, bytes, storages };
  } catch {
    return null; // No base64, or no JSON.
  }
}

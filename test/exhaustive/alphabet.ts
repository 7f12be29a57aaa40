/**
 * The alphabet: what can be done to an origin of three chunks with up to two snapshots.
 *
 * | word | operation |
 * |---|---|
 * | `take` | take a snapshot, in the first free slot: `a`, then `b` |
 * | `o0` `o1` `o2` | write one sector of a chunk of the origin |
 * | `o*` | write all of the origin |
 * | `a0` `a1` `a2`, `b…` | write one sector of a chunk of a snapshot |
 * | `a*` | write the snapshot but for its first and last sector, with FUA |
 * | `b*` | write all of the snapshot, with FUA |
 * | `zero-a`, `zero-b` | discard chunk 0 of a snapshot |
 * | `merge-a`, `merge-b` | close it and merge it into the origin: one run; again: the next run |
 * | `hand-a`, `hand-b` | the same, but its exceptions are handed over while it is open |
 * | `drop-a`, `drop-b` | remove it |
 * | `flush` | flush everything |
 * | `reopen` | close everything and open it again |
 *
 * **Labels.** A chunk is named by the order of first use: the first chunk of a sequence is 0, the
 * next new one is 1. What chunk that is follows from the variant.
 */

/** A snapshot's slot. */
export type Slot = 0 | 1;

/** A chunk's label, or all of them. */
export type Place = 0 | 1 | 2 | "*";

/** One operation. */
export type Operation =
  | { readonly kind: "take" | "flush" | "reopen" }
  | { readonly kind: "writeOrigin"; readonly place: Place }
  | { readonly kind: "write"; readonly slot: Slot; readonly place: Place }
  | { readonly kind: "discard" | "merge" | "hand" | "drop"; readonly slot: Slot };

const SLOTS: readonly Slot[] = [0, 1];
const PLACES: readonly Place[] = [0, 1, 2, "*"];

/** Every operation. */
export const ALPHABET: readonly Operation[] = [
  { kind: "take" },
  ...PLACES.map((place): Operation => ({ kind: "writeOrigin", place })),
  ...SLOTS.flatMap((slot) => PLACES.map((place): Operation => ({ kind: "write", slot, place }))),
  ...SLOTS.flatMap((slot) =>
    (["discard", "merge", "hand", "drop"] as const).map((kind): Operation => ({ kind, slot }))
  ),
  { kind: "flush" },
  { kind: "reopen" },
];

const LETTERS = ["a", "b"] as const;

/** An operation's word. */
export function wordOf(operation: Operation): string {
  switch (operation.kind) {
    case "writeOrigin":
      return `o${operation.place}`;
    case "write":
      return `${LETTERS[operation.slot]}${operation.place}`;
    case "discard":
      return `zero-${LETTERS[operation.slot]}`;
    case "merge":
    case "hand":
    case "drop":
      return `${operation.kind}-${LETTERS[operation.slot]}`;
    default:
      return operation.kind;
  }
}

const BY_WORD = new Map(ALPHABET.map((operation) => [wordOf(operation), operation]));

/** A sequence as a line. */
export function lineOf(sequence: readonly Operation[]): string {
  return sequence.map(wordOf).join(" ");
}

/**
 * Reads a line.
 *
 * @throws {Error} When a word is none of the alphabet.
 */
export function sequenceOf(line: string): Operation[] {
  return line.split(/\s+/).filter((word) => word !== "").map((word) => {
    const operation = BY_WORD.get(word);
    if (operation !== undefined) return operation;
    throw new Error(`"${word}" is no operation; there are ${[...BY_WORD.keys()].join(" ")}`);
  });
}

/** The highest label that an operation uses; -1 for none. */
export function highestLabel(operation: Operation): number {
  if (operation.kind === "discard") return 0;
  if (operation.kind !== "write" && operation.kind !== "writeOrigin") return -1;
  return operation.place === "*" ? 2 : operation.place;
}

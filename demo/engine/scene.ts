/**
 * What the page draws: plain values, made by the engine from what the real devices say.
 *
 * The engine reads, never guesses: a cell's generation is read from the bytes, its place from the
 * exception tables, its role on a COW device from the format. A scene is whole; a view draws it from
 * nothing, or compares `revision`s. Numbers in typed arrays, so that a scene crosses from the worker
 * to the page cheaply, for millions of chunks too.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

/** Where what is stored is kept. */
export type StorageWord = "memory" | "indexeddb" | "opfs";

/**
 * Where a chunk's bytes live, or what a chunk of a COW device is. The outline that the view draws.
 *
 * `shared`: in the origin; `own`: on the COW device; `cached`: there, kept by a read; of a COW device
 * `header`, `area` (a metadata area), `data` (named by an exception), `stale` (written, named by
 * nothing), `free`; of a bad-block target `bad` (its write would fail), `relocated`.
 */
export const PLACES = [
  "shared",
  "own",
  "cached",
  "header",
  "area",
  "data",
  "stale",
  "free",
  "bad",
  "relocated",
] as const;
/** One of {@linkcode PLACES}. */
export type Place = typeof PLACES[number];

/** One device as a row of chunks. */
export interface Strip {
  readonly name: string;
  readonly role: "origin" | "snapshot" | "cow";
  /** For a snapshot its COW device's strip, for a COW device its snapshot's. */
  readonly partner: string | undefined;
  /** For a snapshot, what it is a snapshot of. */
  readonly origin: string | undefined;
  /** Bytes of a chunk: its own, so strips may differ. */
  readonly chunkBytes: number;
  readonly chunkCount: number;
  /** dm's own words: the table line and the status line. */
  readonly table: string;
  readonly status: string;
  readonly health: "valid" | "invalid" | "overflow" | "merging" | "merged" | "off";
  /**
   * Per chunk, the generation of its content: 0 for zeroes, else the number of the write that made
   * it, as its bytes say; bytes that no write of this page made hash to 0x8000 and up.
   */
  readonly generations: Uint16Array;
  /** Per chunk, an index into {@linkcode PLACES}. */
  readonly places: Uint8Array;
}

/** An exception under way: the arc from the old chunk to the new one. */
export interface PendingCopy {
  /** The snapshot whose COW device is copied to. */
  readonly snapshot: string;
  readonly oldChunk: number;
  readonly newChunk: number;
  readonly isCommitted: boolean;
}

/**
 * One beat of a write: a step that the real engine is about to perform, or has just performed.
 *
 * The four beats of the first write to a chunk are `read-old`, `copy-out`, `commit`, `in-place`;
 * others are told as what they are.
 */
export interface Beat {
  readonly kind:
    | "read-old"
    | "copy-out"
    | "flush"
    | "commit"
    | "in-place"
    | "read"
    | "merge-copy"
    | "merge-commit"
    | "fill"
    | "relocate";
  /** What the stack stands on: `disk`, which is the origin's, or a COW device's strip. */
  readonly device: string;
  readonly sector: number;
  readonly sectorCount: number;
  /** One short sentence for people. */
  readonly text: string;
  readonly isPerformed: boolean;
}

/** What it has cost so far, and what full copies would have. */
export interface Bill {
  readonly copiedSectors: number;
  readonly writtenSectors: number;
  readonly fullCopySectors: number;
  readonly commits: number;
  readonly flushes: number;
  /** Per snapshot name, dm's `used/total metadata`. */
  readonly usage: Readonly<Record<string, string>>;
}

/** One line of the log: a command that was run, and how it ended. */
export interface LogLine {
  readonly line: string;
  readonly outcome: "done" | "failed" | "cut";
  /** What it cost, for the plots. */
  readonly copiedSectors: number;
  readonly usedSectors: number;
}

/** Everything that is drawn. */
export interface Scene {
  /** Grows with every change. */
  readonly revision: number;
  readonly storage: StorageWord;
  readonly power: "on" | "off";
  /** Whether commits are made in the wrong order, to see why the right one is right. */
  readonly isCareless: boolean;
  /** Top to bottom: origin, then each snapshot followed by its COW device. */
  readonly strips: readonly Strip[];
  readonly pending: readonly PendingCopy[];
  /** The beat the engine waits before, or has just played. */
  readonly beat: Beat | undefined;
  /** `paused`: waits for `step`, `play` or `pull`. */
  readonly tempo: { readonly beatMs: number; readonly state: "idle" | "playing" | "paused" };
  readonly bill: Bill;
  readonly log: readonly LogLine[];
  /** How many lines of the log are in force: less than all of them when one looks at the past. */
  readonly cursor: number;
  /** Why what survived the last loss of power did; sentences. */
  readonly survivors: readonly string[];
}

/** What a command line came to. */
export interface Outcome {
  readonly isDone: boolean;
  /** Text as the command line prints it. */
  readonly text: string;
  /** Bytes for the visitor to keep: an image, a COW file. */
  readonly file?: { readonly name: string; readonly bytes: Blob };
}

/** What one sees on pointing at a chunk. */
export interface ChunkStory {
  /** From the top: one table line for each device its read goes through, and why. */
  readonly path: readonly string[];
  /** Its first bytes, as a hex dump. */
  readonly dump: string;
}

/** The engine as the page sees it; the same interface in the page, over a port, and in tests. */
export interface DemoEngine {
  /** The newest scene. */
  readonly scene: Scene;
  /** Hears of every new scene, at most one per frame; returns what stops it. */
  onScene(listener: (scene: Scene) => void): () => void;
  /**
   * Runs one command line: every act is one. `pace MS`, `step`, `play`, `pull` and `plug` may be run
   * while another line is under way; the others wait for their turn.
   */
  run(line: string): Promise<Outcome>;
  /**
   * Plays the lines of a link, on an empty disk in memory; what is stored elsewhere stays.
   *
   * @param link What {@linkcode link} made, from the `#` on; from anybody.
   */
  follow(link: string): Promise<Outcome>;
  /** Gives the engine a file: an image to be the origin, or a COW file. */
  give(name: string, bytes: Blob): Promise<Outcome>;
  /** Tells of one chunk. */
  inspect(strip: string, chunk: number): Promise<ChunkStory>;
  /** What the word at the end of the line could become. */
  complete(line: string): Promise<readonly string[]>;
  /** The lines in force as text for a link. See {@linkcode follow}. */
  link(): string;
}

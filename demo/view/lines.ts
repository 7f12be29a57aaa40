/**
 * The lines that clicks write: the one place where the page knows the engine's grammar.
 *
 * @module
 */

import type { StorageWord } from "../engine/scene.ts";

/** How long a beat is shown when nobody has said, in milliseconds: long enough to follow it. */
export const PACE_MS = 350;

/** Every act of the page as a command line. */
export const LINES = {
  play: "play",
  pause: "pause",
  step: "step",
  pull: "pull",
  plug: "plug",
  undo: "undo",
  redo: "redo",
  pace: (beatMs: number) => `pace ${beatMs}`,
  careless: (isOn: boolean) => `careless ${isOn ? "on" : "off"}`,
  goTo: (cursor: number) => `goto ${cursor}`,
  storage: (word: StorageWord) => `storage ${word}`,
  downloadImage: (device: string) => `download ${device}`,
  downloadCow: (snapshot: string) => `download cow ${snapshot}`,
  write: (strip: string, chunk: number) => `write ${strip} ${chunk}`,
} as const;

/** A story to begin with: all lines but the last are run at once, the last one is watched. */
export interface Scenario {
  readonly name: string;
  readonly about: string;
  readonly lines: readonly string[];
}

/** A disk that is full of the first write. */
const FULL_DISK = ["reset", "write origin 0-63"] as const;

/** What one may begin with. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "Several snapshots",
    about: "Three snapshots, each with chunks of its own size: one write, three copies",
    lines: [
      ...FULL_DISK,
      "snapshot monday",
      "write origin 3",
      "snapshot tuesday --chunk 8K",
      "write origin 20",
      "snapshot friday --chunk 16K",
      "write origin 40",
    ],
  },
  {
    name: "Full: Invalid",
    about: "A COW device fills up: its snapshot is invalid, and the origin goes on",
    lines: [...FULL_DISK, "snapshot monday --size 32K", "fill monday"],
  },
  {
    name: "Full: Overflow",
    about: "With the store PO a snapshot that is full can still be read",
    lines: [
      ...FULL_DISK,
      "snapshot monday --store PO --size 32K",
      "write monday 0-5",
      "write monday 6",
    ],
  },
  {
    name: "Merge",
    about: "A snapshot is folded back into its origin",
    lines: [
      ...FULL_DISK,
      "snapshot monday",
      "write origin 3-5",
      "write monday 20",
      "merge monday",
    ],
  },
  {
    name: "Bad block",
    about: "A chunk of the disk cannot be written any more: it moves to a spare",
    lines: [...FULL_DISK, "bad 7", "write origin 7"],
  },
  {
    name: "Copy on read",
    about: "A snapshot that keeps what is read through it",
    lines: [...FULL_DISK, "cache monday --size 256K", "read monday 8-15"],
  },
];

/**
 * The lines that clicks write: the one place where the page knows the engine's grammar.
 *
 * @module
 */

import type { StorageWord } from "../engine/scene.ts";

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
  export: (device: string) => `export ${device}`,
  write: (strip: string, chunk: number) => `write ${strip} ${chunk}`,
} as const;

/** What one may begin with. */
export const SCENARIOS: readonly { readonly name: string; readonly line: string }[] = [
  { name: "Several snapshots", line: "scenario several" },
  { name: "Fill a COW: Invalid", line: "scenario invalid" },
  { name: "PO: Overflow", line: "scenario overflow" },
  { name: "Merge", line: "scenario merge" },
  { name: "Bad block", line: "scenario bad-block" },
  { name: "Copy-on-read", line: "scenario copy-on-read" },
];

/**
 * Commands about time and place: none of them is a line of the log.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { formatSize, SECTOR_BYTES } from "../../../src/mod.ts";
import type { StorageWord } from "../scene.ts";
import type { Session } from "../session.ts";
import { Refusal } from "./refusal.ts";
import { ORIGIN_SECTORS_MAX } from "../world/world.ts";
import { chunkSectorsOf, sectorsOf, wholeNumber } from "./chunks.ts";
import { type Call, type Command, PULL_OPTIONS } from "./command.ts";

const STORAGES: readonly StorageWord[] = ["memory", "indexeddb", "opfs"];

async function goTo(session: Session, number: number): Promise<string> {
  const { steps } = session.history.medium;
  if (!steps.includes(number)) {
    throw new Refusal(
      `Cannot go to line ${number}: kept are ${steps[0]} to ${steps.at(-1)}, the latest`,
    );
  }
  await session.goTo(number);
  return number === session.history.log.length
    ? `line ${number}: now`
    : `line ${number} of ${session.history.log.length}: what is done here begins another story`;
}

function undo({ session }: Call) {
  if (session.history.cursor > 0) return goTo(session, session.history.cursor - 1);
  throw new Refusal("There is nothing to undo");
}

function redo({ session }: Call) {
  if (session.history.cursor < session.history.log.length) {
    return goTo(session, session.history.cursor + 1);
  }
  throw new Refusal("There is nothing to redo");
}

async function reset({ session, options: { size = "256K", chunk = "4K" } }: Call) {
  const chunkSectors = chunkSectorsOf(chunk, 128);
  const sectorCount = sectorsOf(size, "size");
  if (sectorCount % chunkSectors !== 0 || sectorCount > ORIGIN_SECTORS_MAX) {
    throw new Refusal(`Cannot make a disk of ${size}: want whole chunks of ${chunk}, at most 4G`);
  }
  await session.reset({ sectorCount, chunkSectors });
  return `a disk of ${formatSize(sectorCount * SECTOR_BYTES)}, all zeroes`;
}

async function moveTo({ session, words: [word = ""] }: Call) {
  const storage = STORAGES.find((each) => each === word);
  if (storage === undefined) {
    throw new Refusal(`Cannot keep anything in "${word}": want ${STORAGES.join(", ")}`);
  }
  if (storage === session.history.medium.storage) return `everything is in ${storage} already`;
  const isTakenAlong = await session.moveTo(storage);
  const what = isTakenAlong ? "everything, without the steps behind it" : "what was there before";
  return storage === "memory"
    ? `shown is ${what}, in memory: gone when the page is`
    : `shown is ${what}, kept in ${storage}: it is here when the page is loaded again`;
}

const CONTROLS: readonly (readonly [string, string, string])[] = [
  ["pace", "MS", "show each beat for so long"],
  ["pause", "", "stop before the next beat"],
  ["step", "", "perform one beat"],
  ["play", "", "perform beats as they come"],
  ["pull", "", "pull the plug, in the middle of whatever is under way"],
];

/** They, in the order of help. */
export const TIME_LINES: readonly Command[] = [
  ...CONTROLS.map(([name, usage, summary]): Command => ({
    name,
    usage,
    summary,
    wordCount: usage === "" ? [0, 0] : [1, 1],
    kind: "control",
    ...name === "pull" ? { options: PULL_OPTIONS } : {},
    run: () => Promise.resolve(""),
  })),
  {
    name: "undo",
    usage: "",
    summary: "go back to before the last line",
    wordCount: [0, 0],
    kind: "time",
    run: undo,
  },
  {
    name: "redo",
    usage: "",
    summary: "go forth again",
    wordCount: [0, 0],
    kind: "time",
    run: redo,
  },
  {
    name: "goto",
    usage: "LINE",
    summary: "show what there was after a line of the log",
    wordCount: [1, 1],
    kind: "time",
    run: ({ session, words: [word = ""] }) => goTo(session, wholeNumber(word, "a line")),
  },
  {
    name: "reset",
    usage: "",
    summary: "begin with an empty disk",
    wordCount: [0, 0],
    options: {
      size: { value: "SIZE", summary: "its size (256K)", words: ["256K", "16M", "4G"] },
      chunk: { value: "SIZE", summary: "the unit it is written in (4K)", words: ["4K"] },
    },
    kind: "time",
    run: reset,
  },
  {
    name: "storage",
    usage: "memory|indexeddb|opfs",
    summary: "keep everything somewhere else",
    wordCount: [1, 1],
    kind: "time",
    completes: (_, index) => index === 0 ? STORAGES : [],
    run: moveTo,
  },
];

/**
 * The guided path, as data: what is said at each step, what is to be done, and how one sees that it is.
 *
 * A step begins with lines of its own, on an empty disk; so one can enter it from either side, or from
 * anywhere. What is to be done is a line, or two, that the visitor types or clicks.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { type DemoEngine, type Outcome, PLACES, type Scene, type Strip } from "./scene.ts";

/** A step of the path. */
export interface GuideStep {
  readonly title: string;
  /** What one sees. */
  readonly sentence: string;
  /** What is to be done, for people. */
  readonly task: string;
  /** The lines that it amounts to. */
  readonly lines: readonly string[];
  /** Whether it is done. */
  readonly isDone: (scene: Scene) => boolean;
  readonly question: string;
  readonly answer: string;
  /** The lines that the step begins with, on an empty disk. */
  readonly start: readonly string[];
  /** How long a beat is shown, in milliseconds. */
  readonly beatMs: number;
}

/** A device's strip. */
function stripOf({ strips }: Scene, name: string): Strip | undefined {
  return strips.find((strip) => strip.name === name);
}

function placeOf(scene: Scene, name: string, chunk: number): string | undefined {
  return PLACES[stripOf(scene, name)?.places[chunk] ?? -1];
}

function isAfter(scene: Scene, line: string): boolean {
  return scene.tempo.state !== "playing" && scene.log[scene.cursor - 1]?.line === line;
}

const NOTES = "write origin 0-15";
const MONDAY = "snapshot monday --size 64K";

/** They. */
export const GUIDE: readonly GuideStep[] = [
  {
    title: "A disk",
    sentence:
      "A disk of 64 chunks, 4 KiB each. Every write has a number, and every number a colour.",
    task: "Write chunk 5 of the origin.",
    lines: ["write origin 5"],
    isDone: (scene) => isAfter(scene, "write origin 5"),
    question: "Where does the colour come from?",
    answer: "From the bytes: what is written carries its number, and the page reads it back.",
    start: [NOTES, "write origin 24-39", "write origin 30-33"],
    beatMs: 0,
  },
  {
    title: "A snapshot",
    sentence: "A snapshot is a second disk that stays as the first one is now.",
    task: "Take a snapshot, monday.",
    lines: [MONDAY],
    isDone: (scene) => stripOf(scene, "monday")?.health === "valid",
    question: "How much was copied?",
    answer: "Nothing. Its COW device holds a header and an empty list; what monday shows is read " +
      "from the origin.",
    start: [NOTES],
    beatMs: 0,
  },
  {
    title: "The first write",
    sentence: "Before a chunk of the origin is overwritten, monday gets a copy of what it was.",
    task: "Write chunk 5 of the origin, and watch the beats.",
    lines: ["write origin 5"],
    isDone: (scene) => placeOf(scene, "monday", 5) === "own" && isAfter(scene, "write origin 5"),
    question: "Why is there a flush between the copy and its entry in the list?",
    answer: "An entry must never name data that a loss of power can still take away.",
    start: [NOTES, MONDAY],
    beatMs: 700,
  },
  {
    title: "The second write",
    sentence: "monday has a copy of chunk 5 by now: there is nothing left to save.",
    task: "Write chunk 5 of the origin again.",
    lines: ["write origin 5"],
    isDone: ({ log, cursor, ...scene }) =>
      cursor === 4 && scene.tempo.state !== "playing" && log[3]?.line === "write origin 5" &&
      log[3].copiedSectors === 0,
    question: "What does it cost, then?",
    answer: "One look-up and one write. A chunk is copied once in a snapshot's life.",
    start: [NOTES, MONDAY, "write origin 5"],
    beatMs: 700,
  },
  {
    title: "Pull the plug",
    sentence: "The old chunk is copied, the new one not yet written: now the power goes.",
    task: "Pull the plug before the last beat, and plug it in again.",
    lines: ["write origin 6; pull --after 4 --seed 5", "plug"],
    isDone: ({ power, log, cursor, ...scene }) =>
      power === "on" && log[cursor - 1]?.line === "plug" && log[cursor - 2]?.outcome === "cut" &&
      stripOf(scene as Scene, "monday")?.health === "valid",
    question: "Which of the two has the right chunk 6 now?",
    answer:
      "Both: monday reads its copy, and the origin was not touched. The copy is then one too " +
      "many, and harmless.",
    start: [NOTES, MONDAY, "write origin 5"],
    beatMs: 0,
  },
  {
    title: "A full COW device",
    sentence: "monday-cow, where the copies go, has room for 14. The origin has 64 chunks.",
    task: "Write the origin until monday is full.",
    lines: ["fill monday"],
    isDone: (scene) =>
      stripOf(scene, "monday")?.health === "invalid" &&
      stripOf(scene, "origin")?.health === "valid",
    question: "Why is monday given up, and not the write refused?",
    answer: "The origin comes first: it goes on as if there were no snapshot, and monday says " +
      "Invalid, for ever, and reads nothing wrong.",
    start: [NOTES, MONDAY],
    beatMs: 0,
  },
  {
    title: "Back in time",
    sentence: "A merge puts monday's copies back into the origin, the newest first.",
    task: "Merge monday back.",
    lines: ["merge monday"],
    isDone: (scene) =>
      stripOf(scene, "monday")?.health === "merged" &&
      stripOf(scene, "origin")?.generations[3] === 1,
    question: "Why newest first?",
    answer:
      "Then what is left in the list is a snapshot at any moment, and a merge that the power " +
      "has cut goes on where it was.",
    start: [NOTES, MONDAY, "write origin 3-7", "write monday 9"],
    beatMs: 300,
  },
];

/**
 * Begins a step: the disk is made what the step begins with. What there was is gone.
 *
 * @param engine Where.
 * @param number The step, from 0 on.
 * @returns What went wrong, or the step's sentence.
 */
export async function enterStep(engine: DemoEngine, number: number): Promise<Outcome> {
  const step = GUIDE[number];
  if (step === undefined) {
    return { isDone: false, text: `There is no step ${number}: want 0 to ${GUIDE.length - 1}` };
  }
  for (const line of ["play", "pace 0", "reset", ...step.start, `pace ${step.beatMs}`]) {
    const outcome = await engine.run(line);
    if (!outcome.isDone) return outcome;
  }
  return { isDone: true, text: step.sentence };
}

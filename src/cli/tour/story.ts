/**
 * The tour's story, as data: what is said, and what is done. Printing it is `commands/tour.ts`'s.
 *
 * @module
 */

import type { TourWorld } from "./world.ts";

/** A step of the tour. */
export interface TourStep {
  /** What happens, in a few words. */
  readonly title: string;
  /** What to see in it, lines of at most 77 characters. */
  readonly lines: readonly string[];
  /** Makes it happen. */
  readonly act: (world: TourWorld) => void | Promise<void>;
}

/** The steps, in order. */
export const STORY: readonly TourStep[] = [
  {
    title: "A disk",
    lines: ["16 MiB, full of notes. It is opened as an origin: it can have snapshots."],
    act: () => {},
  },
  {
    title: "Take a snapshot: monday, in chunks of 4 KiB",
    lines: [
      "It takes no time. Nothing is copied: its image holds a header and an empty",
      "list, 16 sectors, and every read of monday goes to the disk.",
    ],
    act: (world) => world.take("monday", 8),
  },
  {
    title: "Write to the disk, in three places",
    lines: [
      "Each old chunk is copied out before it is overwritten, and only then. monday",
      "still shows the disk of step 1, for 3 chunks of 8 sectors: 16 becomes 40.",
    ],
    act: (world) => {
      for (const sector of [1000, 9000, 20000]) world.write("origin", sector, 4);
    },
  },
  {
    title: "Take another: tuesday, in chunks of 16 KiB",
    lines: ["Any number of snapshots can follow one disk, in chunks of any size."],
    act: (world) => world.take("tuesday", 32),
  },
  {
    title: "Write to the disk again",
    lines: [
      "Half a megabyte, over places old and new. Each snapshot copies out what it",
      "has not copied before: monday skips the chunk it has, tuesday needs them all.",
    ],
    act: (world) => world.write("origin", 9000, 1024),
  },
  {
    title: "Write to monday itself",
    lines: [
      "A snapshot is a disk of its own. What is written to it goes into its image;",
      "neither the disk nor tuesday hears of it.",
    ],
    act: (world) => {
      world.write("monday", 0, 64);
      world.write("monday", 15000, 8);
    },
  },
  {
    title: "Write in the same places once more",
    lines: ["A chunk is copied once. After that a write is only a write: nothing grows."],
    act: (world) => {
      world.write("origin", 9000, 1024);
      world.write("monday", 0, 64);
    },
  },
  {
    title: "Merge monday back",
    lines: [
      "The disk becomes what monday shows, newest exceptions first, so that a crash",
      "at any moment loses nothing. tuesday keeps its view: it gets its copies.",
    ],
    act: (world) => world.merge("monday"),
  },
  {
    title: "Close tuesday, and open it again from its image",
    lines: ["All it knew is in its image, in Linux's format: Linux would open it as well."],
    act: (world) => world.reopen("tuesday"),
  },
];

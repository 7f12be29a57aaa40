/**
 * The bill: what the beats have cost.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import type { Beat } from "../scene.ts";
import type { World } from "../world/world.ts";
import type { Errand } from "./beat_story.ts";

const COPIES: readonly Beat["kind"][] = ["copy-out", "fill", "merge-copy"];

/**
 * A bill with one beat more.
 *
 * @param bill The bill so far.
 * @param beat The beat, which was performed.
 * @param errand What line it was of. What a new store is made of names no chunk, and is no commit.
 */
export function withBeat(
  bill: World["bill"],
  { kind, sectorCount }: Pick<Beat, "kind" | "sectorCount">,
  errand: Errand,
): World["bill"] {
  const isCommit = kind === "merge-commit" || (kind === "commit" && errand !== "snapshot");
  return {
    ...bill,
    copiedSectors: bill.copiedSectors + (COPIES.includes(kind) ? sectorCount : 0),
    commits: bill.commits + (isCommit ? 1 : 0),
    flushes: bill.flushes + (kind === "flush" ? 1 : 0),
  };
}

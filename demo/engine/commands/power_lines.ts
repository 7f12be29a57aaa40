/**
 * Lines about power. Pulling the plug is no line but a control: see `time_lines.ts`.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import type { Call, Command } from "./command.ts";
import { Refusal } from "./refusal.ts";
import { finishMerge } from "./snapshot_lines.ts";

async function plug({ session }: Call) {
  if (session.world.power === "on") throw new Refusal("Cannot plug it in: there is power");
  const merging = session.world.snapshots.find((each) => each.merge === "going on");
  if (merging !== undefined) session.errand = "merge";
  await session.powerOn();
  if (merging !== undefined) await finishMerge(session, merging.name);
  return session.world.survivors.join("\n");
}

function careless({ session, words: [word = ""] }: Call) {
  if (word !== "on" && word !== "off") throw new Refusal("Usage: careless on|off");
  session.change({ isCareless: word === "on" });
  return Promise.resolve(
    word === "on"
      ? "COW devices say that they have flushed, and have not: entries overtake their data"
      : "COW devices keep what they promise",
  );
}

/** They, in the order of help. */
export const POWER_LINES: readonly Command[] = [
  {
    name: "careless",
    usage: "on|off",
    summary: "COW devices that lie about flushes, to see why the right order is right",
    wordCount: [1, 1],
    kind: "line",
    completes: (_, index) => index === 0 ? ["on", "off"] : [],
    run: careless,
  },
  {
    name: "plug",
    usage: "",
    summary: "give power again, and open the stack from what survived",
    wordCount: [0, 0],
    kind: "line",
    run: plug,
  },
];

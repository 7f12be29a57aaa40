/**
 * A scene: everything of a session that is drawn, as one value.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import type { Scene } from "../scene.ts";
import type { Session } from "../session.ts";

/**
 * Draws a scene.
 *
 * @param session What is shown.
 * @param revision The scene's number.
 * @param isUnderWay Whether a line is.
 */
export function drawScene(session: Session, revision: number, isUnderWay: boolean): Scene {
  const { world, stack, tempo, history: { log, cursor, medium } } = session;
  const usage = Object.fromEntries(
    world.snapshots.map(({ name }) => [name, stack?.statusWords(name) ?? ""]),
  );
  return {
    revision,
    storage: medium.storage,
    power: world.power,
    isCareless: world.isCareless,
    strips: session.strips(),
    pending: session.copies(),
    beat: tempo.beat,
    tempo: {
      beatMs: tempo.beatMs,
      state: tempo.isPaused ? "paused" : isUnderWay ? "playing" : "idle",
    },
    bill: { ...world.bill, usage },
    log,
    cursor,
    survivors: world.survivors,
  };
}

/** Sectors that all snapshots' exceptions take, as their status says. */
export function usedSectors({ world, stack }: Session): number {
  let sectorCount = 0;
  for (const { name } of world.snapshots) {
    sectorCount += stack?.tableOf(name)?.usage.allocatedSectors ?? 0;
  }
  return sectorCount;
}

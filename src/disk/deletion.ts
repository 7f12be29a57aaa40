/**
 * Deletion: what is done with a layer whose name was taken away while others lie on it.
 *
 *     1 ── 2 (leaving) ── 4            1 ── 4
 *               └──────── 3      ->    └─── 3          2 is gone
 *
 * One child after the other takes over what it needs and is put on what the leaving layer lies on. When
 * the last one has left, the layer is in no manifest any more.
 *
 * It goes in pieces, each a turn of its own: between them the tree may change in any way. A child that
 * is gone by then needs nothing.
 *
 * A child that is held for readers is not written: the deletion waits until they have gone.
 *
 * **Crash, failure, abort**: what was taken over stays; whoever begins again has less to do.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { runAsync } from "../block/plan.ts";
import type { DiskTree } from "./disk_tree.ts";
import { type MoveProgress, Takeover } from "./layers/takeover.ts";
import type { HeldLayers } from "./readers/held_layers.ts";
import { childrenOf, leavingLayers, liftOver } from "./manifest/layer_tree.ts";

/** Who is told how far a deletion has come, and what stops it. */
export interface DeleteOptions {
  /** Told how far it has come. */
  readonly onProgress?: (progress: MoveProgress) => void;
  /** Stops it. What was moved stays moved; it goes on when the disk is opened again. */
  readonly signal?: AbortSignal;
}

/** What a deletion needs of the session it is a part of. */
export interface DeletionHost {
  readonly tree: DiskTree;
  /** Performs work while nothing else changes the tree. */
  perform<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Opens a layer with what it lies on. Only in a turn. */
  openLayer(id: number): Promise<void>;
  /** Keeps a layer open between turns, until what is returned is called. */
  keep(id: number): () => void;
  /** Layers that readers may look at. */
  readonly held: HeldLayers;
  /** Lets others have their turn. */
  pause(): Promise<void>;
}

/** A child that takes over what it needs. */
interface Move {
  readonly child: number;
  readonly takeover: Takeover;
  readonly letGo: () => void;
}

/**
 * Empties a leaving layer and removes it.
 *
 * @param host The session.
 * @param id The layer; it may be gone already.
 * @param options Who is told, and what stops it.
 */
export async function settleDeletion(
  host: DeletionHost,
  id: number,
  { onProgress, signal }: DeleteOptions,
): Promise<void> {
  let childCount = childrenOf(host.tree.manifest, id).length;
  for (let leftCount = 0;;) {
    signal?.throwIfAborted();
    const move = await host.perform(() => beginMove(host, id));
    if (move === null) return;
    if (move === "held") {
      await host.held.whenFree(signal);
      continue;
    }
    childCount = Math.max(childCount, leftCount + 1);
    try {
      for (let isDone = false; !isDone;) {
        signal?.throwIfAborted();
        isDone = await host.perform(() => moveOn(host, id, move));
        const { doneCount, totalCount } = move.takeover.progress;
        onProgress?.({
          doneCount: leftCount * totalCount + (isDone ? totalCount : doneCount),
          totalCount: childCount * totalCount,
        });
        if (!isDone) await host.pause();
      }
    } finally {
      move.letGo();
    }
    leftCount++;
  }
}

/**
 * The layers that are leaving, the newest first: what a lower one still gets from them it need not
 * hand on.
 *
 * @param tree The tree.
 */
export function leavingIds({ manifest }: DiskTree): number[] {
  return leavingLayers(manifest).map(({ id }) => id);
}

async function beginMove(host: DeletionHost, id: number): Promise<Move | "held" | null> {
  const { tree } = host;
  const [child] = childrenOf(tree.manifest, id);
  if (child === undefined) return null;
  if (host.held.isHeld(child.id)) return "held";
  await host.openLayer(child.id);
  return {
    child: child.id,
    takeover: new Takeover(tree.stack.tableOf(id)),
    letGo: host.keep(child.id),
  };
}

/** Moves a piece; tells whether the child needs nothing of the layer any more. */
async function moveOn(host: DeletionHost, id: number, { child, takeover }: Move): Promise<boolean> {
  const { tree } = host;
  if (!childrenOf(tree.manifest, id).some((each) => each.id === child)) return true;
  if (host.held.isHeld(child)) return true; // It is begun again when it may be written.
  await runAsync(takeover.advance(tree.stack.tableOf(child), tree.stack.tableOf(id)));
  if (!takeover.isDone) return false;
  await runAsync(tree.lift(liftOver(tree.manifest, child), child));
  return true;
}

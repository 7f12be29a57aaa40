/**
 * Hashes a view with several workers, each of which has a leaf at a time.
 *
 * @module
 */

import { divCeil, sectorsToBytes } from "../../block/units.ts";
import type { Environment } from "../environment.ts";
import { CommandFailure } from "../failure.ts";
import { Interruption } from "../interruption.ts";
import { Progress } from "../progress.ts";
import { openView } from "../view/view.ts";
import type { LeafAnswer, LeafWish } from "./leaf_worker.ts";
import { LEAF_SECTORS, rootHash } from "./tree_hash.ts";

/** Which view, and by how many. */
export interface HashOptions {
  /** The view. */
  readonly word: string;
  /** Workers. */
  readonly jobs: number;
}

/** Hands out leaves, and takes their hashes. */
class LeafBoard {
  readonly hashes: string[];
  #next = 0;
  #doneCount = 0;

  constructor(leafCount: number) {
    this.hashes = Array.from({ length: leafCount }, () => "");
  }

  take(): number | null {
    return this.#next < this.hashes.length ? this.#next++ : null;
  }

  /** Puts a hash down; returns how many are there. */
  put(leaf: number, hash: string): number {
    this.hashes[leaf] = hash;
    return ++this.#doneCount;
  }
}

/** One worker, until there is nothing left to take. */
function work(
  worker: Worker,
  word: string,
  board: LeafBoard,
  onDone: (doneCount: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const tell = (wish: LeafWish) => worker.postMessage(wish);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new CommandFailure(`Cannot hash "${word}": ${event.message}`));
    };
    let isEnding = false;
    worker.onmessage = ({ data: answer }: MessageEvent<LeafAnswer>) => {
      if ("failure" in answer) return reject(new CommandFailure(answer.failure));
      if (isEnding) return resolve();
      if (answer.leaf !== null) onDone(board.put(answer.leaf, answer.hash));
      const leaf = board.take();
      isEnding = leaf === null;
      tell(leaf === null ? { isEnd: true } : { leaf });
    };
    tell({ word });
  });
}

/**
 * Hashes a view.
 *
 * @param environment The world.
 * @param options Which, and by how many workers.
 * @returns 32 hexadecimal digits, the same whatever the number of workers.
 */
export async function hashView(
  environment: Environment,
  { word, jobs }: HashOptions,
): Promise<string> {
  let sectorCount: number;
  {
    await using view = await openView(word, "read");
    sectorCount = view.device.sectorCount;
  }
  const board = new LeafBoard(divCeil(sectorCount, LEAF_SECTORS));
  const workerCount = Math.max(1, Math.min(jobs, board.hashes.length));
  const workers = Array.from(
    { length: workerCount },
    () => new Worker(new URL("./leaf_worker.ts", import.meta.url), { type: "module" }),
  );
  const sizeBytes = sectorsToBytes(sectorCount);
  const progress = new Progress(environment, "hashing", sizeBytes, "bytes");
  using interruption = new Interruption(environment, "nothing was changed");
  const onDone = (doneCount: number) =>
    progress.update(Math.min(sizeBytes, sectorsToBytes(doneCount * LEAF_SECTORS)));
  try {
    await interruption.orPressed(
      Promise.all(workers.map((worker) => work(worker, word, board, onDone))),
    );
    return rootHash(board.hashes);
  } finally {
    progress.end();
    for (const worker of workers) worker.terminate();
  }
}

/**
 * Hashes a view by several threads: this one, and a worker for each further. This one begins at once, while
 * workers take their time to start.
 *
 * @module
 */

import { divCeil, sectorsToBytes } from "../../block/units.ts";
import type { Environment } from "../environment.ts";
import { CommandFailure } from "../failure.ts";
import { Interruption } from "../interruption.ts";
import { Progress } from "../progress.ts";
import { openView } from "../view/view.ts";
import { type HashedLeaf, hashLeaves, queueOf, takeAll } from "./leaf_queue.ts";
import type { LeafAnswer, LeafWish } from "./leaf_worker.ts";
import { LEAF_SECTORS, rootHash } from "./tree_hash.ts";

/** Which view, and by how many. */
export interface HashOptions {
  /** The view. */
  readonly word: string;
  /** Threads. */
  readonly jobs: number;
}

/** What a worker does, until there is nothing left to take. */
function hashBy(
  worker: Worker,
  wish: LeafWish,
  onLeaf: (done: HashedLeaf) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new CommandFailure(`Cannot hash "${wish.word}": ${event.message}`));
    };
    worker.onmessage = ({ data: answer }: MessageEvent<LeafAnswer>) => {
      if ("failure" in answer) reject(new CommandFailure(answer.failure));
      else if (answer.leaf === null) resolve();
      else onLeaf(answer);
    };
    worker.postMessage(wish);
  });
}

async function hashHere(
  { word, queue }: LeafWish,
  interruption: Interruption,
  onLeaf: (done: HashedLeaf) => void,
): Promise<void> {
  for await (const done of hashLeaves(word, queue)) {
    onLeaf(done);
    await interruption.breathe();
  }
}

/**
 * Hashes a view.
 *
 * @param environment The world.
 * @param options Which, and by how many threads.
 * @returns 32 hexadecimal digits, the same whatever the number of threads.
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
  const leafCount = divCeil(sectorCount, LEAF_SECTORS);
  const queue = queueOf(leafCount);
  const hashes = Array.from({ length: leafCount }, () => "");
  const sizeBytes = sectorsToBytes(sectorCount);
  const progress = new Progress(environment, "hashing", sizeBytes, "bytes");
  let doneCount = 0;
  const onLeaf = ({ leaf, hash }: HashedLeaf) => {
    hashes[leaf] = hash;
    progress.update(Math.min(sizeBytes, sectorsToBytes(++doneCount * LEAF_SECTORS)));
  };
  using interruption = new Interruption(environment, "nothing was changed");
  const workers = Array.from(
    { length: Math.max(0, Math.min(jobs, leafCount) - 1) },
    () => new Worker(new URL("./leaf_worker.ts", import.meta.url), { type: "module" }),
  );
  const wish = { word, queue };
  const here = hashHere(wish, interruption, onLeaf);
  try {
    const others = workers.map((worker) => hashBy(worker, wish, onLeaf));
    await interruption.orPressed(Promise.all([here, ...others]));
    return rootHash(hashes);
  } finally {
    progress.end();
    for (const worker of workers) worker.terminate();
    takeAll(queue);
    // Whatever went wrong is thrown already; the view is to be closed.
    await here.catch(() => {});
  }
}

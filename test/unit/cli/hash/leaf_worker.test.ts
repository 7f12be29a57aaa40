import { expect, test } from "vitest";
import { openImage } from "../../../../src/cli/files.ts";
import { queueOf } from "../../../../src/cli/hash/leaf_queue.ts";
import type { LeafAnswer, LeafWish } from "../../../../src/cli/hash/leaf_worker.ts";
import { LEAF_SECTORS, leafHash } from "../../../../src/cli/hash/tree_hash.ts";
import { Folder, notes } from "../session.ts";

/** All that a worker answers, up to its last word. */
async function answersTo(wish: LeafWish): Promise<LeafAnswer[]> {
  const url = new URL("../../../../src/cli/hash/leaf_worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  const answers: LeafAnswer[] = [];
  await new Promise<void>((resolve) => {
    worker.onmessage = ({ data: answer }: MessageEvent<LeafAnswer>) => {
      answers.push(answer);
      if ("failure" in answer || answer.leaf === null) resolve();
    };
    worker.postMessage(wish);
  });
  // At its last word others can have its files.
  if (!answers.some((answer) => "failure" in answer)) openImage(wish.word, "write").closeSync();
  worker.terminate();
  return answers;
}

test("a worker answers each leaf that it took, and then that its files are free", async () => {
  const folder = new Folder();
  const word = folder.write("disk.img", notes(LEAF_SECTORS + 3, 1));
  const bytes = folder.read("disk.img");
  const end = LEAF_SECTORS * 512;
  expect(await answersTo({ word, queue: queueOf(2) })).toEqual([
    { leaf: 0, hash: leafHash(bytes.subarray(0, end)) },
    { leaf: 1, hash: leafHash(bytes.subarray(end)) },
    { leaf: null },
  ]);
});

test("what fails is answered with a sentence", async () => {
  expect(await answersTo({ word: "absent.img", queue: queueOf(2) })).toEqual([
    { failure: expect.stringMatching(/no such file/) },
  ]);
});

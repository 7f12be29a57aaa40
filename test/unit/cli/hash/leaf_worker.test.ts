import { expect, test } from "vitest";
import type { LeafAnswer, LeafWish } from "../../../../src/cli/hash/leaf_worker.ts";
import { LEAF_SECTORS, leafHash } from "../../../../src/cli/hash/tree_hash.ts";
import { openImage } from "../../../../src/cli/files.ts";
import { Folder, notes } from "../session.ts";

/** A worker that is asked one thing after the other. */
class Asked implements Disposable {
  readonly #worker = new Worker(
    new URL("../../../../src/cli/hash/leaf_worker.ts", import.meta.url),
    { type: "module" },
  );

  ask(wish: LeafWish): Promise<LeafAnswer> {
    return new Promise((resolve) => {
      this.#worker.onmessage = ({ data: answer }: MessageEvent<LeafAnswer>) => resolve(answer);
      this.#worker.postMessage(wish);
    });
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

test("a leaf is 4 MiB, the last one what is left, in any order", async () => {
  const folder = new Folder();
  const word = folder.write("disk.img", notes(LEAF_SECTORS + 3, 1));
  const bytes = folder.read("disk.img");
  using worker = new Asked();
  expect(await worker.ask({ word })).toEqual({ leaf: null });
  const end = LEAF_SECTORS * 512;
  expect(await worker.ask({ leaf: 1 })).toEqual({ leaf: 1, hash: leafHash(bytes.subarray(end)) });
  expect(await worker.ask({ leaf: 0 })).toEqual({
    leaf: 0,
    hash: leafHash(bytes.subarray(0, end)),
  });
});

test("when it was told of the end, others can have its files", async () => {
  const folder = new Folder();
  const word = folder.disk();
  using worker = new Asked();
  await worker.ask({ word });
  expect(() => openImage(word, "write")).toThrow(/open elsewhere/);
  expect(await worker.ask({ isEnd: true })).toEqual({ leaf: null });
  openImage(word, "write").closeSync();
});

test("what fails is answered with a sentence", async () => {
  using worker = new Asked();
  expect(await worker.ask({ word: "absent.img" })).toEqual({
    failure: expect.stringMatching(/no such file/),
  });
});

import { expect, test } from "vitest";
import { openImage } from "../../../../src/cli/files.ts";
import { hashLeaves, queueOf, takeAll } from "../../../../src/cli/hash/leaf_queue.ts";
import { LEAF_SECTORS, leafHash } from "../../../../src/cli/hash/tree_hash.ts";
import { Folder, notes } from "../session.ts";

/** An image of three leaves, the last one of five sectors. */
function threeLeaves() {
  const folder = new Folder();
  const word = folder.write("disk.img", notes(2 * LEAF_SECTORS + 5, 6));
  const bytes = folder.read("disk.img");
  const hashOf = (leaf: number) => {
    const from = leaf * LEAF_SECTORS * 512;
    return { leaf, hash: leafHash(bytes.subarray(from, from + LEAF_SECTORS * 512)) };
  };
  return { word, hashOf };
}

test("whoever takes, each leaf is taken once", async () => {
  const { word, hashOf } = threeLeaves();
  const queue = queueOf(3);
  const one = hashLeaves(word, queue);
  const other = hashLeaves(word, queue);
  expect((await one.next()).value).toEqual(hashOf(0));
  expect((await other.next()).value).toEqual(hashOf(1));
  expect((await other.next()).value).toEqual(hashOf(2));
  expect(await one.next()).toEqual({ done: true, value: undefined });
  expect(await other.next()).toEqual({ done: true, value: undefined });
});

test("a queue with nothing left ends whoever takes from it, and the view is closed", async () => {
  const { word, hashOf } = threeLeaves();
  const queue = queueOf(3);
  const leaves = hashLeaves(word, queue);
  expect((await leaves.next()).value).toEqual(hashOf(0));
  expect(() => openImage(word, "write")).toThrow(/open elsewhere/);
  takeAll(queue);
  expect((await leaves.next()).done).toBe(true);
  openImage(word, "write").closeSync();
});

test("a view that cannot be opened is told, and nothing was taken", async () => {
  const queue = queueOf(3);
  await expect(hashLeaves("absent.img", queue).next()).rejects.toThrow(/no such file/);
  expect(queue.next[0]).toBe(0);
});

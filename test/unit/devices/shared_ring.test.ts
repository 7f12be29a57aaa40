import { assert } from "@std/assert";
import { expect, test } from "vitest";
import {
  canPost,
  newPostableMemory,
  type RingPart,
  SharedRing,
} from "../../../src/devices/shared_ring.ts";
import { Prng } from "../../../src/testing/mod.ts";

const RING_BYTES = 4096;

test("parts that are taken never overlap, in whatever order they are given back", () => {
  const prng = Prng.fromSeed("shared ring");
  const ring = new SharedRing(RING_BYTES);
  const taken: RingPart[] = [];
  let fullCount = 0;
  for (let step = 0; step < 20_000; step++) {
    if (taken.length > 0 && prng.bool()) {
      ring.release(taken.splice(prng.int(taken.length), 1)[0]!);
      continue;
    }
    const byteCount = 512 * prng.intBetween(1, 3);
    const part = ring.take(byteCount);
    if (part === null) {
      fullCount++;
      assert(taken.length > 0, "an empty ring has room");
      continue;
    }
    const [start, end] = [part.bytes.byteOffset, part.bytes.byteOffset + byteCount];
    assert(part.bytes.length === byteCount && end <= RING_BYTES, "a part is as large as wanted");
    for (const { bytes } of taken) {
      const isApart = end <= bytes.byteOffset || bytes.byteOffset + bytes.length <= start;
      assert(isApart, `step ${step}: ${start} to ${end} is taken twice`);
    }
    taken.push(part);
  }
  expect(fullCount).toBeGreaterThan(100);
  while (taken.length > 0) ring.release(taken.pop()!);
  expect(ring.take(RING_BYTES)).not.toBeNull();
});

test("who makes one call after the other always has the same bytes", () => {
  const ring = new SharedRing(RING_BYTES);
  for (let count = 0; count < 10; count++) {
    const part = ring.take(1024)!;
    expect(part.bytes.byteOffset).toBe(0);
    ring.release(part);
  }
});

test("there is no part that is larger than the room", () => {
  const ring = new SharedRing(RING_BYTES);
  expect(ring.take(RING_BYTES + 1)).toBeNull();
  const all = ring.take(RING_BYTES)!;
  expect(ring.take(512)).toBeNull();
  ring.release(all);
  expect(ring.take(RING_BYTES - 1)).not.toBeNull();
});

test("where memory cannot be shared there is none to be posted", () => {
  const { SharedArrayBuffer } = globalThis;
  expect(canPost(new SharedArrayBuffer(8))).toBe(true);
  expect(newPostableMemory()).not.toBeNull();
  try {
    Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
    expect(newPostableMemory()).toBeNull();
  } finally {
    globalThis.SharedArrayBuffer = SharedArrayBuffer;
  }
});

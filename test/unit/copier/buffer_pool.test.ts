import { assertEquals, assertLessOrEqual, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "vitest";
import { codeOf } from "../../../src/block/errors.ts";
import { type Plan, runAsync, runSync } from "../../../src/block/plan.ts";
import { BufferPool } from "../../../src/copier/buffer_pool.ts";
import { Prng } from "../../../src/testing/prng.ts";
import { quiet } from "./rig.ts";

function* take(pool: BufferPool, byteCount: number): Plan<Uint8Array> {
  return pool.tryTake(byteCount) ?? (yield* pool.wait(byteCount));
}

test("a buffer that was given back is used again", () => {
  const pool = new BufferPool(4096, 4096);
  const buffer = pool.tryTake(4096)!;
  pool.release(buffer);
  assertStrictEquals(pool.tryTake(3000), buffer);
});

test("free buffers of the wrong size make room for one of the right size", () => {
  const pool = new BufferPool(4096, 4096);
  const small = Array.from({ length: 8 }, () => pool.tryTake(512)!);
  assertEquals(pool.tryTake(512), null);
  for (const buffer of small) pool.release(buffer);
  assertEquals(pool.tryTake(4096)?.length, 4096);
  assertEquals(pool.tryTake(512), null);
  assertEquals(pool.bytesAllocated, 4096);
});

test("who waits is served in the order of arrival, large and small alike", async () => {
  const pool = new BufferPool(4096, 4096);
  const held = [pool.tryTake(2048)!, pool.tryTake(1024)!, pool.tryTake(1024)!];
  const order: string[] = [];
  const wait = async (name: string, byteCount: number) => {
    const buffer = await runAsync(take(pool, byteCount));
    order.push(name);
    pool.release(buffer);
  };
  const all = [wait("large", 4096), wait("small", 512), wait("middle", 2048)];
  for (const buffer of held) {
    await Promise.resolve();
    assertEquals(order, []);
    pool.release(buffer);
  }
  await Promise.all(all);
  assertEquals(order, ["large", "small", "middle"]);
  assertEquals(pool.bytesHeld, 0);
});

test("nobody overtakes who is in line, even when there is room for less", async () => {
  const pool = new BufferPool(4096, 4096);
  const held = pool.tryTake(1024)!;
  const large = runAsync(take(pool, 4096));
  assertEquals(pool.tryTake(512), null);
  pool.release(held);
  pool.release(await large);
  assertEquals(pool.tryTake(512)?.length, 512);
});

test("who gives up in line leaves no gap: those behind are served", async () => {
  const pool = new BufferPool(4096, 4096);
  const held = pool.tryTake(1024)!;
  const large = take(pool, 4096);
  large.next();
  const small = runAsync(take(pool, 512));
  large.return(held);
  assertEquals((await small).length, 512);
  assertEquals(pool.bytesHeld, 1024 + 512);
});

test("who was handed a buffer and gives up before taking it leaves it to the next", async () => {
  const pool = new BufferPool(4096, 4096);
  const held = pool.tryTake(4096)!;
  const first = take(pool, 4096);
  first.next();
  const second = runAsync(take(pool, 4096));
  pool.release(held);
  first.return(held);
  assertStrictEquals(await second, held);
  assertEquals(pool.bytesHeld, 4096);
});

test("a synchronous caller finds the spare buffer when all others are held", () => {
  const pool = new BufferPool(4096, 4096);
  const held = pool.tryTake(4096)!;
  const spare = runSync(take(pool, 512));
  assertEquals(spare.length, 4096);
  assertEquals(codeOf(assertThrows(() => runSync(take(pool, 512)))), "EAGAIN");
  pool.release(spare);
  assertStrictEquals(runSync(take(pool, 4096)), spare);
  pool.release(spare);
  pool.release(held);
  assertEquals(pool.bytesHeld, 0);
  assertStrictEquals(pool.tryTake(4096), held);
});

test("buffers, held or free, stay within the limit, whatever is taken and given back", async () => {
  const prng = Prng.fromSeed("pool");
  const pool = new BufferPool(10_000, 5000);
  const held: Uint8Array[] = [];
  const waiting: Promise<unknown>[] = [];
  for (let round = 0; round < 2000; round++) {
    if (prng.bool() && held.length > 0) {
      pool.release(held.splice(prng.int(held.length), 1)[0]!);
    } else {
      const byteCount = prng.intBetween(1, 5000);
      waiting.push(
        runAsync(take(pool, byteCount)).then((buffer) => {
          assertLessOrEqual(byteCount, buffer.length);
          held.push(buffer);
        }),
      );
    }
    await Promise.resolve();
    assertLessOrEqual(pool.bytesAllocated, 10_000);
  }
  let isOver = false;
  const all = Promise.all(waiting).then(() => isOver = true);
  while (!isOver) {
    const buffer = held.pop();
    if (buffer !== undefined) pool.release(buffer);
    await quiet();
  }
  await all;
  for (const buffer of held) pool.release(buffer);
  assertEquals(pool.bytesHeld, 0);
});

import { expect, test } from "vitest";
import { createMemoryDevice, writeDelta } from "../../../../src/mod.ts";
import { readDelta } from "../../../../src/disk/delta/delta_reader.ts";
import { patternOf } from "../../../../src/testing/mod.ts";

async function deltaBytes(): Promise<Uint8Array> {
  const [from, to] = [0, 1].map(() => createMemoryDevice({ sectorCount: 100 }));
  to!.writeSync(patternOf(1, 3, 20), 3);
  from!.writeSync(patternOf(2, 60, 8), 60);
  const pieces: number[] = [];
  const extents = [{ sector: 0, sectorCount: 24 }, { sector: 60, sectorCount: 8 }];
  for await (const piece of writeDelta(from!, to!, extents)) pieces.push(...piece);
  return Uint8Array.from(pieces);
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(bytes.slice(at, at + size));
  }
}

async function readAll(pieces: AsyncIterable<Uint8Array>): Promise<unknown[]> {
  const { sectorCount, changes } = await readDelta(pieces);
  const found: unknown[] = [sectorCount];
  for await (const change of changes) found.push(change);
  return found;
}

test("in whatever pieces it comes, the same is read", async () => {
  const bytes = await deltaBytes();
  const whole = await readAll(inPieces(bytes, bytes.length));
  expect(whole.length).toBe(1 + 2);
  for (const size of [1, 7, 96, 511, 4096]) {
    expect(await readAll(inPieces(bytes, size))).toEqual(whole);
  }
});

test("one that was cut off anywhere is refused, and so is one with something behind it", async () => {
  const bytes = await deltaBytes();
  for (let length = 0; length < bytes.length; length += length < 300 ? 1 : 97) {
    await expect(readAll(inPieces(bytes.slice(0, length), 1000))).rejects.toThrow(/it was cut off/);
  }
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  await expect(readAll(inPieces(longer, 1000))).rejects.toThrow(/something follows its end/);
  await expect(readAll(inPieces(longer, bytes.length))).rejects.toThrow(/something follows/);
});

test("data that was damaged is told of, with its place", async () => {
  const bytes = await deltaBytes();
  bytes[64 + 96 + 5000]! ^= 1;
  await expect(readAll(inPieces(bytes, 4096))).rejects.toThrow(
    /its bytes for sector 0 are damaged/,
  );
});

import { expect, test } from "vitest";
import { WriteTail } from "../../../../src/devices/opfs/write_tail.ts";
import { patternOf, Prng, verifySectors } from "../../../../src/testing/mod.ts";
import { VolatileFile } from "./volatile_file.ts";

const SECTORS = 2048;

function makeFile(): { file: VolatileFile; tail: WriteTail } {
  const file = new VolatileFile(new Uint8Array(SECTORS * 512));
  return { file, tail: new WriteTail(file) };
}

test("small writes that continue each other reach the file by one call, others by one each", () => {
  const { file, tail } = makeFile();
  for (let at = 0; at < 64; at++) tail.write(patternOf(1, 8 * at, 8), { at: at * 4096 });
  tail.write(patternOf(2, 504, 8), { at: 504 * 512 }); // Within it.
  expect(file.operationCount).toBe(0);
  tail.flush();
  expect(file.operationCount).toBe(2);
  for (const sector of [800, 100, 900]) tail.write(patternOf(3, sector, 8), { at: sector * 512 });
  tail.flush();
  expect(file.operationCount).toBe(2 + 4);
  tail.flush();
  expect(file.operationCount).toBe(2 + 4 + 1);
});

test("a tail that is full is written out, and a large write goes by itself", () => {
  const { file, tail } = makeFile();
  for (let at = 0; at < 65; at++) tail.write(patternOf(1, 8 * at, 8), { at: at * 4096 });
  expect(file.operationCount).toBe(1);
  tail.write(patternOf(2, 528, 128), { at: 528 * 512 });
  expect(file.operationCount).toBe(3);
});

test("whatever is written and cut, a read finds the newest bytes, and the file has them after a flush", () => {
  const { file, tail } = makeFile();
  const prng = Prng.fromSeed("write tail");
  const want = new Uint8Array(SECTORS * 512);
  const found = new Uint8Array(SECTORS * 512);
  let at = 0;
  for (let turn = 1; turn <= 2000; turn++) {
    const count = prng.pick([1, 3, 8, 8, 8, 130]);
    // Mostly behind the last one, so that there is a tail to be wrong about.
    at = prng.bool(0.6) ? at : prng.int(SECTORS);
    if (at + count > SECTORS) at = 0;
    if (prng.bool(0.03)) {
      tail.truncate(at * 512);
      tail.truncate(SECTORS * 512);
      want.fill(0, at * 512);
    } else if (prng.bool(0.2)) {
      const part = found.subarray(at * 512, (at + count) * 512);
      expect(tail.read(part, { at: at * 512 })).toBe(part.length);
      verifySectors(part, want.subarray(at * 512, (at + count) * 512), at, `turn ${turn}`);
    } else {
      const bytes = patternOf(turn, at, count);
      expect(tail.write(bytes, { at: at * 512 })).toBe(bytes.length);
      want.set(bytes, at * 512);
      at += count;
    }
    if (!prng.bool(0.02)) continue;
    tail.flush();
    file.read(found, { at: 0 });
    verifySectors(found, want, 0, `flushed in turn ${turn}`);
  }
  expect(tail.getSize()).toBe(SECTORS * 512);
});

test("what could not be written out stays, and a write that would have to do it is not begun", () => {
  const { file, tail } = makeFile();
  const { write } = file;
  tail.write(patternOf(1, 10, 8), { at: 10 * 512 });
  file.write = () => {
    throw new DOMException("not now", "InvalidStateError");
  };
  expect(() => tail.write(patternOf(1, 100, 8), { at: 100 * 512 })).toThrow("not now");
  expect(() => tail.flush()).toThrow("not now");
  file.write = () => 0;
  expect(() => tail.flush()).toThrow("took 0 bytes");
  file.write = (source, options) => write.call(file, source.subarray(0, 512), options);
  tail.flush();
  const found = new Uint8Array(SECTORS * 512);
  file.read(found, { at: 0 });
  const want = new Uint8Array(SECTORS * 512);
  want.set(patternOf(1, 10, 8), 10 * 512);
  verifySectors(found, want, 0, "what was written before");
});

import { describe, expect, test } from "vitest";
import { BlockDeviceError, ERROR_CODES, type ErrorCode } from "../../../../src/block/errors.ts";
import {
  bufferOf,
  corruptAnswer,
  readError,
  readRequest,
  readSize,
  type Request,
  type SharedMemory,
  type Verb,
  writeFailure,
  writePlace,
  writeRequest,
  writeSuccess,
} from "../../../../src/emulator/sync/request.ts";
import { Ring, TEXT_BYTES, WORD } from "../../../../src/emulator/sync/slot.ts";

const SIZE = { slotCount: 2, areaBytes: 4096 };
const newRing = () => new Ring(new SharedArrayBuffer(Ring.bytesOf(SIZE)), SIZE);
const refusal = (code: string, part: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(part) });

function heard(ring: Ring, memories: SharedMemory[] = []): Request {
  const bytes = new Uint8Array();
  const request: Request = { verb: "flush", sector: 0, sectorCount: 0, isFua: false, bytes };
  readRequest(ring, 1, memories, request);
  return request;
}

test("what is asked is what is heard", () => {
  const ring = newRing();
  for (const verb of ["read", "write", "zero", "discard", "flush", "close"] as Verb[]) {
    for (const isFua of [false, true]) {
      writeRequest(ring, 1, verb, 2 ** 40 + 3, 8, isFua);
      expect(heard(ring)).toMatchObject({ verb, sector: 2 ** 40 + 3, sectorCount: 8, isFua });
    }
  }
  writeRequest(ring, 1, "zero", 1, 2 ** 44, false);
  expect(heard(ring).sectorCount).toBe(2 ** 44);
});

test("bytes are in the slot's area, or where the client says", () => {
  const ring = newRing();
  writeRequest(ring, 1, "read", 0, 2, false);
  expect(heard(ring).bytes).toEqual(ring.area(1, 1024));
  expect(heard(ring).bytes.byteOffset).toBe(ring.area(1, 1024).byteOffset);
  const heap = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
  const buffer = new SharedArrayBuffer(5000);
  writePlace(ring, 1, 1, 777);
  expect(heard(ring, [buffer, heap]).bytes).toMatchObject({ byteOffset: 777, length: 1024 });
  writePlace(ring, 1, 0, 5000 - 1024);
  expect(heard(ring, [buffer, heap]).bytes.buffer).toBe(buffer);
});

test("a memory that has grown is seen as it is now", () => {
  const ring = newRing();
  const heap = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
  writeRequest(ring, 1, "write", 0, 1, false);
  writePlace(ring, 1, 0, 65536);
  expect(() => heard(ring, [heap])).toThrow(refusal("EINVAL", "65536"));
  heap.grow(1);
  expect(heard(ring, [heap]).bytes).toMatchObject({ byteOffset: 65536, length: 512 });
  expect(bufferOf(heap).byteLength).toBe(131072);
});

describe("a request that makes no sense is refused:", () => {
  const cases: [string, (ring: Ring) => void, string][] = [
    ["a verb that is none", (ring) => ring.store(1, WORD.verb, 6), "verb 6"],
    ["a negative verb", (ring) => ring.store(1, WORD.verb, -1), "verb -1"],
    ["a sector that is not exact", (ring) => ring.store(1, WORD.sector + 1, -1), "exact numbers"],
    ["a count that is not exact", (ring) => ring.store(1, WORD.sectorCount + 1, -1), "exact"],
    ["more than the area", (ring) => ring.store(1, WORD.sectorCount, 9), "4096"],
    ["far more than the area", (ring) => ring.store(1, WORD.sectorCount + 1, 0x1fffff), "4096"],
    ["a memory that was not shown", (ring) => ring.store(1, WORD.memory, 1), "memory 1"],
    ["a negative memory", (ring) => ring.store(1, WORD.memory, -2), "memory -2"],
    ["a place past the memory's end", (ring) => writePlace(ring, 1, 0, 5000 - 511), "4489"],
    ["a place far past it", (ring) => {
      writePlace(ring, 1, 0, 0);
      ring.store(1, WORD.offsetBytes + 1, -1);
    }, "a place within 5000 bytes"],
  ];
  test.each(cases)("%s", (_what, spoil, part) => {
    const ring = newRing();
    writeRequest(ring, 1, "read", 0, 1, false);
    spoil(ring);
    expect(() => heard(ring, [new SharedArrayBuffer(5000)])).toThrow(refusal("EINVAL", part));
  });
});

test("every code crosses, with its message and its place", () => {
  const ring = newRing();
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    const place = { device: "Gerät", sector: 2 ** 40, sectorCount: 8 };
    writeFailure(ring, 1, 77, new BlockDeviceError(code, `no, "${code}" ✗`, place));
    expect(readSize(ring, 1, "disk")).toBe(77);
    expect(readError(ring, 1, "disk")).toMatchObject({
      code,
      message: `no, "${code}" ✗`,
      ...place,
    });
  }
  writeFailure(ring, 1, 77, new TypeError("odd"));
  expect(readError(ring, 1, "disk")).toMatchObject({ code: "EIO", message: "odd" });
  writeSuccess(ring, 1, 2 ** 40);
  expect(readError(ring, 1, "disk")).toBeUndefined();
  expect(readSize(ring, 1, "disk")).toBe(2 ** 40);
});

test("a message that is too long is cut, a name that is too long is left out", () => {
  const ring = newRing();
  writeFailure(ring, 1, 1, new BlockDeviceError("ENOSPC", "ü".repeat(5000), { sector: 9 }));
  const cut = readError(ring, 1, "disk");
  expect(cut).toMatchObject({ code: "ENOSPC", sector: 9 });
  expect(cut!.message).toMatch(/^ü{200,}$/);
  writeFailure(ring, 1, 1, new BlockDeviceError("ENOSPC", "full", { device: "d".repeat(5000) }));
  expect(readError(ring, 1, "disk")).toMatchObject({ code: "ENOSPC", message: "full" });
});

describe("an answer that makes no sense is EIO:", () => {
  const said = (ring: Ring, text: string) => {
    const bytes = new TextEncoder().encode(text);
    ring.text(1).set(bytes);
    ring.store(1, WORD.errorBytes, bytes.length);
  };
  const cases: [string, (ring: Ring) => void, string][] = [
    ["an error longer than its text", (ring) => ring.store(1, WORD.errorBytes, TEXT_BYTES + 1), ""],
    ["an error of less than nothing", (ring) => ring.store(1, WORD.errorBytes, -1), "-1 bytes"],
    ["an error that is no text", (ring) => said(ring, "{oops"), "no text"],
    ["an error that is nothing", (ring) => said(ring, "null"), "undefined"],
    ["an unknown code", (ring) => said(ring, '{"code":"toString","message":"m"}'), "m"],
    [
      "a place that is none",
      (ring) => said(ring, '{"code":"EIO","message":"m","sector":"x"}'),
      "m",
    ],
  ];
  test.each(cases)("%s", (_what, spoil, part) => {
    const ring = newRing();
    writeSuccess(ring, 1, 8);
    spoil(ring);
    const error = readError(ring, 1, "disk");
    expect(error).toMatchObject(refusal("EIO", part));
    expect((error as BlockDeviceError).sector).toBeUndefined();
  });

  test("a size that is none", () => {
    const ring = newRing();
    ring.store(1, WORD.size + 1, -1);
    expect(() => readSize(ring, 1, "disk")).toThrow(refusal("EIO", "a size of"));
    expect(corruptAnswer("disk", "this").message).toContain("found this");
  });
});

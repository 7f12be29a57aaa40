import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import {
  dataHeadBytes,
  encodeChunkedData,
  encodeDone,
  encodeError,
  encodeSimpleData,
  encodeStatus,
  SIMPLE_HEAD_BYTES,
  writeSimpleHead,
} from "../../../../src/nbd/transmission/reply.ts";

const COOKIE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
/** Of an extended request: an offset of 2^33 behind the cookie. */
const ECHO = Uint8Array.of(...COOKIE, 0, 0, 0, 2, 0, 0, 0, 0);
const DATA_HEAD_BYTES = 28;
const hex = (...pieces: Uint8Array[]) => pieces.map((piece) => piece.toHex()).join(" ");

test("simple replies are those of the protocol's text", () => {
  expect(hex(encodeDone(COOKIE))).toBe("67446698" + "00000000" + "0102030405060708");
  const head = new Uint8Array(16);
  writeSimpleHead(head, COOKIE, 28);
  expect(hex(head)).toBe("67446698" + "0000001c" + "0102030405060708");
  const frame = new Uint8Array(SIMPLE_HEAD_BYTES + 2).fill(9, SIMPLE_HEAD_BYTES);
  expect(hex(encodeSimpleData(frame, COOKIE))).toBe(hex(encodeDone(COOKIE)) + "0909");
});

test("an error is a number, and a sentence for those who take structured replies", () => {
  const refusal = { code: "EINVAL", sentence: "no" } as const;
  expect(hex(encodeError(COOKIE, refusal, "simple"))).toBe("67446698" + "00000016" + hex(COOKIE));
  expect(hex(encodeError(COOKIE, refusal, "structured"))).toBe(
    "668e33ef" + "0001" + "8001" + hex(COOKIE) + "00000008" + "00000016" + "0002" + "6e6f",
  );
});

const dataHead = (flags: string, length: string, offset: string) =>
  "668e33ef" + flags + "0001" + hex(COOKIE) + length + offset;

test("data with zeroes in it is sent as data and holes, the last of them marked", () => {
  const frame = new Uint8Array(DATA_HEAD_BYTES + 3 * 4096);
  frame[DATA_HEAD_BYTES] = 7;
  frame[DATA_HEAD_BYTES + 2 * 4096] = 8;
  const reply = encodeChunkedData(frame, COOKIE, 2 ** 33, false);
  const [hole, head] = [28 + 4096, 28 + 4096 + 32];
  expect(hex(reply.subarray(0, 29))).toBe(
    dataHead("0000", "00001008", "0000000200000000") + "07",
  );
  expect(hex(reply.subarray(hole, head))).toBe(
    "668e33ef" + "0000" + "0002" + hex(COOKIE) + "0000000c" + "0000000200001000" + "00001000",
  );
  expect(hex(reply.subarray(head, head + 28))).toBe(
    dataHead("0001", "00001008", "0000000200002000"),
  );
  const last = reply.subarray(head + 28);
  expect([last.length, last[0], last[1]]).toEqual([4096, 8, 0]);
});

test("nothing but zeroes is one hole, and whole data is one chunk, if it must be", () => {
  const zeroes = new Uint8Array(DATA_HEAD_BYTES + 8192);
  expect(hex(encodeChunkedData(zeroes.slice(), COOKIE, 0, false))).toBe(
    "668e33ef" + "0001" + "0002" + hex(COOKIE) + "0000000c" + "0000000000000000" + "00002000",
  );
  const whole = encodeChunkedData(zeroes.slice(), COOKIE, 0, true);
  expect(hex(whole)).toBe(dataHead("0001", "00002008", "0000000000000000") + "00".repeat(8192));
});

test("a status is a chunk for each context", () => {
  const extents = [{ byteCount: 4096, flags: 3 }, { byteCount: 512, flags: 0 }];
  expect(hex(encodeStatus(COOKIE, [{ id: 0, extents }, { id: 2, extents: [extents[1]!] }])))
    .toBe(
      "668e33ef" + "0000" + "0005" + hex(COOKIE) + "00000014" + "00000000" +
        "00001000" + "00000003" + "00000200" + "00000000" +
        "668e33ef" + "0001" + "0005" + hex(COOKIE) + "0000000c" + "00000002" +
        "00000200" + "00000000",
    );
});

test("a frame has room for a head of each kind", () => {
  expect([
    dataHeadBytes(COOKIE, "simple"),
    dataHeadBytes(COOKIE, "structured"),
    dataHeadBytes(ECHO, "extended"),
  ]).toEqual([16, DATA_HEAD_BYTES, 40]);
});

describe("with extended headers everything is a chunk with the request's offset", () => {
  const head = (flags: string, kind: string, length: string) =>
    "6e8a278c" + flags + kind + hex(COOKIE) + "0000000200000000" + "00000000" + length;

  test("done is a chunk of nothing, and an error is one of its own", () => {
    expect(hex(encodeDone(ECHO))).toBe(head("0001", "0000", "00000000"));
    expect(hex(encodeError(ECHO, { code: "ENOSPC", sentence: "no" }, "extended"))).toBe(
      head("0001", "8001", "00000008") + "0000001c" + "0002" + "6e6f",
    );
  });

  test("data and holes say where they lie, and the head where the request began", () => {
    const frame = new Uint8Array(40 + 2 * 4096);
    frame[40] = 7;
    const reply = encodeChunkedData(frame, ECHO, 2 ** 33, false);
    expect(hex(reply.subarray(0, 41))).toBe(
      head("0000", "0001", "00001008") + "0000000200000000" + "07",
    );
    expect(hex(reply.subarray(40 + 4096))).toBe(
      head("0001", "0002", "0000000c") + "0000000200001000" + "00001000",
    );
  });

  test("a status has lengths and flags of 64 bits, and says how many", () => {
    const extents = [{ byteCount: 2 ** 40, flags: 3 }, { byteCount: 512, flags: 0 }];
    expect(hex(encodeStatus(ECHO, [{ id: 2, extents }, { id: 0, extents: [extents[1]!] }])))
      .toBe(
        head("0000", "0006", "00000028") + "00000002" + "00000002" +
          "0000010000000000" + "0000000000000003" + "0000000000000200" + "0000000000000000" +
          head("0001", "0006", "00000018") + "00000000" + "00000001" +
          "0000000000000200" + "0000000000000000",
      );
  });
});

test("whatever lies between holes arrives as it was, in every pattern of them", () => {
  const UNIT = 4096;
  for (const [echo, headBytes] of [[COOKIE, 28], [ECHO, 40]] as const) {
    // Seven units and a sector, each zero or not.
    for (let pattern = 0; pattern < 256; pattern++) {
      const content = new Uint8Array(7 * UNIT + 512);
      for (let unit = 0; unit < 8; unit++) {
        const part = content.subarray(unit * UNIT, (unit + 1) * UNIT);
        if ((pattern >> unit) & 1) part.fill(1 + unit).fill(99, 0, 7).fill(101, part.length - 3);
      }
      const frame = new Uint8Array(headBytes + content.length);
      frame.set(content, headBytes);
      const reply = encodeChunkedData(frame, echo, 0, false);
      const found = new Uint8Array(content.length).fill(0xee);
      let chunks = 0;
      for (let at = 0; at < reply.length; chunks++) {
        const isHole = reply[at + 7] === 2;
        const view = new DataView(reply.buffer, reply.byteOffset + at);
        const body = at + headBytes - 8;
        const length = view.getUint32(headBytes - 12);
        const offset = Number(view.getBigUint64(headBytes - 8));
        if (isHole) found.fill(0, offset, offset + view.getUint32(headBytes));
        else found.set(reply.subarray(body + 8, body + length), offset);
        at = body + length;
        expect(view.getUint16(4)).toBe(at === reply.length ? 1 : 0);
      }
      expect(Buffer.compare(found, content)).toBe(0);
      expect(chunks).toBeLessThanOrEqual(8);
    }
  }
});

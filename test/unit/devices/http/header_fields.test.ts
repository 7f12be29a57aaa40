import { describe, expect, test } from "vitest";
import {
  isEncoded,
  parseByteCount,
  parseContentRange,
  parseRetryAfterMs,
} from "../../../../src/devices/http/header_fields.ts";

describe("a Content-Range", () => {
  const table: [string, unknown][] = [
    ["bytes 0-511/1024", { range: { firstByte: 0, lastByte: 511 }, totalBytes: 1024 }],
    ["BYTES 5-5/6", { range: { firstByte: 5, lastByte: 5 }, totalBytes: 6 }],
    ["bytes 0-511/*", { range: { firstByte: 0, lastByte: 511 }, totalBytes: null }],
    ["bytes */1024", { range: null, totalBytes: 1024 }],
    ["bytes 0-0/9007199254740991", {
      range: { firstByte: 0, lastByte: 0 },
      totalBytes: 9007199254740991,
    }],
  ];
  for (const [text, content] of table) {
    test(`"${text}" is understood`, () => expect(parseContentRange(text)).toEqual(content));
  }

  const nonsense = [
    null,
    "",
    "bytes",
    "bytes 0-511",
    "bytes 511-0/1024",
    "bytes -1-5/1024",
    "bytes 0x0-0xf/1024",
    "bytes 0-511/1e3",
    "bytes 0-511/9007199254740992",
    "bytes 9007199254740992-9007199254740993/*",
    `bytes 0-511/1${"0".repeat(400)}`,
    "bytes 0-1/2, bytes 0-1/2",
    "sectors 0-1/2",
  ];
  for (const text of nonsense) {
    test(`"${text?.slice(0, 60)}" makes no sense`, () => {
      expect(parseContentRange(text)).toBe(null);
    });
  }
});

test("a count of bytes is digits, and exact", () => {
  expect(parseByteCount("0")).toBe(0);
  expect(parseByteCount(`${Number.MAX_SAFE_INTEGER}`)).toBe(Number.MAX_SAFE_INTEGER);
  for (const text of [null, undefined, "", " 1", "-1", "1.5", "1e3", "9007199254740992"]) {
    expect(parseByteCount(text)).toBe(null);
  }
});

describe("a Retry-After", () => {
  const parse = (fields: Record<string, string>) => parseRetryAfterMs(new Headers(fields));

  test("in seconds is that long", () => {
    expect(parse({ "Retry-After": "0" })).toBe(0);
    expect(parse({ "Retry-After": "120" })).toBe(120_000);
  });

  test("as a date counts from the answer's own date", () => {
    const date = "Sun, 22 Nov 2026 10:00:00 GMT";
    const later = "Sun, 22 Nov 2026 10:01:30 GMT";
    expect(parse({ "Retry-After": later, "Date": date })).toBe(90_000);
    expect(parse({ "Retry-After": date, "Date": later })).toBe(0);
    expect(parse({ "Retry-After": later })).toBe(null);
  });

  test("that is none is as good as none", () => {
    expect(parse({})).toBe(null);
    expect(parse({ "Retry-After": "soon", "Date": "Sun, 22 Nov 2026 10:00:00 GMT" })).toBe(null);
    expect(parse({ "Date": "Sun, 22 Nov 2026 10:00:00 GMT" })).toBe(null);
  });
});

test("a body is encoded unless it says nothing, or identity", () => {
  const encoded = (field: string) => isEncoded(new Headers({ "Content-Encoding": field }));
  expect(isEncoded(new Headers())).toBe(false);
  expect(encoded("Identity ")).toBe(false);
  expect(encoded("gzip")).toBe(true);
  expect(encoded("identity, br")).toBe(true);
});

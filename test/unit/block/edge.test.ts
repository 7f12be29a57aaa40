import { describe, expect, test } from "vitest";
import { type DeviceFacts, Edge } from "../../../src/block/edge.ts";

const WRITABLE = { write: true, discard: true, discardZeroes: true, permanence: false };

function edgeOf(facts: Partial<DeviceFacts> = {}): Edge {
  return new Edge({ name: "disk", sectorCount: 4096, supports: WRITABLE, ...facts });
}

describe("what is refused, in so many words", () => {
  const table: [string, () => void, string, string][] = [
    [
      "a request half past the end",
      () => edgeOf().range("write", 4090, 16),
      "EINVAL",
      'Cannot write 16 sectors at sector 4090 of "disk": the device ends at sector 4096',
    ],
    [
      "a request behind the end",
      () => edgeOf().range("read", 4097, 0),
      "EINVAL",
      'Cannot read 0 sectors at sector 4097 of "disk": the device ends at sector 4096',
    ],
    [
      "half a sector",
      () => edgeOf().range("read", 0, 0.5),
      "EINVAL",
      'Cannot read 0.5 sectors at sector 0 of "disk": ' +
      "want a whole number of sectors, have 256 bytes",
    ],
    [
      "a negative sector",
      () => edgeOf().range("read", -1, 1),
      "EINVAL",
      'Cannot read 1 sectors at sector -1 of "disk": want whole numbers that are not negative',
    ],
    [
      "a sector between two",
      () => edgeOf().range("read", 1.5, 1),
      "EINVAL",
      'Cannot read 1 sectors at sector 1.5 of "disk": want whole numbers that are not negative',
    ],
    [
      "a sector that is no number",
      () => edgeOf().range("read", NaN, 1),
      "EINVAL",
      'Cannot read 1 sectors at sector NaN of "disk": want whole numbers that are not negative',
    ],
    [
      "a part of a logical block",
      () => edgeOf({ limits: { logicalSectors: 8 } }).range("read", 8, 4),
      "EINVAL",
      'Cannot read 4 sectors at sector 8 of "disk": ' +
      "want multiples of 8 sectors, the device's logical block",
    ],
    [
      "a write to a read-only device",
      () => edgeOf({ supports: { ...WRITABLE, write: false } }).writeRange("write", 0, 1),
      "EROFS",
      'Cannot write on "disk": it is read-only',
    ],
    [
      "a discard that the device does not know",
      () => edgeOf({ supports: { ...WRITABLE, discard: false } }).discardRange(0, 1),
      "ENOTSUP",
      'Cannot discard on "disk": it does not support that',
    ],
    [
      "anything after close",
      () => {
        const edge = edgeOf();
        edge.close();
        edge.open("flush");
      },
      "ESHUTDOWN",
      'Cannot flush on "disk": it is closed',
    ],
  ];
  for (const [what, request, code, message] of table) {
    test(what, () => expect(request).toThrow(expect.objectContaining({ code, message })));
  }
});

test("limits come in threes: the last sector, one past it, and across the end", () => {
  const edge = edgeOf();
  edge.range("read", 4095, 1);
  edge.range("read", 4096, 0);
  edge.range("read", 0, 4096);
  expect(() => edge.range("read", 4096, 1)).toThrow();
  expect(() => edge.range("read", 4095, 2)).toThrow();
  expect(() => edge.range("read", 0, 4097)).toThrow();
});

test("numbers whose sum is no exact number are out of range, not in it", () => {
  const edge = edgeOf();
  expect(() => edge.range("read", Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).toThrow();
  expect(() => edge.range("read", 1, Number.MAX_SAFE_INTEGER)).toThrow();
  expect(() => edge.range("read", 2 ** 53, 1)).toThrow();
});

test("a device that grows is asked for its size at every request", () => {
  const facts = { name: "disk", sectorCount: 8, supports: WRITABLE };
  const edge = new Edge(facts);
  expect(() => edge.range("read", 8, 1)).toThrow();
  facts.sectorCount = 9;
  edge.range("read", 8, 1);
});

test("a closed device says so before anything else", () => {
  const edge = edgeOf({ supports: { ...WRITABLE, write: false } });
  expect(edge.close()).toBe(true);
  expect(edge.close()).toBe(false);
  for (
    const request of [
      () => edge.range("read", -1, NaN),
      () => edge.writeRange("write", 0, 1),
      () => edge.discardRange(0, 1),
    ]
  ) expect(request).toThrow(expect.objectContaining({ code: "ESHUTDOWN" }));
});

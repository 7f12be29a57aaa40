import { expect, test } from "vitest";
import {
  CHANGE_BYTES,
  type ChangeHead,
  contentHash,
  DeltaCodec,
  HEADER_BYTES,
} from "../../../../src/disk/delta/delta_format.ts";

const hash = contentHash(new Uint8Array(512));

function change(sector: number, sectorCount = 8, hasBytes = true): ChangeHead {
  return { sector, sectorCount, before: hash, after: hash, hasBytes };
}

const refused = (sentence: RegExp) =>
  expect.objectContaining({ code: "EINVAL", message: expect.stringMatching(sentence) });

test("what was written is read", () => {
  const writer = new DeltaCodec();
  const header = writer.encodeHeader(2 ** 40 + 1);
  const records = [change(0), change(8, 2048, false), change(2 ** 40)].map((each) =>
    writer.encodeChange({ ...each, sectorCount: each.sector > 8 ? 1 : each.sectorCount })
  );
  const end = writer.encodeEnd();
  expect([header.length, records[0]!.length, end.length]).toEqual([
    ...[HEADER_BYTES, CHANGE_BYTES, CHANGE_BYTES],
  ]);
  const reader = new DeltaCodec();
  expect(reader.decodeHeader(header)).toBe(2 ** 40 + 1);
  expect(records.map((record) => reader.decode(record))).toEqual([
    ...[change(0), change(8, 2048, false), change(2 ** 40, 1)],
  ]);
  expect(reader.decode(end)).toEqual({ changeCount: 3 });
});

test("any bit that is another one is noticed", () => {
  const writer = new DeltaCodec();
  const header = writer.encodeHeader(64);
  const record = writer.encodeChange(change(8));
  for (let bit = 0; bit < HEADER_BYTES * 8; bit++) {
    const bytes = header.slice();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => new DeltaCodec().decodeHeader(bytes)).toThrow(
      refused(/^Cannot use the delta: it/),
    );
  }
  for (let bit = 0; bit < CHANGE_BYTES * 8; bit++) {
    const bytes = record.slice();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const reader = new DeltaCodec();
    reader.decodeHeader(header);
    expect(() => reader.decode(bytes)).toThrow(refused(/change 1 is damaged/));
  }
});

test("a record of another delta, or out of its place, is noticed", () => {
  const one = new DeltaCodec();
  const header = one.encodeHeader(64);
  const [first, second] = [one.encodeChange(change(0)), one.encodeChange(change(8))];
  const other = new DeltaCodec();
  const foreign = [other.encodeHeader(128), other.encodeChange(change(0))][1]!;
  for (const record of [second, foreign]) {
    const reader = new DeltaCodec();
    reader.decodeHeader(header);
    expect(() => reader.decode(record)).toThrow(refused(/change 1 is damaged, or was put there/));
  }
  const reader = new DeltaCodec();
  reader.decodeHeader(header);
  reader.decode(first);
  expect(() => reader.decode(first)).toThrow(refused(/change 2 is damaged/));
});

test.for(
  [
    ["beyond the image", [change(60)]],
    ["backwards", [change(8), change(0)]],
    ["over each other", [change(0), change(7)]],
    ["larger than any may be", [change(0, 2049)]],
  ] as const,
)("changes are refused that are %s, though their checks are right", ([, changes]) => {
  const writer = new DeltaCodec();
  const reader = new DeltaCodec();
  reader.decodeHeader(writer.encodeHeader(changes[0].sectorCount === 2049 ? 4096 : 64));
  expect(() => changes.forEach((each) => reader.decode(writer.encodeChange(each)))).toThrow(
    refused(/is of \d+ sectors at \d+/),
  );
});

test("an image of an impossible size is refused", () => {
  const header = new DeltaCodec().encodeHeader(Number.MAX_SAFE_INTEGER);
  expect(() => new DeltaCodec().decodeHeader(header)).toThrow(refused(/for an image of/));
});

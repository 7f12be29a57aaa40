import { describe, expect, test } from "vitest";
import { parseRange } from "../../../../src/emulator/range/range_header.ts";
import { Prng } from "../../../../src/testing/mod.ts";

/** Which bytes of an image a field covers, by trying each; `null` when the field is to be ignored. */
function modelOf(text: string, sizeBytes: number): boolean[] | null {
  const covered = new Array<boolean>(sizeBytes).fill(false);
  for (const spec of text.slice("bytes=".length).split(",")) {
    const [first = "", last = ""] = spec.trim().split("-");
    if (first !== "" && last !== "" && Number(last) < Number(first)) return null;
    for (let at = 0; at < sizeBytes; at++) {
      const isIn = first === ""
        ? at >= sizeBytes - Number(last)
        : at >= Number(first) && (last === "" || at <= Number(last));
      covered[at] ||= isIn;
    }
  }
  return covered;
}

function expectAsModel(text: string, sizeBytes: number): void {
  const found = parseRange(text, sizeBytes);
  const want = modelOf(text, sizeBytes);
  const where = `${text} of ${sizeBytes}`;
  if (want === null) return expect(found.kind, where).toBe("whole");
  if (!want.includes(true)) return expect(found.kind, where).toBe("unsatisfiable");
  if (found.kind !== "ranges") throw new Error(`${where}: found ${found.kind}, want ranges`);
  const covered = new Array<boolean>(sizeBytes).fill(false);
  for (const { firstByte, lastByte } of found.ranges) {
    expect(covered[firstByte - 1] ?? false, `${where}: ranges do not touch`).toBe(false);
    expect(covered[lastByte + 1] ?? false, `${where}: ranges do not touch`).toBe(false);
    for (let at = firstByte; at <= lastByte; at++) {
      expect(covered[at], `${where}: no byte is sent twice`).toBe(false);
      covered[at] = true;
    }
  }
  expect(covered, where).toEqual(want);
}

test("one range of a small image, every one there is, is what the model says", () => {
  const numbers = ["", "0", "1", "2", "3", "4", "5", "6", "007"];
  for (let sizeBytes = 0; sizeBytes <= 5; sizeBytes++) {
    for (const first of numbers) {
      for (const last of numbers) {
        if (first !== "" || last !== "") expectAsModel(`bytes=${first}-${last}`, sizeBytes);
      }
    }
  }
});

test("lists of ranges, by seed, cover what the model says, each byte once", () => {
  const prng = Prng.fromSeed("ranges");
  for (let round = 0; round < 2000; round++) {
    const sizeBytes = prng.intBetween(0, 40);
    const draw = () => String(prng.int(50));
    const one = () =>
      prng.bool(0.2) ? `-${draw()}` : `${draw()}-${prng.bool(0.3) ? "" : draw() + 50}`;
    const specs = Array.from({ length: prng.intBetween(1, 6) }, one);
    expectAsModel(`bytes=${specs.join(prng.pick([",", ", ", " ,\t"]))}`, sizeBytes);
  }
});

test("ranges that stand apart are sent in the client's order, others in the image's", () => {
  const ranges = (text: string) => {
    const found = parseRange(text, 100);
    return found.kind === "ranges" ? found.ranges.map((range) => Object.values(range)) : found.kind;
  };
  expect(ranges("bytes=50-59,0-9")).toEqual([[50, 59], [0, 9]]);
  expect(ranges("bytes=50-59,0-9,10-19")).toEqual([[0, 19], [50, 59]]);
  expect(ranges("bytes=0-9,200-300")).toEqual([[0, 9]]);
});

describe("ignored, so that the whole image is sent:", () => {
  test.each([
    "",
    "bytes",
    "bytes=",
    "bytes=,",
    "bytes=-",
    "bytes=a-b",
    "bytes=1 -2",
    "bytes=1-2-3",
    "bytes=0x1-2",
    "bytes=+1-2",
    "bytes=1.0-2",
    "bytes =1-2",
    "bytes:1-2",
    "bits=1-2",
    "items=0-",
    "bytes=0-1,2",
    "bytes=0-1;2-3",
    "bytes=5-4",
    "bytes=0-1,5-4",
    "bytes=9007199254740993-9007199254740992",
    "bytes=0-1\n",
    "bytes=٠-١",
  ])("%j", (text) => expect(parseRange(text, 10)).toEqual({ kind: "whole" }));

  test("no field", () => expect(parseRange(null, 10)).toEqual({ kind: "whole" }));
});

test("the unit's name is read in any case, and empty members of the list are no members", () => {
  const want = { kind: "ranges", ranges: [{ firstByte: 1, lastByte: 2 }] };
  for (const text of ["BYTES=1-2", "bytes=,1-2", "bytes=1-2, ,", "bytes= 1-2\t"]) {
    expect(parseRange(text, 10), text).toEqual(want);
  }
});

test("numbers too large to count with are cut, not rounded", () => {
  const huge = "9".repeat(400);
  expect(parseRange(`bytes=3-${huge}`, 10)).toEqual({
    kind: "ranges",
    ranges: [{ firstByte: 3, lastByte: 9 }],
  });
  expect(parseRange(`bytes=-${huge}`, 10)).toEqual({
    kind: "ranges",
    ranges: [{ firstByte: 0, lastByte: 9 }],
  });
  expect(parseRange(`bytes=${huge}-`, 10)).toEqual({ kind: "unsatisfiable" });
});

test("what is longer or has more ranges than any reading of a disk is refused", () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => `${2 * at}-${2 * at}`);
  expect(parseRange(`bytes=${many(16).join()}`, 100).kind).toBe("ranges");
  expect(parseRange(`bytes=${many(17).join()}`, 100)).toEqual({ kind: "unsatisfiable" });
  expect(parseRange(`bytes=0-${"9".repeat(1022)}`, 100).kind).toBe("ranges");
  expect(parseRange(`bytes=0-${"9".repeat(1023)}`, 100)).toEqual({ kind: "unsatisfiable" });
});

import { describe, expect, test } from "vitest";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import {
  answerMessage,
  type MessageContext,
} from "../../../../src/targets/bad_block/bad_block_messages.ts";

/** A target of ten blocks of 8 sectors: blocks 2 and 9 relocated, whatever is marked. */
function context(...marks: number[]): MessageContext & { marked: Set<number> } {
  const marked = new Set(marks);
  const blockStart = (sector: number) => sector - (sector % 8);
  return {
    marked,
    sectorCount: 80,
    relocations: () => [{ sector: 72, spareSector: 400 }, { sector: 16, spareSector: 408 }],
    marks: () => [...marked],
    mark: (sector) => void marked.add(blockStart(sector)),
    unmark: (sector) => marked.delete(blockStart(sector)),
    blockStart,
  };
}

const answer = (message: string, to = context()) => answerMessage(message.split(" "), to);

function refusalOf(message: string, to = context()): string {
  try {
    answer(message, to);
  } catch (error) {
    expect(error).toBeInstanceOf(BlockDeviceError);
    expect(error).toMatchObject({ code: "EINVAL" });
    return (error as Error).message;
  }
  throw new Error(`"${message}" is answered`);
}

describe("query", () => {
  test("tells where a sector is, to the sector, and whether its block is marked", () => {
    expect([15, 16, 23, 24, 79].map((sector) => answer(`query ${sector}`))).toEqual([
      "15 in place",
      "16 relocated to sector 408",
      "23 relocated to sector 415",
      "24 in place",
      "79 relocated to sector 407",
    ]);
    const marked = context(16, 0);
    expect([answer("query 7", marked), answer("query 17", marked)]).toEqual([
      "7 in place, marked",
      "17 relocated to sector 409, marked",
    ]);
  });
});

describe("list", () => {
  test("tells relocated and marked blocks by sector, each once", () => {
    expect(answer("list", context(72, 0, 40))).toBe(
      "0 in place, marked\n16 relocated to sector 408\n40 in place, marked\n" +
        "72 relocated to sector 400, marked",
    );
    expect(answerMessage(["list"], { ...context(), relocations: () => [] })).toBe("");
  });
});

describe("mark and unmark", () => {
  test("concern the whole block, and say nothing", () => {
    const to = context();
    expect([answer("mark 20", to), answer("mark 16", to), [...to.marked]]).toEqual(["", "", [16]]);
    expect([answer("unmark 23", to), to.marked.size]).toEqual(["", 0]);
    expect(refusalOf("unmark 23", to)).toBe(
      'Cannot answer the message "unmark 23": its block is not marked',
    );
  });
});

test("words are the same in any case", () => {
  expect([answer("QUERY 0"), answer("List").length > 0]).toEqual(["0 in place", true]);
});

test("limits in threes: the last sector", () => {
  expect([answer("query 78"), answer("query 79")].length).toBe(2);
  for (const verb of ["query", "mark", "unmark"]) {
    expect(refusalOf(`${verb} 80`)).toBe(
      `Cannot answer the message "${verb} 80": want one sector from 0 to 79`,
    );
  }
});

test("what makes no sense is refused, and marks nothing", () => {
  const to = context();
  for (const verb of ["query", "mark", "unmark"]) {
    for (const rest of ["", " ", " -1", " 1.5", " 0x10", " 1e1", " 99999999999999999999", " 1 2"]) {
      expect(refusalOf(verb + rest, to)).toContain("want one sector from 0 to 79");
    }
  }
  expect(refusalOf("list 1", to)).toContain("want nothing behind list");
  for (const other of ["", "relocate 1", "toString"]) {
    expect(refusalOf(other, to)).toContain("want query, list, mark or unmark");
  }
  expect(() => answerMessage([], to)).toThrow("want query, list, mark or unmark");
  expect(to.marked.size).toBe(0);
});

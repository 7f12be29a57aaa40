import { expect, test } from "vitest";
import {
  encodeContext,
  encodeExportName,
  encodeGreeting,
  encodeInfos,
  encodeListed,
  encodeOptionReply,
} from "../../../../src/nbd/handshake/option_writer.ts";
import { memoryExports } from "../dialogue.ts";

const [disk] = memoryExports(8);
const hex = (bytes: Uint8Array) => bytes.toHex();
const HEAD = "0003e889045565a9";

test("the bytes are those of the protocol's text", () => {
  expect(hex(encodeGreeting())).toBe("4e42444d41474943" + "49484156454f5054" + "0003");
  expect(hex(encodeOptionReply(7, "ack"))).toBe(HEAD + "00000007" + "00000001" + "00000000");
  expect(hex(encodeOptionReply(5, "unsupported", "no"))).toBe(
    HEAD + "00000005" + "80000001" + "00000002" + "6e6f",
  );
  expect(hex(encodeListed(3, { ...disk, name: "a", description: "b" }))).toBe(
    HEAD + "00000003" + "00000002" + "00000006" + "00000001" + "61" + "62",
  );
  expect(hex(encodeContext(10, 2, "x:y"))).toBe(
    HEAD + "0000000a" + "00000004" + "00000007" + "00000002" + "783a79",
  );
});

test("size, flags and block sizes are told always, name and description when asked", () => {
  const head = (length: string) => HEAD + "00000007" + "00000003" + length;
  const always = [
    head("0000000c") + "0000" + "0000000000001000" + "0ded",
    head("0000000e") + "0003" + "00000001" + "00010000" + "02000000",
  ];
  expect(encodeInfos(7, disk, [], "structured", false).map(hex)).toEqual(always);
  expect(encodeInfos(7, disk, [2, 1, 99], "structured", false).map(hex)).toEqual([
    ...always,
    head("00000006") + "0001" + "6469736b",
    head("0000000b") + "0002" + "666f72207465737473",
  ]);
});

test("the answer to EXPORT_NAME has 124 zeroes behind it, unless both sides can do without", () => {
  const short = "0000000000001000" + "0d6d";
  expect(hex(encodeExportName(disk, "simple", true))).toBe(short);
  expect(hex(encodeExportName(disk, "simple", false))).toBe(short + "00".repeat(124));
});

import { assertEquals, assertThrows } from "@std/assert";
import { describe, test } from "vitest";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { SECTORS_MAX } from "../../../../src/block/units.ts";
import {
  decodeLogEntry,
  decodeLogSuper,
  encodeLogEntry,
  encodeLogSuper,
  hasLoggedBytes,
  LOG_FLAGS,
  type LogEntry,
  markBytesMax,
} from "../../../../src/targets/fault/log_format.ts";
import { Prng } from "../../../../src/testing/prng.ts";

const hexOf = (bytes: Uint8Array) =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const dirty = (byteCount: number) => new Uint8Array(byteCount).fill(0xa5);

/** A block with 64-bit numbers at the beginning. */
function blockOf(words: readonly bigint[], byteCount = 512): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  const view = new DataView(bytes.buffer);
  words.forEach((word, index) => view.setBigUint64(index * 8, word, true));
  return bytes;
}

const MAGIC = 0x6a736677736872n;

describe("the super", () => {
  test("is magic, version, entries and the block's size, and then zeroes", () => {
    const bytes = dirty(512);
    encodeLogSuper(bytes, 0x0102030405);
    assertEquals(
      hexOf(bytes.subarray(0, 32)),
      "72687377" + "66736a00" + "0100000000000000" + "0504030201000000" + "00020000" + "00000000",
    );
    assertEquals(bytes.subarray(32), new Uint8Array(480));
  });

  test.each([1, 2, 8, 128])("comes back, in blocks of %i sectors", (blockSectors) => {
    for (const entryCount of [0, 1, SECTORS_MAX]) {
      const bytes = dirty(blockSectors * 512);
      encodeLogSuper(bytes, entryCount);
      assertEquals(decodeLogSuper(bytes), { entryCount, blockSectors });
      assertEquals(decodeLogSuper(bytes.subarray(0, 512)), { entryCount, blockSectors });
    }
  });

  const refused: [string, readonly bigint[], string][] = [
    ["nothing", [0n, 0n, 0n, 0n], "begins with 0x0"],
    ["another magic", [MAGIC + 1n, 1n, 0n, 512n], "which is no log"],
    ["version 0", [MAGIC, 0n, 0n, 512n], "version 0, want 1"],
    ["version 2", [MAGIC, 2n, 0n, 512n], "version 2, want 1"],
    ["blocks of 0 bytes", [MAGIC, 1n, 0n, 0n], "blocks of 0 bytes"],
    ["blocks of 256 bytes", [MAGIC, 1n, 0n, 256n], "blocks of 256 bytes"],
    ["blocks of 1536 bytes", [MAGIC, 1n, 0n, 1536n], "blocks of 1536 bytes"],
    ["blocks of 513 bytes", [MAGIC, 1n, 0n, 513n], "blocks of 513 bytes"],
    ["blocks of 128 KiB", [MAGIC, 1n, 0n, 131072n], "blocks of 131072 bytes"],
    ["blocks of 2 GiB", [MAGIC, 1n, 0n, 2n ** 31n], "blocks of 2147483648 bytes"],
    ["more entries than sectors", [MAGIC, 1n, BigInt(SECTORS_MAX) + 1n, 512n], "entries"],
    ["2^64 - 1 entries", [MAGIC, 1n, 2n ** 64n - 1n, 512n], "18446744073709551615 entries"],
  ];
  test.each(refused)("with %s is refused", (_, words, message) => {
    const error = assertThrows(() => decodeLogSuper(blockOf(words)), BlockDeviceError, message);
    assertEquals(error.code, "EINVAL");
  });
});

describe("an entry", () => {
  const entryOf = (more: Partial<LogEntry>): LogEntry => ({
    sector: 0,
    sectorCount: 0,
    flags: 0,
    mark: "",
    ...more,
  });

  test("is four numbers of 64 bits in blocks, and then zeroes", () => {
    const bytes = dirty(4096);
    encodeLogEntry(bytes, entryOf({ sector: 2 ** 40, sectorCount: 24, flags: LOG_FLAGS.fua }));
    assertEquals(
      hexOf(bytes.subarray(0, 32)),
      "0000000020000000" + "0300000000000000" + "0200000000000000" + "0000000000000000",
    );
    assertEquals(bytes.subarray(32), new Uint8Array(4064));
  });

  test("of a mark has the text behind it", () => {
    const bytes = dirty(512);
    encodeLogEntry(bytes, entryOf({ flags: LOG_FLAGS.mark, mark: "größe" }));
    assertEquals(hexOf(bytes.subarray(24, 40)), "0700000000000000" + "6772c3b6c39f6500");
    assertEquals(decodeLogEntry(bytes).mark, "größe");
  });

  test("has room for a mark that leaves one byte free; a longer one is cut off", () => {
    assertEquals([1, 8].map(markBytesMax), [479, 4063]);
    for (const [length, kept] of [[478, 478], [479, 479], [480, 479], [9999, 479]] as const) {
      const bytes = dirty(512);
      encodeLogEntry(bytes, entryOf({ flags: LOG_FLAGS.mark, mark: "m".repeat(length) }));
      assertEquals([decodeLogEntry(bytes).mark, bytes[511]], ["m".repeat(kept), 0]);
    }
  });

  test("comes back as it was, whatever it says", () => {
    const prng = Prng.fromSeed("log entries");
    for (let turn = 0; turn < 1000; turn++) {
      const blockSectors = prng.pick([1, 2, 8]);
      const isMark = prng.bool(0.2);
      const blocksMax = Math.floor(SECTORS_MAX / blockSectors);
      const entry: LogEntry = {
        sector: isMark ? 0 : prng.int(blocksMax + 1) * blockSectors,
        sectorCount: isMark ? 0 : prng.int(blocksMax + 1) * blockSectors,
        flags: isMark ? LOG_FLAGS.mark : prng.pick([0, 1, 2, 3, 4, 16, 18]),
        mark: isMark ? "x".repeat(prng.int(480)) : "",
      };
      const bytes = dirty(blockSectors * 512);
      encodeLogEntry(bytes, entry);
      assertEquals(decodeLogEntry(bytes), entry);
    }
  });

  test("is followed by bytes when it wrote some", () => {
    const cases: [Partial<LogEntry>, boolean][] = [
      [{ sectorCount: 1 }, true],
      [{ sectorCount: 1, flags: LOG_FLAGS.fua | LOG_FLAGS.metadata }, true],
      [{ sectorCount: 1, flags: LOG_FLAGS.discard }, false],
      [{ flags: LOG_FLAGS.flush }, false],
      [{ flags: LOG_FLAGS.mark, mark: "m" }, false],
    ];
    for (const [more, expected] of cases) assertEquals(hasLoggedBytes(entryOf(more)), expected);
  });

  test("with flags that nobody knows is read; other sizes in what is no mark do not matter", () => {
    const bytes = blockOf([1n, 2n, 0x70000000n, 2n ** 60n]);
    assertEquals(decodeLogEntry(bytes), entryOf({ sector: 1, sectorCount: 2, flags: 0x70000000 }));
  });

  const blocksMax = BigInt(SECTORS_MAX);
  const refused: [string, readonly bigint[], string][] = [
    ["a sector past any device", [blocksMax + 1n, 1n, 0n, 0n], "as a block"],
    ["more sectors than any device", [0n, blocksMax + 1n, 0n, 0n], "blocks"],
    ["numbers of 2^64 - 1", [2n ** 64n - 1n, 2n ** 64n - 1n, 0n, 0n], "18446744073709551615"],
    ["flags past 31 bits", [0n, 0n, 2n ** 31n, 0n], "as flags"],
    ["a mark longer than its block", [0n, 0n, 8n, 481n], "bytes in a mark"],
    ["a mark of 2^63 bytes", [0n, 0n, 8n, 2n ** 63n], "bytes in a mark"],
  ];
  test.each(refused)("with %s is refused", (_, words, message) => {
    const error = assertThrows(() => decodeLogEntry(blockOf(words)), BlockDeviceError, message);
    assertEquals(error.code, "EINVAL");
  });

  test("with the limits themselves is read", () => {
    const bytes = blockOf([blocksMax, blocksMax, 2n ** 31n - 1n - 8n, 0n]);
    assertEquals(decodeLogEntry(bytes).sectorCount, SECTORS_MAX);
    assertEquals(decodeLogEntry(blockOf([0n, 0n, 8n, 480n])).mark.length, 480);
  });
});

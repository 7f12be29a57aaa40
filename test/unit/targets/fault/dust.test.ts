import { assertEquals, assertThrows } from "@std/assert";
import { describe, test } from "vitest";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { runSync } from "../../../../src/block/plan.ts";
import { createDust, type DustOptions } from "../../../../src/targets/fault/dust.ts";
import { TargetError } from "../../../../src/targets/target_error.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { Bench } from "../../exception/rig.ts";
import { deviceOf, readOf } from "./rig.ts";

/** A dust device of 128 sectors at sector 16 of a disk. */
function setUp(more: Partial<DustOptions> = {}) {
  const bench = new Bench();
  const disk = bench.disk("disk", 144, { content: patternOf(1, 0, 144) });
  const log: string[] = [];
  const target = createDust({
    device: disk.device,
    startSector: 16,
    sectorCount: 128,
    blockBytes: 512,
    log: (line) => log.push(line),
    ...more,
  });
  const send = (text: string) => target.message?.(text.split(" ")) ?? "";
  return { bench, disk, log, target, send, device: deviceOf(target) };
}

/** What becomes of a request: what reached the disk, or the refusal's code. */
function fate({ bench }: ReturnType<typeof setUp>, request: () => void): string[] {
  bench.takeTrace();
  try {
    request();
  } catch (error) {
    if (!(error instanceof BlockDeviceError)) throw error;
    return [...bench.takeTrace(), error.code];
  }
  return bench.takeTrace();
}

test("blktests dm/002: bad blocks are added, listed, cleared, and mended by writes", () => {
  const { send, device } = setUp();
  const add = () => ["60", "67", "72"].forEach((block) => send(`addbadblock ${block}`));
  add();
  assertEquals(send("countbadblocks"), "countbadblocks: 3 badblock(s) found");
  assertEquals(send("listbadblocks"), "60\n67\n72\n");
  assertEquals(send("clearbadblocks"), "dust_clear_badblocks: badblocks cleared");
  assertEquals(send("countbadblocks"), "countbadblocks: 0 badblock(s) found");
  add();
  assertEquals(send("countbadblocks"), "countbadblocks: 3 badblock(s) found");
  assertEquals(send("enable"), "");
  device.writeSync(new Uint8Array(128 * 512), 0);
  assertEquals(send("countbadblocks"), "countbadblocks: 0 badblock(s) found");
});

describe("a bad block", () => {
  test("fails nothing while the target is disabled, and is not mended", () => {
    const rig = setUp();
    rig.send("addbadblock 3");
    assertEquals(fate(rig, () => readOf(rig.device, 3, 1)), ["disk read 19+1"]);
    rig.device.writeSync(patternOf(2, 3, 1), 3);
    assertEquals(rig.send("queryblock 3"), "dust_query_block: block 3 found in badblocklist");
    rig.send("enable");
    assertEquals(fate(rig, () => readOf(rig.device, 3, 1)), ["EIO"]);
    rig.send("disable");
    assertEquals(fate(rig, () => readOf(rig.device, 3, 1)), ["disk read 19+1"]);
  });

  test("fails reads until it is written; its neighbours never do", () => {
    const rig = setUp();
    rig.send("addbadblock 3");
    rig.send("enable");
    const reads = () => [2, 3, 4].map((sector) => fate(rig, () => readOf(rig.device, sector, 1)));
    assertEquals(reads(), [["disk read 18+1"], ["EIO"], ["disk read 20+1"]]);
    assertEquals(reads()[1], ["EIO"]);
    rig.device.writeSync(patternOf(2, 3, 1), 3);
    assertEquals(reads()[1], ["disk read 19+1"]);
    assertEquals(readOf(rig.device, 3, 1), patternOf(2, 3, 1));
    assertEquals(rig.log.at(-1), "dust: block 3 removed from badblocklist by write");
  });

  test.each(["zero", "discard"] as const)("is mended by a %s, with all that it touches", (kind) => {
    const rig = setUp();
    for (const block of [3, 4, 6]) rig.send(`addbadblock ${block}`);
    rig.send("enable");
    const request = () =>
      kind === "zero" ? rig.device.writeZeroesSync(2, 4) : rig.device.discardSync(2, 4);
    assertEquals(fate(rig, request), [`disk ${kind} 18+4`]);
    assertEquals(rig.send("listbadblocks"), "6\n");
  });

  test.each([0, 1, 2, 255])("with a write fail count of %i fails so many writes first", (count) => {
    const rig = setUp();
    rig.send(`addbadblock 3 ${count}`);
    rig.send("enable");
    const write = () => rig.device.writeSync(patternOf(2, 3, 1), 3);
    for (let turn = 0; turn < count; turn++) {
      assertEquals(fate(rig, write), ["EIO"], `write ${turn + 1}`);
    }
    assertEquals(fate(rig, () => readOf(rig.device, 3, 1)), ["EIO"]);
    assertEquals(fate(rig, write), ["disk write 19+1"]);
    assertEquals(readOf(rig.device, 3, 1), patternOf(2, 3, 1));
  });

  test("of several sectors is bad as a whole: a write of one of them mends it", () => {
    const rig = setUp({ blockBytes: 4096 });
    rig.send("addbadblock 2");
    rig.send("enable");
    for (const sector of [16, 23]) {
      assertEquals(fate(rig, () => readOf(rig.device, sector, 1)), ["EIO"]);
    }
    assertEquals(fate(rig, () => readOf(rig.device, 15, 1)), ["disk read 31+1"]);
    assertEquals(fate(rig, () => readOf(rig.device, 24, 1)), ["disk read 40+1"]);
    rig.device.writeSync(patternOf(2, 20, 1), 20);
    assertEquals(fate(rig, () => readOf(rig.device, 16, 8)), ["disk read 32+8"]);
  });

  test("does not keep a flush from the disk", () => {
    const rig = setUp();
    rig.send("addbadblock 0");
    rig.send("enable");
    assertEquals(fate(rig, () => rig.device.flushSync()), ["disk flush"]);
  });
});

describe("a request that covers several blocks", () => {
  test("goes below up to the first one that fails", () => {
    const rig = setUp();
    rig.send("addbadblock 5");
    rig.send("addbadblock 9 1");
    rig.send("enable");
    assertEquals(fate(rig, () => readOf(rig.device, 2, 8)), ["disk read 18+3", "EIO"]);
    const write = () => rig.device.writeSync(patternOf(2, 2, 10), 2);
    // Block 5 is mended on the way to block 9.
    assertEquals(fate(rig, write), ["disk write 18+7", "EIO"]);
    assertEquals(rig.send("listbadblocks"), "9\n");
    assertEquals(fate(rig, write), ["disk write 18+10"]);
    assertEquals(rig.send("listbadblocks"), "No blocks in badblocklist");
    const expected = patternOf(1, 16, 128);
    expected.set(patternOf(2, 2, 10), 2 * 512);
    verifySectors(readOf(rig.device, 0, 128), expected, 0, "dust");
  });

  test("by the asynchronous face is cut the same, and counts each failure once", async () => {
    const rig = setUp();
    rig.send("addbadblock 5 1");
    rig.send("enable");
    const write = () =>
      rig.device.write(patternOf(2, 2, 8), 2).then(() => "ok", (error) => error.code);
    assertEquals([await write(), rig.bench.takeTrace()], ["EIO", ["disk write 18+3"]]);
    assertEquals([await write(), rig.bench.takeTrace()], ["ok", ["disk write 18+8"]]);
  });

  test("that is not aligned to blocks is cut at the block", () => {
    const rig = setUp({ blockBytes: 2048 });
    rig.send("addbadblock 2");
    rig.send("enable");
    assertEquals(fate(rig, () => readOf(rig.device, 3, 8)), ["disk read 19+5", "EIO"]);
    rig.send("addbadblock 4 1");
    const write = () => rig.device.writeSync(patternOf(2, 11, 8), 11);
    assertEquals(fate(rig, write), ["disk write 27+5", "EIO"]);
    rig.send("addbadblock 2");
    assertEquals(fate(rig, () => readOf(rig.device, 11, 2)), ["EIO"]);
    assertEquals(fate(rig, () => readOf(rig.device, 12, 2)), ["disk read 28+2"]);
  });
});

test("messages count blocks from the target's first sector", () => {
  const { send, device } = setUp();
  send("addbadblock 0");
  send("enable");
  assertThrows(() => readOf(device, 0, 1), BlockDeviceError, "block 0 of the dust target");
});

test("it takes a last block that is cut short, and none behind it", () => {
  const { send } = setUp({ sectorCount: 121, blockBytes: 4096 });
  send("addbadblock 15");
  assertThrows(() => send("addbadblock 16"), BlockDeviceError, "out of range");
});

test("a write that mends is logged, unless it is quiet", () => {
  const { send, log, device, target } = setUp();
  send("enable");
  for (const quiet of [false, true]) {
    send("addbadblock 3");
    log.length = 0;
    device.writeSync(new Uint8Array(512), 3);
    assertEquals(log, quiet ? [] : ["dust: block 3 removed from badblocklist by write"]);
    send("quiet");
  }
  assertEquals(target.status(), "disk fail_read_on_bad_block verbose");
});

test("its words name the device, how it is, and how it was made", () => {
  const { target, send, disk } = setUp({ blockBytes: 4096, deviceWord: () => "254:0" });
  assertEquals([target.status(), target.table()], ["254:0 bypass verbose", "254:0 16 4096"]);
  send("enable");
  assertEquals(target.status(), "254:0 fail_read_on_bad_block verbose");
  send("quiet");
  assertEquals(target.status(), "254:0 fail_read_on_bad_block quiet");
  assertEquals([target.devices, target.isBusy(), target.type], [[disk.device], false, "dust"]);
  runSync(target.destroy());
});

describe("the size of a block", () => {
  const reasonOf = (blockBytes: number, sectorCount = 128) =>
    assertThrows(() => setUp({ blockBytes, sectorCount }), TargetError).reason;

  test("is a number from 512 on", () => {
    for (const size of [0, -512, NaN, 0.5, 2 ** 32]) {
      assertEquals(reasonOf(size), "Invalid block size parameter");
    }
    for (const size of [1, 256, 511]) {
      assertEquals(reasonOf(size), "Block size must be at least 512");
    }
    assertEquals(setUp({ blockBytes: 512 }).target.table(), "disk 16 512");
  });

  test("is a power of two", () => {
    for (const size of [513, 1023, 1536, 4095]) {
      assertEquals(reasonOf(size), "Block size must be a power of 2");
    }
  });

  test("is not larger than the target, nor than dm's limit", () => {
    assertEquals(setUp({ blockBytes: 65536 }).target.table(), "disk 16 65536");
    assertEquals(reasonOf(131072), "Block size is too large");
    assertEquals(reasonOf(65536, 127), "Block size is too large");
    assertEquals(setUp({ blockBytes: 2 ** 30, sectorCount: 2 ** 22 }).target.sectorCount, 2 ** 22);
    assertEquals(reasonOf(2 ** 31, 2 ** 23), "Block size is too large");
  });

  test("is not smaller than the device's logical block", () => {
    const device = new Bench().disk("4K", 64, { logicalSectors: 8 }).device;
    const make = (blockBytes: number) =>
      setUp({ device, startSector: 0, sectorCount: 64, blockBytes });
    const { reason } = assertThrows(() => make(2048), TargetError);
    assertEquals(reason, "Block size is smaller than device blocksize");
    const { send, device: dust } = make(4096);
    send("addbadblock 1");
    send("enable");
    assertThrows(() => readOf(dust, 0, 16), BlockDeviceError, "block 1 of the dust target");
    dust.writeSync(new Uint8Array(8192), 0);
    readOf(dust, 0, 16);
  });
});

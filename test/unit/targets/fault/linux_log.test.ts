/**
 * The log that Linux wrote of the same requests, byte for byte.
 *
 * Recorded from Debian's 6.1.192 under QEMU: two disks of 4 and 8 MiB of zeroes, the requests below
 * with direct I/O, and then the first 128 sectors of the log. The contents are those that the recorded
 * images of `test/golden` are made of.
 */
import { assertEquals } from "@std/assert";
import { test } from "vitest";
import { runSync } from "../../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";
import { dmsetupSync } from "../../../../src/mapper/dmsetup/dmsetup.ts";
import { Mapper } from "../../../../src/mapper/mapper.ts";
import { openLog } from "../../../../src/targets/fault/log_replay.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { readLog, readOf } from "./rig.ts";

const LINUX_SHA256 = "e45bd58a971769d08519d06c13dafc6c0c296931a82cd49077d8e7661e8b5c70";
const LINUX_STATUS = "0 8192 log-writes 10 99\n";

/** Sectors that tell their number and the write they came from. */
function saltedSectors(sector: number, sectorCount: number, salt: number): Uint8Array {
  const words = new Uint32Array(sectorCount * 128);
  for (let index = 0; index < sectorCount; index++) {
    const number = sector + index;
    const pair = Array.from({ length: 62 }, () => [number, salt]).flat();
    words.set([0x50534d44, number, salt, ~number, ...pair], index * 128);
  }
  return new Uint8Array(words.buffer);
}

test("the same requests make the same log as in Linux, and it replays to the same disk", async () => {
  const disk = createMemoryDevice({ sectorCount: 8192 });
  const log = createMemoryDevice({ sectorCount: 16384 });
  const mapper = new Mapper({
    disks: [{ name: "vda", number: "254:0", device: disk }, {
      name: "vdb",
      number: "254:16",
      device: log,
    }],
  });
  mapper.createSync("lw", "0 8192 log-writes /dev/vda /dev/vdb");
  const device = mapper.device("lw");
  const write = (sector: number, count: number, salt: number) =>
    device.writeSync(saltedSectors(sector, count, salt), sector);
  write(0, 3, 100);
  write(5, 2, 101);
  device.flushSync();
  dmsetupSync(mapper, ["message", "lw", "0", "mark", "half"]);
  dmsetupSync(mapper, ["message", "lw", "0", "MARK", "größe"]);
  write(100, 64, 102);
  device.discardSync(200, 64);
  device.writeZeroesSync(300, 16);
  write(6, 4, 103);
  device.flushSync();
  write(0, 1, 104);
  write(8000, 3, 107);
  assertEquals(dmsetupSync(mapper, ["status", "lw"]).stdout, LINUX_STATUS);
  mapper.removeSync("lw");

  assertEquals(readLog(readOf(log, 0, 16384)).map(({ words }) => words), [
    "write 0+3",
    "write 5+2",
    "flush",
    "mark half",
    "mark größe",
    "write 100+64",
    "discard 200+64",
    "write 300+16",
    "write 6+4",
    "flush",
    "write 0+1",
    "write 8000+3",
    "mark dm-log-writes-end",
  ]);
  const digest = await crypto.subtle.digest("SHA-256", readOf(log, 0, 128).slice());
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
  assertEquals(hex, LINUX_SHA256);
  const copy = createMemoryDevice({ sectorCount: 8192 });
  runSync(runSync(openLog(log)).replay(copy));
  verifySectors(readOf(copy, 0, 8192), readOf(disk, 0, 8192), 0, "the replayed disk");
});

import { assertEquals, assertThrows } from "@std/assert";
import { describe, test } from "vitest";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { dmsetupSync } from "../../../../src/mapper/dmsetup/dmsetup.ts";
import { MapperError } from "../../../../src/mapper/mapper_error.ts";
import { faultTypes } from "../../../../src/mapper/table/fault_types.ts";
import { createRig } from "../rig.ts";

/** Creates a device with a table and tells its line and its state. */
function linesOf(rest: string): string[] {
  const { mapper } = createRig();
  mapper.createSync("t", `0 64 ${rest}`);
  return [...mapper.table("t"), ...mapper.status("t"), mapper.deps("t").join(" ")];
}

test("a table comes back as dm writes it, with devices by number", () => {
  const lines: [string, string, string, string][] = [
    ["error", "error ", "error ", ""],
    ["error whatever", "error ", "error ", ""],
    ["error 1 2 3", "error ", "error ", ""],
    ["error /dev/vda 8", "error ", "error ", "254:0"],
    ["delay /dev/vda 8 0", "delay 254:0 8 0", "delay 0 0 0", "254:0"],
    [
      "delay vda 0 1 vdb 2 3",
      "delay 254:0 0 1 254:16 2 3",
      "delay 0 0 0",
      "254:16 254:0",
    ],
    [
      "delay vda 0 0 vdb 0 0 vda 0 200",
      "delay 254:0 0 0 254:16 0 0 254:0 0 200",
      "delay 0 0 0",
      "254:16 254:0",
    ],
    ["dust vda 8 512", "dust 254:0 8 512", "dust 254:0 bypass verbose", "254:0"],
    ["flakey vda 0 180 0", "flakey 254:0 0 180 0 2 error_reads error_writes", "flakey ", "254:0"],
    [
      "flakey vda 8 0 180 1 drop_writes",
      "flakey 254:0 8 0 180 1 drop_writes",
      "flakey ",
      "254:0",
    ],
    [
      "flakey vda 8 0 180 5 corrupt_bio_byte 32 r 1 0",
      "flakey 254:0 8 0 180 5 corrupt_bio_byte 32 r 1 0",
      "flakey ",
      "254:0",
    ],
    ["log-writes vda vdb", "log-writes 254:0 254:16", "log-writes 0 0", "254:16 254:0"],
    ["log-writes vda vdb more", "log-writes 254:0 254:16", "log-writes 0 0", "254:16 254:0"],
  ];
  for (const [rest, table, status, deps] of lines) {
    assertEquals(linesOf(rest), [`0 64 ${table}`, `0 64 ${status}`, deps], rest);
  }
});

describe("words that a target does not take are refused with dm's text", () => {
  const refused: [string, string][] = [
    ["error /dev/vda x", "error: Invalid device sector (-EINVAL)"],
    ["error /dev/nope 8", "error: Device lookup failed (-ENODEV)"],
    ["delay", "delay: Requires exactly 3, 6 or 9 arguments (-EINVAL)"],
    ["delay vda 0", "delay: Requires exactly 3, 6 or 9 arguments (-EINVAL)"],
    ["delay vda 0 0 vdb", "delay: Requires exactly 3, 6 or 9 arguments (-EINVAL)"],
    ["delay vda 0 0 vdb 0 0 vda 0 0 0", "delay: Requires exactly 3, 6 or 9 arguments (-EINVAL)"],
    ["delay vda x 0", "delay: Invalid device sector (-EINVAL)"],
    ["delay vda 0 x", "delay: Invalid delay (-EINVAL)"],
    ["delay vda 0 4294967296", "delay: Invalid delay (-EINVAL)"],
    ["delay vda 0 0 vdb 0 -1", "delay: Invalid delay (-EINVAL)"],
    ["delay vda 0 0 nope 0 0", "delay: Device lookup failed (-ENODEV)"],
    ["dust vda 0", "dust: Invalid argument count (-EINVAL)"],
    ["dust vda 0 512 1", "dust: Invalid argument count (-EINVAL)"],
    ["dust vda 0 x", "dust: Invalid block size parameter (-EINVAL)"],
    ["dust vda 0 0", "dust: Invalid block size parameter (-EINVAL)"],
    ["dust vda 0 256", "dust: Block size must be at least 512 (-EINVAL)"],
    ["dust vda 0 1536", "dust: Block size must be a power of 2 (-EINVAL)"],
    ["dust vda 0 65536", "dust: Block size is too large (-EINVAL)"],
    ["dust vda x 512", "dust: Invalid device offset sector (-EINVAL)"],
    ["dust nope 0 512", "dust: Device lookup failed (-EINVAL)"],
    ["flakey vda 0 1", "flakey: Invalid argument count (-EINVAL)"],
    ["flakey vda x 1 1", "flakey: Invalid device sector (-EINVAL)"],
    ["flakey vda 0 x 1", "flakey: Invalid up interval (-EINVAL)"],
    ["flakey vda 0 1 x", "flakey: Invalid down interval (-EINVAL)"],
    ["flakey vda 0 0 0", "flakey: Total (up + down) interval is zero (-EINVAL)"],
    ["flakey vda 0 4294967295 2", "flakey: Interval overflow (-EINVAL)"],
    ["flakey vda 0 1 1 1", "flakey: Invalid number of feature args (-EINVAL)"],
    ["flakey vda 0 1 1 1 explode", "flakey: Unrecognised flakey feature requested (-EINVAL)"],
    [
      "flakey vda 0 1 1 5 corrupt_bio_byte 0 r 1 0",
      "flakey: Invalid corrupt bio byte (-EINVAL)",
    ],
    [
      "flakey vda 0 1 1 3 drop_writes random_write_corrupt 1",
      "flakey: drop_writes is incompatible with random_write_corrupt or corrupt_bio_byte " +
      "with the WRITE flag set (-EINVAL)",
    ],
    ["flakey nope 0 1 1", "flakey: Device lookup failed (-ENODEV)"],
    ["log-writes", "log-writes: Invalid argument count (-EINVAL)"],
    ["log-writes vda", "log-writes: Invalid argument count (-EINVAL)"],
    ["log-writes nope vdb", "log-writes: Device lookup failed (-ENODEV)"],
    ["log-writes vda nope", "log-writes: Log device lookup failed (-ENODEV)"],
    ["log-writes vda vdr", "log-writes: Log device lookup failed (-EROFS)"],
    ["log-writes vda vda", "log-writes: Log device cannot be the same as the device (-EINVAL)"],
  ];
  test.each(refused)("%s", (rest, line) => {
    const { mapper, log } = createRig();
    assertThrows(() => mapper.createSync("t", `0 64 ${rest}`), MapperError);
    assertEquals(log, [`table: 253:0: ${line}`, "ioctl: error adding target to table"]);
    assertEquals(mapper.names, []);
  });
});

test("a device that is too small is refused before anything is written", () => {
  const rests = ["delay vda 4090 0", "dust vda 4090 512", "flakey vda 4090 1 1", "error vda 4090"];
  for (const rest of [...rests, "delay vda 0 0 vdb 4090 0"]) {
    const { mapper, log } = createRig();
    assertThrows(() => mapper.createSync("t", `0 64 ${rest}`), MapperError);
    assertEquals(log[0]?.includes("too small for target: start=4090, len=64"), true, log[0]);
  }
});

describe("dmsetup message", () => {
  const setUp = (rest: string) => {
    const { mapper, log, vda } = createRig();
    mapper.createSync("t", `0 128 ${rest}`);
    log.length = 0;
    const send = (...words: string[]) => dmsetupSync(mapper, ["message", "t", "0", ...words]);
    return { mapper, log, send, vda };
  };

  test("prints an answer as the kernel gave it, ended by one newline", () => {
    const { send } = setUp("dust vda 0 512");
    for (const block of ["60", "67", "72"]) {
      assertEquals(send("addbadblock", block).output, "");
    }
    assertEquals(send("countbadblocks").stdout, "countbadblocks: 3 badblock(s) found\n");
    assertEquals(send("listbadblocks").stdout, "60\n67\n72\n");
    assertEquals(send("clearbadblocks").stdout, "dust_clear_badblocks: badblocks cleared\n");
    assertEquals(send("listbadblocks").stdout, "No blocks in badblocklist\n");
  });

  test("says of a refusal what ioctl says; the kernel's log says more", () => {
    const { send, log } = setUp("dust vda 0 512");
    const { exitStatus, output, errors } = send("addbadblock", "128");
    assertEquals([exitStatus, output], [
      1,
      "device-mapper: message ioctl on t  failed: Invalid argument\nCommand failed.\n",
    ]);
    assertEquals(errors[0]?.message.includes("selected block value out of range"), true);
    assertEquals(log, ["dust: selected block value out of range"]);
  });

  test("splits words at blanks, as the kernel does with the text it gets", () => {
    const { send, mapper, log } = setUp("log-writes vda vdb");
    assertEquals(send("mark  one").output, "");
    assertEquals(mapper.status("t"), ["0 128 log-writes 1 1"]);
    assertEquals(send("mark", "two words").exitStatus, 1);
    assertEquals(log, [
      "log-writes: Invalid log-writes message arguments, expect 2 arguments, got 3",
    ]);
  });

  test("reaches a target in a read-only table", () => {
    const { mapper } = createRig();
    mapper.createSync("t", "0 64 dust vdr 0 512", { isReadOnly: true });
    mapper.message("t", 0, ["addbadblock", "3"]);
    mapper.message("t", 0, ["enable"]);
    const read = () => mapper.device("t").readSync(new Uint8Array(512), 3);
    assertThrows(read, BlockDeviceError, "block 3 of the dust target");
  });
});

test("the mapper refuses a target's message in its own name, with the target's code", () => {
  const { mapper } = createRig();
  mapper.createSync("t", "0 64 dust vda 0 512");
  const error = assertThrows(() => mapper.message("t", 0, ["polish"]), MapperError);
  assertEquals([error.verb, error.code, error.device], ["message", "EINVAL", "t"]);
  assertEquals(error.cause instanceof BlockDeviceError, true);
});

test("each has dm's name and version", () => {
  assertEquals(faultTypes().map(({ name, version }) => `${name} v${version}`), [
    "delay v1.4.0",
    "dust v1.0.0",
    "error v1.7.0",
    "flakey v1.5.0",
    "log-writes v1.1.0",
  ]);
});

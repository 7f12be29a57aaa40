/** What is accepted as a snapshot's table line, and how it is printed back. */
import { assertEquals, assertThrows } from "@std/assert";
import { test } from "vitest";
import { MapperError } from "../../../../src/mapper/mapper_error.ts";
import { snapshotTypes } from "../../../../src/mapper/table/snapshot_types.ts";
import { createRig, DISK_SECTORS } from "../rig.ts";

function tableOf(rest: string): string[] {
  const { mapper } = createRig();
  mapper.createSync("t", `0 ${DISK_SECTORS} ${rest}`);
  return mapper.table("t");
}

function refusalOf(rest: string): { message: string; log: string[] } {
  const { mapper, log } = createRig();
  const { message } = assertThrows(
    () => mapper.createSync("t", `0 ${DISK_SECTORS} ${rest}`),
    MapperError,
  );
  assertEquals(mapper.names, []);
  return { message, log: log.slice(0, -1) };
}

test("a line is printed back with numbers, the store's letters and the features in dm's order", () => {
  const snapshot = "snapshot /dev/vda /dev/vdb";
  const printed: [string, string][] = [
    [`${snapshot} P 8`, "snapshot 254:0 254:16 P 8"],
    [`${snapshot} p 08`, "snapshot 254:0 254:16 P 8"],
    [`${snapshot} P +8`, "snapshot 254:0 254:16 P 8"],
    [`${snapshot} poverflow 8`, "snapshot 254:0 254:16 PO 8"],
    [`${snapshot} POX 8`, "snapshot 254:0 254:16 PO 8"],
    [`${snapshot} NX 8`, "snapshot 254:0 254:16 N 8"],
    [`${snapshot} P 0`, "snapshot 254:0 254:16 P 32"],
    [`${snapshot} P 8 0`, "snapshot 254:0 254:16 P 8"],
    [`${snapshot} P 8 0 junk`, "snapshot 254:0 254:16 P 8"],
    [`${snapshot} P 8 1 Discard_Zeroes_COW junk`, "snapshot 254:0 254:16 P 8 1 discard_zeroes_cow"],
    [
      `${snapshot} P 8 2 discard_passdown_origin discard_zeroes_cow`,
      "snapshot 254:0 254:16 P 8 2 discard_zeroes_cow discard_passdown_origin",
    ],
    [`${snapshot} P 8 1 COPY_ON_READ`, "snapshot 254:0 254:16 P 8 1 copy_on_read"],
    [
      `${snapshot} PO 8 3 copy_on_read discard_passdown_origin discard_zeroes_cow`,
      "snapshot 254:0 254:16 PO 8 3 discard_zeroes_cow discard_passdown_origin copy_on_read",
    ],
    [
      "snapshot-merge vda vdb P 8 1 copy_on_read",
      "snapshot-merge 254:0 254:16 P 8 1 copy_on_read",
    ],
    ["snapshot-origin 254:0", "snapshot-origin 254:0"],
    ["snapshot-merge vda vdb P 8", "snapshot-merge 254:0 254:16 P 8"],
  ];
  for (const [given, line] of printed) {
    assertEquals(tableOf(given), [`0 ${DISK_SECTORS} ${line}`], given);
  }
});

test("what is refused is told in dm's words in the log", () => {
  const snapshot = "snapshot /dev/vda /dev/vdb";
  const store = "Couldn't create exception store (-EINVAL)";
  const refused: [string, string][] = [
    ["snapshot", "requires 4 or more arguments (-EINVAL)"],
    [`${snapshot} P`, "requires 4 or more arguments (-EINVAL)"],
    [`${snapshot} X 8`, store],
    [`${snapshot} P 3`, store],
    [`${snapshot} P -8`, store],
    [`${snapshot} P 8x`, store],
    [`${snapshot} P 4294967296`, store],
    [`${snapshot} P 4194304`, store],
    [`${snapshot} N 0`, "Chunk size not set (-EINVAL)"],
    [`${snapshot} P 8 x`, "Invalid number of feature arguments (-EINVAL)"],
    [`${snapshot} P 8 4 a b c d`, "Invalid number of feature arguments (-EINVAL)"],
    [`${snapshot} P 8 3 a b c`, "Invalid number of feature arguments (-EINVAL)"],
    [`${snapshot} P 8 3 a b copy_on_read`, "Unrecognised feature requested (-EINVAL)"],
    [`${snapshot} P 8 3 copy_on_read`, "Invalid number of feature arguments (-EINVAL)"],
    [`${snapshot} P 8 2 discard_zeroes_cow`, "Invalid number of feature arguments (-EINVAL)"],
    [`${snapshot} P 8 1 bogus`, "Unrecognised feature requested (-EINVAL)"],
    [
      `${snapshot} P 8 1 discard_passdown_origin`,
      "discard_passdown_origin feature depends on discard_zeroes_cow (-EINVAL)",
    ],
    [
      "snapshot /dev/vda /dev/vda P 8",
      "COW device cannot be the same as origin device (-EINVAL)",
    ],
    ["snapshot /dev/nope /dev/vdb P 8", "Cannot get origin device (-ENODEV)"],
    ["snapshot /dev/vda - P 8", "Cannot get COW device (-ENODEV)"],
    ["snapshot /dev/vda /dev/vdr P 8", "Cannot get COW device (-EROFS)"],
  ];
  for (const [rest, line] of refused) {
    assertEquals(refusalOf(rest).log, [`table: 253:0: snapshot: ${line}`], rest);
  }
  assertEquals(refusalOf("snapshot-origin vda 8").log, [
    "table: 253:0: snapshot-origin: origin: incorrect number of arguments (-EINVAL)",
  ]);
  assertEquals(refusalOf("snapshot-origin nope").log, [
    "table: 253:0: snapshot-origin: Cannot get target device (-ENODEV)",
  ]);
  assertEquals(refusalOf("snapshot-merge vda vdb N 8").log, [
    "table: 253:0: snapshot-merge: Snapshot exception store does not support snapshot-merge. (-EINVAL)",
  ]);
});

test("an option of the store that is none is logged before the refusal", () => {
  assertEquals(refusalOf("snapshot /dev/vda /dev/vdb persistent 8").log, [
    "persistent snapshot: Unsupported persistent store option: ersistent",
    "table: 253:0: snapshot: Couldn't create exception store (-EINVAL)",
  ]);
});

test("people are told what the kernel loses", () => {
  const snapshot = "snapshot /dev/vda /dev/vdb";
  assertEquals(
    refusalOf(`${snapshot} P 3`).message,
    "Cannot make a snapshot: the chunk size is 3 sectors, want a power of two",
  );
  assertEquals(
    refusalOf(`${snapshot} P 8x`).message,
    'Cannot use the chunk size "8x": want a number of sectors',
  );
  assertEquals(
    refusalOf(`${snapshot} X 8`).message,
    'Cannot use the exception store "X": want P, PO or N',
  );
});

test("another implementation can have the same table lines", () => {
  const { planSnapshot, planSnapshotMerge, planSnapshotOrigin } = {
    planSnapshot: () => fail("snapshot"),
    planSnapshotMerge: () => fail("merge"),
    planSnapshotOrigin: () => fail("origin"),
  };
  const fail = (name: string): never => {
    throw new TypeError(name);
  };
  const types = snapshotTypes({ planSnapshot, planSnapshotMerge, planSnapshotOrigin });
  const { mapper } = createRig(types);
  assertThrows(() => mapper.createSync("t", "0 8 snapshot vda vdb P 8"), MapperError, "snapshot");
  assertThrows(
    () => mapper.createSync("t", "0 8 snapshot-merge vda vdb P 8"),
    MapperError,
    "merge",
  );
  assertThrows(() => mapper.createSync("t", "0 8 snapshot-origin vda"), MapperError, "origin");
});

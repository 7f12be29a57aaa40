import { expect, test } from "vitest";
import { partOf, rangeOf, sectorsAround, writeBytesAt } from "../../../src/cli/bytes_range.ts";
import { createMemoryDevice } from "../../../src/mod.ts";
import { notes } from "./session.ts";

const SECTORS = 20;
const BYTES = SECTORS * 512;

const memory = () => createMemoryDevice({ sectorCount: SECTORS, name: "memory" });

test("a range ends at the device's end at the latest", () => {
  expect(rangeOf(memory(), 7)).toEqual({ offsetBytes: 7, lengthBytes: BYTES - 7 });
  expect(rangeOf(memory(), BYTES)).toEqual({ offsetBytes: BYTES, lengthBytes: 0 });
  expect(rangeOf(memory(), BYTES - 1, 1).lengthBytes).toBe(1);
  expect(() => rangeOf(memory(), BYTES - 1, 2)).toThrow(
    /Cannot reach 2 bytes from byte 10239 on: "memory" has 10240 \(10 KiB\)/,
  );
  expect(() => rangeOf(memory(), BYTES + 1)).toThrow(/Cannot reach 0 bytes/);
});

/** Offsets and lengths around the borders of sectors. */
const PLACES = [0, 1, 511, 512, 513, 1023, 1024, 5000].flatMap((offsetBytes) =>
  [0, 1, 511, 512, 513, 1025, 4096].map((lengthBytes) => ({ offsetBytes, lengthBytes }))
);

test("a range is the part of its sectors that it names, wherever it begins and ends", () => {
  const all = notes(SECTORS, 1);
  for (const range of PLACES) {
    const { sector, sectorCount } = sectorsAround(range);
    const piece = all.subarray(sector * 512, (sector + sectorCount) * 512);
    const { offsetBytes, lengthBytes } = range;
    expect(partOf(piece, sector, range)).toEqual(
      all.subarray(offsetBytes, offsetBytes + lengthBytes),
    );
  }
});

test("bytes land where they belong and nowhere else, wherever that is", async () => {
  for (const { offsetBytes, lengthBytes } of PLACES) {
    const device = memory();
    const want = notes(SECTORS, 1);
    device.writeSync(want, 0);
    const bytes = notes(10, 2).subarray(0, lengthBytes);
    await writeBytesAt(device, bytes, offsetBytes);
    want.set(bytes, offsetBytes);
    const found = new Uint8Array(BYTES);
    device.readSync(found, 0);
    expect(found).toEqual(want);
    device.closeSync();
  }
});

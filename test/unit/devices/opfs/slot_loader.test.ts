import { describe, expect, test } from "vitest";
import { encodeEntry, encodeHeader } from "../../../../src/devices/opfs/slot_format.ts";
import { isUnmade, loadSlots } from "../../../../src/devices/opfs/slot_loader.ts";
import { formatSlotFile, SlotStorage } from "../../../../src/devices/opfs/slot_storage.ts";
import { patternOf, Prng } from "../../../../src/testing/mod.ts";
import { PowerCut, VolatileFile } from "./volatile_file.ts";

const SLOT_BYTES = 65536;

const open = (file: VolatileFile) => loadSlots(file, "disk");

const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });

/** A file with ten stretches in it, flushed so often that the header vouches for all. */
function written(): VolatileFile {
  const file = new VolatileFile();
  formatSlotFile(file, 1280);
  const disk = new SlotStorage("disk", file, true);
  for (const seed of [1, 2]) disk.writeSync(patternOf(seed, 0, 1280), 0, true);
  disk.closeSync();
  return file;
}

test("slots and stretches are told, both ways", () => {
  const { header, directory, owners, lostSlots } = open(written());
  expect(header.sectorCount).toBe(1280);
  expect(owners).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(owners.slice(1).map((owner) => directory.get(owner - 1))).toEqual(
    owners.slice(1).map((_, at) => at + 1),
  );
  expect(lostSlots).toEqual([]);
});

test("an entry behind the device's end, of a growth that was lost, counts no more", () => {
  const file = written();
  const sector = new Uint8Array(512);
  file.read(sector, { at: SLOT_BYTES });
  encodeEntry(sector, 12, 10);
  file.write(sector, { at: SLOT_BYTES });
  expect(open(file).lostSlots).toEqual([12]);
  const disk = new SlotStorage("disk", file, true);
  disk.closeSync();
  expect(open(file).lostSlots).toEqual([]);
});

describe("a file that is not as it must be", () => {
  test("an empty one is no disk", () => {
    expect(() => open(new VolatileFile())).toThrow(refusal("EINVAL"));
    expect(() => open(new VolatileFile(new Uint8Array(4096).fill(1)))).toThrow(refusal("EINVAL"));
  });

  test("a changed bit of the header or of an entry is EIO", () => {
    for (const at of [9, 21, SLOT_BYTES + 1, SLOT_BYTES + 9, SLOT_BYTES + 13]) {
      const file = written();
      const sector = new Uint8Array(512);
      const start = at - at % 512;
      file.read(sector, { at: start });
      sector[at % 512]! ^= 4;
      file.write(sector, { at: start });
      expect(() => open(file), `byte ${at}`).toThrow(refusal("EIO"));
    }
  });

  test("a size of which no device can be is refused", () => {
    const file = written();
    file.write(encodeHeader({ sectorCount: 2 ** 52, settledSlotCount: 0 }), { at: 0 });
    expect(() => open(file)).toThrow(refusal("EINVAL"));
  });

  test("a stretch that two slots claim is EIO", () => {
    const file = written();
    const sector = new Uint8Array(512);
    file.read(sector, { at: SLOT_BYTES });
    encodeEntry(sector, 3, 0);
    file.write(sector, { at: SLOT_BYTES });
    expect(() => open(file)).toThrow(refusal("EIO"));
  });

  test("one that was cut short is EIO, and nothing in it is zeroes instead", () => {
    const file = written();
    file.truncate(7 * SLOT_BYTES);
    expect(() => open(file)).toThrow(refusal("EIO"));
  });
});

test("whatever cuts the making of a file off leaves a device, or what is known as none yet", () => {
  const prng = Prng.fromSeed("cuts of the making");
  let cutCount = 0;
  let isWhole = false;
  for (let operations = 0; !isWhole; operations++) {
    const found = new Set<boolean>();
    for (let trial = 0; trial < 50; trial++) {
      const file = new VolatileFile();
      file.operationsLeft = operations;
      try {
        formatSlotFile(file, 1280);
        isWhole = true;
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
        cutCount++;
      }
      // A page that was killed leaves what it wrote; a loss of power any part of it.
      const left = trial === 0 ? file : file.afterCut(prng);
      left.operationsLeft = Infinity;
      found.add(isUnmade(left));
      if (isUnmade(left)) {
        expect(() => open(left)).toThrow(refusal("EINVAL"));
        formatSlotFile(left, 1280);
      }
      expect(open(left).header.sectorCount).toBe(1280);
    }
    if (isWhole) expect([...found]).toEqual([false]);
  }
  expect(cutCount).toBe(4 * 50);
});

test("what holds anything, or is as long as no cut leaves it, is not taken for one", () => {
  const zeroes = (byteCount: number) => new VolatileFile(new Uint8Array(byteCount));
  expect(
    [0, 512, SLOT_BYTES - 512, SLOT_BYTES, SLOT_BYTES + 512].map((byteCount) =>
      isUnmade(zeroes(byteCount))
    ),
  ).toEqual([true, false, false, true, false]);
  for (const at of [0, 511, 512, SLOT_BYTES - 1]) {
    const bytes = new Uint8Array(SLOT_BYTES);
    bytes[at] = 1;
    expect(isUnmade(new VolatileFile(bytes))).toBe(false);
  }
});

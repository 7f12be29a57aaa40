import { expect, test } from "vitest";
import { openBadBlock, openBadBlockSync } from "../../../src/mapper/bad_block_device.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import {
  contentsAfter,
  contentsOf,
  createDisk,
  failureOf,
  firstContents,
  placesFor,
} from "../targets/bad_block/rig.ts";

test("opened, written, closed and opened again, a disk has kept what it was told", async () => {
  const places = placesFor({ blockSectors: 4 });
  const disk = createDisk(places);
  const first = await openBadBlock({ ...places, device: disk });
  expect([first.name, first.sectorCount]).toEqual(["disk-bbr", places.sectorCount]);
  disk.breakSectors(places.startSector + 9, 1, { reads: false, writes: true });
  await first.write(patternOf(2, 8, 4), 8);
  await first.close();
  const second = openBadBlockSync({ ...places, device: disk, name: "again" });
  expect([second.name, second.activeTargets?.[0]?.status()]).toEqual(["again", "1/8 0 0 AA"]);
  verifySectors(contentsOf(second), contentsAfter(places, [2, 8, 4]), 0, "the device");
  second.closeSync();
});

test("what happens is told", () => {
  const places = placesFor({ blockSectors: 4 });
  const disk = createDisk(places);
  const kinds: string[] = [];
  const device = openBadBlockSync({
    ...places,
    device: disk,
    onEvent: ({ kind }) => kinds.push(kind),
  });
  disk.breakSectors(places.startSector + 9, 1, { reads: true, writes: false });
  expect(failureOf(() => device.readSync(new Uint8Array(512), 9))).toBe("EIO");
  device.writeSync(patternOf(2, 8, 4), 8);
  expect(kinds).toEqual(["unreadable", "relocated"]);
});

test("read-only, writes are refused and nothing is written", () => {
  const places = placesFor();
  const disk = createDisk(places);
  const before = disk.contents();
  const device = openBadBlockSync({ ...places, device: disk, isReadOnly: true });
  expect(device.supports.write).toBe(false);
  expect(failureOf(() => device.writeSync(new Uint8Array(512), 0))).toBe("EROFS");
  verifySectors(contentsOf(device), firstContents(places), 0, "the device");
  device.closeSync();
  verifySectors(disk.contents(), before, 0, "the disk");
});

test("what cannot be made leaves nothing behind", async () => {
  const places = placesFor();
  const disk = createDisk(places);
  const before = disk.contents();
  const refusals = [
    { ...places, spareCount: 100 },
    { ...places, startSector: places.startSector - 0.5 },
    { ...places, spareSector: places.copySectors[1] },
  ];
  for (const options of refusals) {
    await expect(openBadBlock({ ...options, device: disk })).rejects.toHaveProperty(
      "code",
      "EINVAL",
    );
    expect(failureOf(() => openBadBlockSync({ ...options, device: disk }))).toBe("EINVAL");
  }
  verifySectors(disk.contents(), before, 0, "the disk");
});

import { expect, test } from "vitest";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";
import { Mapper } from "../../../../src/mapper/mapper.ts";
import { AttachedImages } from "../../../../src/nbd/live/attached_images.ts";

test("images are numbered from 0 on, found by every word, and closed when they go", async () => {
  const mapper = new Mapper();
  const images = new AttachedImages(mapper);
  const devices = [0, 1, 2].map(() => createMemoryDevice({ sectorCount: 8 }));
  const attached = devices.map((device, at) => images.attach(device, `/srv/${at}.img`));
  expect(attached.map(({ name, number }) => [name, number])).toEqual([
    ["loop0", "7:0"],
    ["loop1", "7:1"],
    ["loop2", "7:2"],
  ]);
  for (const word of ["loop1", "/dev/loop1", "7:1", "/srv/1.img"]) {
    expect(images.find(word)).toBe(attached[1]);
  }
  expect(mapper.find("/dev/loop1")).toBe(devices[1]);
  expect(() => images.find("1.img")).toThrow(/none is attached/);
  mapper.createSync("t", "0 8 linear loop1 0");
  await expect(images.detach(attached[1]!)).rejects.toMatchObject({ code: "EBUSY" });
  await images.detach(attached[0]!);
  expect(() => devices[0]!.flushSync()).toThrow(/closed/);
  const next = createMemoryDevice({ sectorCount: 8 });
  expect(images.attach(next, "next").name).toBe("loop0");
  expect([images.of(next)?.path, images.of(devices[0]), images.of(undefined)])
    .toEqual(["next", undefined, undefined]);
  mapper.removeSync("t");
  await images.detachAll();
  expect([images.all, mapper.disks]).toEqual([[], []]);
});

import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { benchBytes, Scratch } from "../../../../src/cli/bench/scratch.ts";
import type { MappedDevice } from "../../../../src/mapper/mapped_device.ts";
import { expectBytes, Folder } from "../session.ts";

const OPTIONS = { sectorCount: 100, chunkSectors: 8 };

function contentOf(device: { readSync(target: Uint8Array, sector: number): void }): Uint8Array {
  const bytes = new Uint8Array(100 * 512);
  device.readSync(bytes, 0);
  return bytes;
}

test("a snapshot that is begun anew shows the disk as it is then", () => {
  using scratch = new Scratch(OPTIONS);
  const first = scratch.begin();
  const before = contentOf(scratch.origin);
  scratch.origin.writeSync(new Uint8Array(512).fill(7), 3);
  expectBytes(contentOf(first), before);
  expectBytes(contentOf(scratch.begin()), contentOf(scratch.origin));
});

test("a copied snapshot is made once, until another is begun", () => {
  using scratch = new Scratch(OPTIONS);
  const copied = scratch.copied();
  const statusOf = (snapshot: MappedDevice) => snapshot.activeTargets?.[0]?.status();
  expect(statusOf(copied)).toBe("112/120 16");
  expect(scratch.copied()).toBe(copied);
  expect(statusOf(scratch.begin())).toBe("16/120 16");
  expect(statusOf(scratch.copied())).toBe("112/120 16");
});

test("nothing of it is zeroes, and its files are gone with it", () => {
  const folder = new Folder();
  folder.write("disk.img", "precious");
  {
    using scratch = new Scratch({ ...OPTIONS, directory: folder.path("") });
    expect(contentOf(scratch.bare)).toEqual(benchBytes(100));
    expect(contentOf(scratch.disk)).not.toContain(0);
    expect(readdirSync(folder.path("")).length).toBe(2);
  }
  expect(readdirSync(folder.path(""))).toEqual(["disk.img"]);
  expect(folder.read("disk.img").length).toBe("precious".length);
});

test("a folder that is not there leaves nothing behind", () => {
  const folder = new Folder();
  const directory = folder.path("absent");
  expect(() => new Scratch({ ...OPTIONS, directory })).toThrow(/no such file/i);
  expect(readdirSync(folder.path(""))).toEqual([]);
});

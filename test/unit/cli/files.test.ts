import { linkSync, readdirSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { makeImage, openImage, requireDistinct } from "../../../src/cli/files.ts";
import { openFileDevice } from "../../../src/devices/file.ts";
import { expectBytes, Folder, notes, TestEnvironment } from "./session.ts";

const environment = new TestEnvironment();

test("two spellings of one file are one file", () => {
  const folder = new Folder();
  const disk = folder.disk();
  linkSync(disk, folder.path("hard.img"));
  symlinkSync(disk, folder.path("soft.img"));
  const spellings = [disk, folder.path("./x/../disk.img"), "hard.img", "soft.img"];
  for (const spelling of spellings.map((name) => name.includes("/") ? name : folder.path(name))) {
    expect(() => requireDistinct({ ORIGIN: disk, COW: spelling })).toThrow(/same file/);
  }
  requireDistinct({ ORIGIN: disk, COW: folder.path("other.img") });
});

test("two names that are not there yet are told apart by their paths", () => {
  requireDistinct({ A: "absent.one", B: "absent.two" });
  expect(() => requireDistinct({ A: "absent", B: "./absent" })).toThrow(
    /A and B are the same file/,
  );
});

test("an image opens for reading beside another reader, for writing alone", () => {
  const folder = new Folder();
  const disk = folder.disk();
  const first = openImage(disk, "read");
  openImage(disk, "read").closeSync();
  expect(() => openImage(disk, "write")).toThrow(/open elsewhere/);
  expect(first.supports.write).toBe(false);
  first.closeSync();
  openImage(disk, "write").closeSync();
});

test("an image that could not be filled never was", async () => {
  const folder = new Folder();
  const image = { path: folder.path("new.img"), sectorCount: 8, force: false };
  await expect(makeImage(environment, image, () => Promise.reject(new Error("no")))).rejects
    .toThrow("no");
  expect(readdirSync(folder.path(""))).toEqual([]);
});

test("an image that could not be replaced is as it was", async () => {
  const folder = new Folder();
  const path = folder.disk();
  const before = folder.read("disk.img");
  const image = { path, sectorCount: 8, force: true };
  await expect(makeImage(environment, image, () => Promise.reject(new Error("no")))).rejects
    .toThrow("no");
  expectBytes(folder.read("disk.img"), before);
  const answer = await makeImage(environment, image, (device) => {
    device.writeSync(notes(8, 7), 0);
    return 42;
  });
  expect(answer).toBe(42);
  expectBytes(folder.read("disk.img"), notes(8, 7));
});

test("a folder is not replaced, nor is a file in use", async () => {
  const folder = new Folder();
  const fill = () => {};
  const image = { path: folder.path(""), sectorCount: 8, force: true };
  await expect(makeImage(environment, image, fill)).rejects.toThrow(/not a regular file/);
  const user = openFileDevice(folder.disk());
  await expect(makeImage(environment, { ...image, path: folder.path("disk.img") }, fill)).rejects
    .toThrow(
      /open elsewhere/,
    );
  user.closeSync();
});

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { openDirectoryStorage } from "../../../../src/disk/storage/directory_storage.ts";
import { storageLaws } from "./storage_laws.ts";

const QUICK_DIRECTORY = fs.existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const made: string[] = [];

function freshDirectory(): string {
  const directory = fs.mkdtempSync(join(QUICK_DIRECTORY, "cowdisk-"));
  made.push(directory);
  return directory;
}

afterEach(() => {
  for (const directory of made.splice(0)) fs.rmSync(directory, { recursive: true, force: true });
});

describe("a storage in a directory", () => {
  storageLaws(() => openDirectoryStorage(freshDirectory()));
});

test("the directory is made, with those above it", async () => {
  const path = join(freshDirectory(), "a", "b");
  await using storage = openDirectoryStorage(path);
  storage.openSync("manifest", 8);
  expect(fs.readdirSync(path)).toEqual(["manifest.cow"]);
});

test("files are sparse, and other files are left alone", async () => {
  const path = freshDirectory();
  fs.writeFileSync(join(path, "notes.txt"), "mine");
  await using storage = openDirectoryStorage(path);
  storage.openSync("layer-1", 2 ** 31);
  const { size, blocks } = fs.statSync(join(path, "layer-1.cow"));
  expect([size, blocks]).toEqual([2 ** 40, 0]);
  expect(await storage.list()).toEqual(["layer-1"]);
  expect(fs.readFileSync(join(path, "notes.txt"), "utf8")).toBe("mine");
});

test("a file whose making was cut off is given its size", async () => {
  const path = freshDirectory();
  fs.writeFileSync(join(path, "layer-1.cow"), "");
  await using storage = openDirectoryStorage(path);
  expect(storage.openSync("layer-1", 100).sectorCount).toBe(100);
});

test("the manifest of a directory is open once, whoever asks", async () => {
  const path = freshDirectory();
  await using one = openDirectoryStorage(path);
  await using other = openDirectoryStorage(path);
  one.openSync("manifest", 8);
  expect(() => other.openSync("manifest", 8)).toThrow(expect.objectContaining({ code: "EBUSY" }));
  one.shutSync("manifest");
  other.openSync("manifest", 8);
});

test.each(["", "../layer", "a/b", "A", ".", "a\0", "x".repeat(65)])(
  "the name %j leads nowhere else",
  async (name) => {
    const path = freshDirectory();
    await using storage = openDirectoryStorage(path);
    await expect(storage.open(name, 8)).rejects.toMatchObject({ code: "EINVAL" });
    await expect(storage.remove(name)).rejects.toMatchObject({ code: "EINVAL" });
    expect(fs.readdirSync(path)).toEqual([]);
  },
);

test("a path that is a file is refused, and so is a device that is a directory", async () => {
  const path = join(freshDirectory(), "file");
  fs.writeFileSync(path, "");
  expect(() => openDirectoryStorage(path)).toThrow(/Cannot make the directory/);
  const directory = freshDirectory();
  fs.mkdirSync(join(directory, "layer-1.cow"));
  await using storage = openDirectoryStorage(directory);
  expect(() => storage.openSync("layer-1", 8)).toThrow(/not a regular file/);
});

/**
 * The package in Node and in Deno: memory, files, a directory, and every door.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { BlockDeviceError } from "cowdisk";
import { openDirectoryStorage } from "cowdisk/directory";
import { openFileDevice } from "cowdisk/file";
import { tellOfDisk, tellOfErrors, tellOfSnapshots } from "./story.ts";

const folder = mkdtempSync(join(tmpdir(), "cowdisk-installed-"));
const path = join(folder, "disk.img");

function tellOfLock(): string | null {
  try {
    openFileDevice(path).closeSync();
    return null;
  } catch (error) {
    return (error as BlockDeviceError).code;
  }
}

/** Every door opens, also those that only a page can go through. */
async function openDoors(): Promise<string[]> {
  const manifest = new URL("./node_modules/cowdisk/package.json", import.meta.url);
  const { exports } = JSON.parse(readFileSync(manifest, "utf8")) as { exports: object };
  const doors = Object.keys(exports).filter((door) => !door.endsWith(".json"));
  const closed = doors.map(async (door) => {
    const names = await import(`cowdisk${door.slice(1)}`) as object;
    return Object.keys(names).length > 0 ? [] : [door];
  });
  return (await Promise.all(closed)).flat();
}

const file = openFileDevice(path, { create: { sectorCount: 2048 } });
const tale = {
  file: tellOfSnapshots(file),
  secondWriter: tellOfLock(),
  memory: await tellOfDisk("memory"),
  directory: await tellOfDisk(openDirectoryStorage(join(folder, "disk"))),
  refusal: tellOfErrors(),
  emptyDoors: await openDoors(),
};
file.closeSync();
rmSync(folder, { recursive: true });
process.stdout.write(JSON.stringify(tale));

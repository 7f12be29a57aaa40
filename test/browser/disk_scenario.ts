/**
 * A day in the life of a disk: written, closed, opened, rolled back, compared, copied.
 *
 * It runs in pages and in workers alike, so it throws where it is not satisfied.
 */
import { assertEquals } from "@std/assert";
import { type BlockDevice, Disk, type DiskStorage } from "../../src/mod.ts";
import { patternOf, verifySectors } from "../../src/testing/mod.ts";

const SECTORS = 2000;

async function contentOf(device: BlockDevice): Promise<Uint8Array<ArrayBuffer>> {
  const found = new Uint8Array(device.sectorCount * 512).fill(0xa5);
  await device.read(found, 0);
  return found;
}

async function expectContent(disk: Disk, want: Uint8Array, when: string): Promise<void> {
  verifySectors(await contentOf(disk.device), want, 0, when);
  disk.check();
}

/**
 * Lives through it.
 *
 * @param open Opens a storage; the word tells one disk from another.
 */
export async function liveThrough(open: (word: string) => DiskStorage): Promise<void> {
  const origin = SECTORS;
  const installed = new Uint8Array(SECTORS * 512);
  installed.set(patternOf(1, 100, 300), 100 * 512);
  const used = installed.slice();
  used.set(patternOf(2, 250, 1000), 250 * 512);

  {
    await using storage = open("first");
    await using disk = await Disk.open("first", { origin, storage });
    await disk.device.write(patternOf(1, 100, 300), 100);
    await disk.snapshot("installed");
    await disk.device.write(patternOf(2, 250, 1000), 250);
    await disk.snapshot("used");
    await disk.device.write(patternOf(3, 0, SECTORS), 0);
    await expectContent(disk, patternOf(3, 0, SECTORS), "as written");
  }
  {
    await using storage = open("first");
    await using disk = await Disk.open("first", { origin, storage });
    await expectContent(disk, patternOf(3, 0, SECTORS), "opened again");
    assertEquals(disk.snapshots, [
      { name: "installed", parent: null },
      { name: "used", parent: "installed" },
    ]);
    await disk.rollback("used");
    await expectContent(disk, used, "rolled back");
    assertEquals(await disk.diff("used"), []);
    assertEquals(await disk.diff("installed"), [{ sector: 248, sectorCount: 1008 }]);
    assertEquals(await disk.diff(null, "installed"), [{ sector: 96, sectorCount: 304 }]);
    await using storageOfCopy = open("copy");
    await using copy = await Disk.open("copy", { origin, storage: storageOfCopy });
    await copy.import(disk.export());
    await expectContent(copy, used, "copied");
    await disk.delete("installed");
    await using aside = await disk.fork("used", "aside");
    await aside.device.write(patternOf(4, 0, 10), 0);
    await expectContent(disk, used, "beside a branch");
  }
  {
    await using storage = open("first");
    await using disk = await Disk.open("first", { origin, storage });
    await expectContent(disk, used, "in the end");
    assertEquals(disk.branches, ["main", "aside"]);
    assertEquals(disk.snapshots, [{ name: "used", parent: null }]);
    await using aside = await disk.openBranch("aside");
    used.set(patternOf(4, 0, 10));
    await expectContent(aside, used, "the branch in the end");
  }
  for (const word of ["first", "copy"]) {
    await using storage = open(word);
    for (const device of await storage.list()) await storage.remove(device);
    assertEquals(await storage.list(), []);
  }
}

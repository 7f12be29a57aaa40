/**
 * A day in the life of a disk: written, closed, opened, rolled back, compared, copied.
 *
 * It runs in pages and in workers alike, so it throws where it is not satisfied.
 */
import { assertEquals } from "@std/assert";
import { type AsyncDisk, type BlockDevice, Disk, type DiskStorage } from "../../src/mod.ts";
import { patternOf, verifySectors } from "../../src/testing/mod.ts";

const SECTORS = 2000;

async function contentOf(device: BlockDevice): Promise<Uint8Array<ArrayBuffer>> {
  const found = new Uint8Array(device.sectorCount * 512).fill(0xa5);
  await device.read(found, 0);
  return found;
}

async function expectContent(disk: AsyncDisk, want: Uint8Array, when: string): Promise<void> {
  verifySectors(await contentOf(disk.device), want, 0, when);
  if (disk instanceof Disk) disk.check();
}

/** Where the disks of a life are; a word tells one from another. */
export interface World {
  /** Opens a disk of so many sectors. */
  open(word: string, origin: number): Promise<AsyncDisk>;
  /** Its storage, to be cleared in the end. */
  storage(word: string): DiskStorage;
}

/**
 * The disks of this very thread.
 *
 * @param storage Opens the storage of a disk.
 */
export function worldOf(storage: (word: string) => DiskStorage): World {
  return {
    open: (word, origin) => Disk.open(word, { origin, storage: storage(word) }),
    storage,
  };
}

/**
 * Lives through it.
 *
 * @param world Where the disks are.
 */
export async function liveThrough(world: World): Promise<void> {
  const open = (word: string) => world.open(word, SECTORS);
  const installed = new Uint8Array(SECTORS * 512);
  installed.set(patternOf(1, 100, 300), 100 * 512);
  const used = installed.slice();
  used.set(patternOf(2, 250, 1000), 250 * 512);

  {
    await using disk = await open("first");
    await disk.device.write(patternOf(1, 100, 300), 100);
    await disk.snapshot("installed");
    await disk.device.write(patternOf(2, 250, 1000), 250);
    await disk.snapshot("used");
    await disk.device.write(patternOf(3, 0, SECTORS), 0);
    await expectContent(disk, patternOf(3, 0, SECTORS), "as written");
  }
  {
    await using disk = await open("first");
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
    await using copy = await open("copy");
    await copy.import(disk.export());
    await expectContent(copy, used, "copied");
    await disk.delete("installed");
    await using aside = await disk.fork("used", "aside");
    await aside.device.write(patternOf(4, 0, 10), 0);
    await expectContent(disk, used, "beside a branch");
  }
  {
    await using disk = await open("first");
    await expectContent(disk, used, "in the end");
    assertEquals(disk.branches, ["main", "aside"]);
    assertEquals(disk.snapshots, [{ name: "used", parent: null }]);
    await using aside = await disk.openBranch("aside");
    used.set(patternOf(4, 0, 10));
    await expectContent(aside, used, "the branch in the end");
  }
  for (const word of ["first", "copy"]) {
    await using storage = world.storage(word);
    for (const device of await storage.list()) await storage.remove(device);
    assertEquals(await storage.list(), []);
  }
}

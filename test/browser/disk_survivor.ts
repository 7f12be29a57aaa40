/** What is demanded of a disk whose writer was killed: see `disk_writer.ts`. */
import { expect } from "vitest";
import { type BlockDevice, Disk, type DiskStorage } from "../../src/mod.ts";
import { patternOf, verifySectors } from "../../src/testing/mod.ts";
import { WRITTEN_SECTORS } from "./disk_homes.ts";

/** All bytes of a device. */
export async function contentOf(device: BlockDevice): Promise<Uint8Array<ArrayBuffer>> {
  const found = new Uint8Array(device.sectorCount * 512).fill(0xa5);
  await device.read(found, 0);
  return found;
}

/** Rounds that were flushed and whose message did not arrive any more, on the busiest of machines. */
const UNHEARD_ROUNDS = 60;

/**
 * Opens a disk whose writer was killed, and demands that every snapshot is exact and every sector is
 * as it was flushed, or newer.
 *
 * @param storage Where it is. It is closed in the end.
 * @param name Its name.
 * @param acknowledged The last round that the writer said was durable.
 */
export async function expectSurvived(
  storage: DiskStorage,
  name: string,
  acknowledged: number,
): Promise<void> {
  await using _ending = storage;
  await using disk = await Disk.open(name, { origin: WRITTEN_SECTORS, storage });
  const rounds = disk.snapshots.map(({ name }) => Number(name));
  expect(rounds).toEqual(rounds.map((_, at) => at + 1));
  expect(rounds.length).toBeGreaterThanOrEqual(acknowledged);

  const found = await contentOf(disk.device);
  const last = rounds.length;
  for (let sector = 0; sector < WRITTEN_SECTORS; sector++) {
    const got = found.subarray(sector * 512, (sector + 1) * 512);
    const isOf = (round: number) =>
      patternOf(round, sector, 1).every((byte, at) => byte === got[at]);
    // The round after the last snapshot may have been under way.
    if (!isOf(last) && !isOf(last + 1)) {
      verifySectors(got, patternOf(last, sector, 1), sector, `after round ${last}`);
    }
  }
  for (const round of rounds) {
    const name = String(round);
    {
      await using look = await disk.fork(name, `look-${name}`);
      const want = patternOf(round, 0, WRITTEN_SECTORS);
      verifySectors(await contentOf(look.device), want, 0, `snapshot ${name}`);
    }
    await disk.removeBranch(`look-${name}`);
  }
  disk.check();
  expect(last).toBeLessThan(acknowledged + UNHEARD_ROUNDS);
}

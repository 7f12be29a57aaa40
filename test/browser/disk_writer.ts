/**
 * Writes a disk over and over: a round is written, flushed, given a name as a snapshot, and told.
 *
 * After round 7, snapshot `7` holds the pattern of seed 7 in all sectors.
 */
import { Disk } from "../../src/mod.ts";
import { patternOf } from "../../src/testing/mod.ts";
import { type Place, storageAt, type StorageWish, WRITTEN_SECTORS } from "./disk_homes.ts";

/**
 * Writes until it is killed.
 *
 * @param place Where the disk is.
 * @param tell Told of each round, when its snapshot is durable.
 * @param wish How its storage is opened.
 */
export async function writeRounds(
  place: Place,
  tell: (round: number) => void,
  wish: StorageWish = {},
): Promise<never> {
  const storage = storageAt(place, { whenBusy: "wait", ...wish });
  const disk = await Disk.open(place.name, { origin: WRITTEN_SECTORS, storage });
  for (let round = Number(disk.snapshots.at(-1)?.name ?? 0) + 1;; round++) {
    await disk.device.write(patternOf(round, 0, WRITTEN_SECTORS), 0);
    await disk.device.flush();
    await disk.snapshot(String(round));
    tell(round);
    // So that whoever listens is heard.
    await new Promise((resolve) => setTimeout(resolve));
  }
}

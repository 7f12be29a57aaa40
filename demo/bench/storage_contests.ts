/// <reference lib="webworker" />
/**
 * A disk in each storage that a browser has: what the first write to a chunk costs after a snapshot,
 * what the next one does, and what it takes to make a round of them durable.
 *
 *     fill ──▶ round: snapshot ──▶ a sector to each chunk ──▶ again ──▶ flush ──▶ delete the snapshot
 *                     (not timed)      first touch          overwrite   (not timed)
 *
 * All three are asked through promises, as a page asks, and take turns. Disks are removed afterwards.
 *
 * @module
 */
import { createMemoryStorage, Disk, type DiskStorage } from "cowdisk";
import { openIndexedDbStorage } from "cowdisk/idb-storage";
import { openOpfsStorage } from "cowdisk/opfs-storage";
import { median, type Now } from "./contest.ts";
import { type StorageName, type StorageRow, STORAGES } from "./results.ts";

const CHUNKS = 64;
const CHUNK_SECTORS = 8;
const SECTOR_BYTES = 512;
const NAME = "cowdisk demo bench";
const SNAPSHOT = "round";
/** Rounds that are not counted, if there are others: code is compiled in them. */
const WARM_UP_ROUNDS = 2;

const OPEN: Record<StorageName, () => DiskStorage> = {
  memory: createMemoryStorage,
  indexeddb: () => openIndexedDbStorage(NAME),
  opfs: () => openOpfsStorage(NAME),
};

/** How long all of it may take; a round that has begun is ended. */
export interface StorageEffort {
  readonly budgetMs: number;
  readonly roundsMax: number;
}

/** A disk that takes part. */
interface Entrant {
  readonly storage: StorageName;
  readonly place: DiskStorage;
  readonly disk: Disk;
  /** Of each round: first touch, overwrite, flush, in microseconds. */
  readonly times: [number, number, number][];
}

async function clear(place: DiskStorage): Promise<void> {
  for (const device of await place.list()) await place.remove(device);
}

/** Makes a disk, and fills it. Says why when there is no such storage here. */
async function enter(storage: StorageName): Promise<Entrant | string> {
  let place: DiskStorage | undefined;
  try {
    place = OPEN[storage]();
    await clear(place); // What a run that was cancelled has left.
    const origin = CHUNKS * CHUNK_SECTORS;
    const disk = await Disk.open(NAME, { origin, storage: place, chunkSectors: CHUNK_SECTORS });
    await disk.device.write(new Uint8Array(CHUNKS * CHUNK_SECTORS * SECTOR_BYTES).fill(1), 0);
    await disk.device.flush();
    return { storage, place, disk, times: [] };
  } catch (error) {
    await place?.close();
    return error instanceof Error ? error.message : String(error);
  }
}

async function leave({ disk, place }: Entrant): Promise<void> {
  await disk.close();
  await clear(place);
  await place.close();
}

/** Writes a sector to each chunk. Returns microseconds for each. */
async function touchAll({ device }: Disk, sector: Uint8Array, now: Now): Promise<number> {
  const startMs = now();
  for (let chunk = 0; chunk < CHUNKS; chunk++) await device.write(sector, chunk * CHUNK_SECTORS);
  return (now() - startMs) * 1000 / CHUNKS;
}

async function playRound({ disk, times }: Entrant, now: Now): Promise<void> {
  const sector = new Uint8Array(SECTOR_BYTES);
  await disk.snapshot(SNAPSHOT);
  const touch = await touchAll(disk, sector.fill(2), now);
  const overwrite = await touchAll(disk, sector.fill(3), now);
  const startMs = now();
  await disk.device.flush();
  times.push([touch, overwrite, (now() - startMs) * 1000]);
  await disk.delete(SNAPSHOT);
}

function rowOf({ storage, times }: Entrant): StorageRow {
  const counted = times.slice(Math.min(WARM_UP_ROUNDS, times.length - 1));
  const [firstTouchUs, overwriteUs, flushUs] = [0, 1, 2].map((at) =>
    median(counted.map((round) => round[at]!))
  );
  return {
    storage,
    firstTouchUs: firstTouchUs!,
    overwriteUs: overwriteUs!,
    flushUs: flushUs!,
  };
}

/**
 * Measures all storages, by turns.
 *
 * @param effort How long it may take.
 * @param now What tells the time.
 * @returns What was found of each; or why there is no such storage here.
 */
export async function measureStorages(
  { budgetMs, roundsMax }: StorageEffort,
  now: Now,
): Promise<StorageRow[]> {
  const entered = new Map<StorageName, Entrant | string>();
  for (const storage of STORAGES) entered.set(storage, await enter(storage));
  const entrants = [...entered.values()].filter((each) => typeof each !== "string");
  try {
    const endMs = now() + budgetMs;
    for (let round = 0; round < roundsMax && (round === 0 || now() < endMs); round++) {
      for (const entrant of entrants) await playRound(entrant, now);
    }
    return STORAGES.map((storage) => {
      const entrant = entered.get(storage)!;
      return typeof entrant === "string" ? { storage, absence: entrant } : rowOf(entrant);
    });
  } finally {
    for (const entrant of entrants) await leave(entrant);
  }
}

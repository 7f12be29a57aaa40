/**
 * What the README's first page shows, told by someone who has installed the package.
 *
 * @module
 */
import {
  BlockDeviceError,
  createMemoryDevice,
  Disk,
  type DiskStorage,
  openMergeSync,
  openOrigin,
  openSnapshotSync,
  SECTOR_BYTES,
  type SyncBlockDevice,
} from "cowdisk";

function firstByte(device: SyncBlockDevice, sector: number): number | undefined {
  const bytes = new Uint8Array(SECTOR_BYTES);
  device.readSync(bytes, sector);
  return bytes[0];
}

/** A snapshot is taken, the disk is written, and the snapshot is folded back. */
export function tellOfSnapshots(disk: SyncBlockDevice) {
  const cow = createMemoryDevice({ sectorCount: 1024 });
  const origin = openOrigin(disk);
  const snapshot = openSnapshotSync({ origin, cow, chunkSectors: 8 });
  origin.writeSync(new Uint8Array(SECTOR_BYTES).fill(7), 100);
  const seen = { written: firstByte(disk, 100), kept: firstByte(snapshot, 100) };
  snapshot.closeSync();
  openMergeSync({ origin, cow });
  return { ...seen, merged: firstByte(disk, 100) };
}

/** A disk with named snapshots lives on a storage, is closed, and is opened again. */
export async function tellOfDisk(storage: DiskStorage | "memory" | "indexeddb" | "opfs") {
  const options = { origin: 2048, storage };
  let disk = await Disk.open("installed", options);
  await disk.device.write(new Uint8Array(4096).fill(1), 0);
  await disk.snapshot("before");
  await disk.device.write(new Uint8Array(SECTOR_BYTES).fill(2), 64);
  const differing = await disk.diff("before");
  await disk.device.flush();
  if (storage !== "memory") {
    await disk.close();
    disk = await Disk.open("installed", options);
  }
  await disk.rollback("before");
  const bytes = new Uint8Array(SECTOR_BYTES);
  await disk.device.read(bytes, 64);
  const snapshots = disk.snapshots.map(({ name }) => name);
  await disk.close();
  return { differing, snapshots, rolledBack: bytes[0] };
}

/** A device that refuses says so with a code. */
export function tellOfErrors() {
  const device = createMemoryDevice({ sectorCount: 8 });
  try {
    device.writeSync(new Uint8Array(SECTOR_BYTES), 8);
  } catch (error) {
    return { isOurs: error instanceof BlockDeviceError, code: (error as BlockDeviceError).code };
  }
  return null;
}

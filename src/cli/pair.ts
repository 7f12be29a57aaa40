/**
 * A disk image and a snapshot of it, opened to be looked at.
 *
 * @module
 */

import type { FileDevice } from "../devices/file.ts";
import type { MappedDevice } from "../mapper/mapped_device.ts";
import { openSnapshotSync } from "../mapper/stack.ts";
import { type CowHeader, readCowHeader } from "./cow_image.ts";
import { openImage, requireDistinct } from "./files.ts";
import { tableWord } from "./report.ts";

/** What is open. */
export interface Pair extends Disposable {
  /** The snapshot; its table has the files in place of the devices. */
  readonly snapshot: MappedDevice;
  /** Its COW image. */
  readonly cow: FileDevice;
  /** What the COW image says of itself. */
  readonly header: CowHeader;
}

/**
 * Opens both to be read only.
 *
 * @param originPath The disk image.
 * @param cowPath The snapshot's COW image.
 * @returns The pair. Dispose of it.
 * @throws {CommandFailure} When one is missing, or the COW image is something else.
 * @throws {BlockDeviceError} When the snapshot cannot be opened as it is stored.
 */
export function openPair(originPath: string, cowPath: string): Pair {
  requireDistinct({ ORIGIN: originPath, COW: cowPath });
  using opened = new DisposableStack();
  const open = (path: string) =>
    opened.adopt(openImage(path, "read"), (device) => device.closeSync());
  const origin = open(originPath);
  const cow = open(cowPath);
  const header = readCowHeader(cow);
  const snapshot = opened.adopt(
    openSnapshotSync({ origin, cow, deviceWord: tableWord }),
    (device) => device.closeSync(),
  );
  const parts = opened.move();
  return { snapshot, cow, header, [Symbol.dispose]: () => parts.dispose() };
}

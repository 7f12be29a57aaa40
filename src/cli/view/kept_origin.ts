/**
 * An image that is written, and the snapshots of it that are to keep their view.
 *
 * A plain image knows nothing of its snapshots. Whoever writes it names them, and the write goes through
 * an origin that copies old chunks out first. A snapshot whose COW image runs full becomes invalid, and
 * the write goes on, as in dm; what was lost is told at the end.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import type { MappedDevice } from "../../mapper/mapped_device.ts";
import { openOrigin, openSnapshot } from "../../mapper/stack.ts";
import { readCowHeader } from "../cow_image.ts";
import { CommandFailure } from "../failure.ts";
import { openImage } from "../files.ts";

/** An origin and those who keep what it was. */
export interface KeptOrigin extends AsyncDisposable {
  /** What is written. */
  readonly origin: BlockDevice;
  /**
   * Tells what was lost.
   *
   * @throws {CommandFailure} When a snapshot could not keep its view.
   */
  requireKept(): void;
}

/**
 * Opens an image's snapshots, so that they keep their view while it is written.
 *
 * @param image The image. It is not closed.
 * @param paths The snapshots' COW images.
 * @returns The origin. Dispose of it before the image is closed.
 */
export async function openKeptOrigin(
  image: BlockDevice,
  paths: readonly string[],
): Promise<KeptOrigin> {
  await using opened = new AsyncDisposableStack();
  const adopt = <Device extends BlockDevice>(device: Device) =>
    opened.adopt(device, (each) => each.close());
  const snapshots: MappedDevice[] = [];
  for (const path of paths) {
    const cow = adopt(openImage(path, "write"));
    if (!readCowHeader(cow).isValid) {
      throw new CommandFailure(`Cannot keep "${path}": the snapshot is invalid`);
    }
    snapshots.push(adopt(await openSnapshot({ origin: image, cow, name: path })));
  }
  const origin = paths.length === 0 ? image : adopt(openOrigin(image));
  const parts = opened.move();
  return {
    origin,
    requireKept() {
      const isLost = (device: MappedDevice) => device.activeTargets?.[0]?.status() === "Invalid";
      const lost = snapshots.filter(isLost).map(({ name }) => name);
      if (lost.length === 0) return;
      throw new CommandFailure(`Not kept, their images ran full: ${lost.join(", ")}`);
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

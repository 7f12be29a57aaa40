/**
 * `ImageShelf`: where a running stack gets its images from, by path.
 *
 * The stack decides what is made, opened and dropped; the shelf knows what an image is: a file, or
 * memory in a test.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";

/** An image that has no name yet, so that nobody else sees it half made. */
export interface UnnamedImage {
  /** It begins with zeroes. */
  readonly device: BlockDevice;
  /** Gives it its name, when what was written to it is durable. The device stays open. */
  appear(): Promise<void>;
  /** Takes it back, with its name if it has one already. The device is closed before. */
  discard(): void;
}

/** An image that is asked for. */
export interface WantedImage {
  /** Where. */
  readonly path: string;
  /** How large. */
  readonly sectorCount: number;
  /** Whether one that is there is replaced. */
  readonly force: boolean;
}

/** Makes, opens and removes images. */
export interface ImageShelf {
  /**
   * Makes an image.
   *
   * @param image Which.
   * @returns It, without its name.
   * @throws {BlockDeviceError} When one is there and is not to be replaced, or when it cannot be made.
   */
  make(image: WantedImage): UnnamedImage;
  /**
   * Opens an image that is there.
   *
   * @param path Where.
   * @returns Its device.
   * @throws {BlockDeviceError} When it is not there, or somebody else uses it.
   */
  open(path: string): BlockDevice;
  /**
   * Removes an image that is closed.
   *
   * @param path Where.
   */
  remove(path: string): void;
}

/**
 * A live stack's images are files, made and opened as every other command does it.
 *
 * @module
 */

import { rmSync } from "node:fs";
import type { ImageShelf } from "../../nbd/live/image_shelf.ts";
import { readCowHeader } from "../cow_image.ts";
import { CommandFailure } from "../failure.ts";
import { beginImage, openImage } from "../files.ts";

/**
 * Opens a snapshot's COW image.
 *
 * @param path The file.
 * @param use Whether it is only read.
 * @returns Its device.
 * @throws {CommandFailure} When it is something else, or the snapshot is invalid.
 */
export function openCowImage(path: string, use: "read" | "write") {
  const cow = openImage(path, use);
  try {
    if (readCowHeader(cow).isValid) return cow;
    throw new CommandFailure(`Cannot serve "${path}": the snapshot is invalid`);
  } catch (error) {
    cow.closeSync();
    throw error;
  }
}

/** Images in files. */
export const IMAGE_FILES: ImageShelf = {
  make(image) {
    const { device, appear, discard } = beginImage(image);
    return { device, discard, appear: () => Promise.resolve(appear()) };
  },
  open: (path) => openImage(path, "write"),
  remove: (path) => rmSync(path),
};

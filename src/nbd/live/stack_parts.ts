/**
 * What the verbs of a live stack work on: its mapper, its images, and who is what among them.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { BlockDeviceError, type ErrorCode } from "../../block/errors.ts";
import type { MappedDevice } from "../../mapper/mapped_device.ts";
import type { Mapper } from "../../mapper/mapper.ts";
import { formatLine } from "../../mapper/table/table_line.ts";
import type { Target } from "../../targets/target.ts";
import type { AttachedImage, AttachedImages } from "./attached_images.ts";
import type { ImageShelf, WantedImage } from "./image_shelf.ts";

/** The name of the device that snapshots are taken of. */
export const ORIGIN_NAME = "origin";

/** What a stack consists of. */
export interface StackParts {
  /** The devices, by dm's verbs. */
  readonly mapper: Mapper;
  /** The images that their tables can use. */
  readonly images: AttachedImages;
  /** Where images come from. */
  readonly shelf: ImageShelf;
}

/** A device that stands for a whole image. */
export interface PlainOrigin {
  /** The device. */
  readonly device: MappedDevice;
  /** The image. */
  readonly disk: AttachedImage;
}

/**
 * A refusal.
 *
 * @param code What it is.
 * @param what What was to be done: "take the snapshot …".
 * @param why What stands against it.
 */
export function refuse(code: ErrorCode, what: string, why: string): BlockDeviceError {
  return new BlockDeviceError(code, `Cannot ${what}: ${why}`);
}

/**
 * The type and the disk of a device that is one snapshot, one origin or one merge, and nothing else.
 *
 * @param device Any mapped device.
 */
export function soleView(
  device: MappedDevice,
): { target: Target; type: string; disk: BlockDevice } | null {
  const [target, ...others] = device.activeTargets ?? [];
  const disk = target?.devices[0];
  if (target === undefined || disk === undefined || others.length > 0) return null;
  return target.type.startsWith("snapshot") ? { target, type: target.type, disk } : null;
}

/**
 * Whether a device is on its way to another table, so that only who began that may go on.
 *
 * @param device Any mapped device.
 */
export function isInTransit(device: MappedDevice): boolean {
  return device.isSuspended || device.inactiveTargets !== null;
}

/**
 * A line for people about a device.
 *
 * @param parts The stack.
 * @param device Any mapped device.
 * @returns What it stands for, or what it is made of.
 */
export function describe({ images }: StackParts, device: MappedDevice): string {
  const view = soleView(device);
  const path = images.of(view?.disk)?.path;
  if (view !== null && path !== undefined) {
    return view.type === "snapshot" ? `snapshot of ${path}` : path;
  }
  const types = new Set(device.activeTargets?.map(({ type }) => type));
  return `mapped: ${[...types].join(", ")}`.slice(0, 1000);
}

/**
 * The table of a plain origin.
 *
 * @param disk What it stands for.
 * @param sectorCount Its size.
 */
export function originLine(disk: AttachedImage, sectorCount: number): string {
  return formatLine(0, sectorCount, "snapshot-origin", disk.number);
}

/**
 * The table of a snapshot of all of a disk.
 *
 * @param disk The disk.
 * @param cow Its COW image.
 * @param store dm's letters of the exception store.
 * @param chunkSectors The unit of copy-on-write; 0 for the one that the COW image has.
 */
export function snapshotLine(
  disk: AttachedImage,
  cow: AttachedImage,
  store: "P" | "PO" = "P",
  chunkSectors = 0,
): string {
  const words = `${disk.number} ${cow.number} ${store} ${chunkSectors}`;
  return formatLine(0, disk.device.sectorCount, "snapshot", words);
}

/**
 * The origin, while it is a plain one.
 *
 * @param parts The stack.
 * @param what What is to be done with it.
 * @throws {BlockDeviceError} `ENODEV` when there is none, `EBUSY` when its table is another.
 */
export function plainOrigin({ mapper, images }: StackParts, what: string): PlainOrigin {
  const device = mapper.names.includes(ORIGIN_NAME) ? mapper.device(ORIGIN_NAME) : null;
  const view = device === null ? null : soleView(device);
  const disk = images.of(view?.disk);
  if (device === null || view === null || disk === undefined) {
    throw refuse("ENODEV", what, `there is no device "${ORIGIN_NAME}" that stands for an image`);
  }
  if (view.type === "snapshot-origin") return { device, disk };
  const why = view.type === "snapshot-merge"
    ? "a snapshot is being merged"
    : `the table of "${ORIGIN_NAME}" is ${view.type}`;
  throw refuse("EBUSY", what, why);
}

/**
 * A snapshot, its COW device, and the image that this is, if it is one.
 *
 * @param parts The stack.
 * @param name Its name.
 * @param what What is to be done with it.
 * @throws {BlockDeviceError} `ENXIO` when there is no such device, `EINVAL` when it is something else.
 */
export function snapshotOf({ mapper, images }: StackParts, name: string, what: string) {
  if (mapper.find(name) === undefined) throw refuse("ENXIO", what, "there is no such device");
  const device = mapper.device(name);
  const view = soleView(device);
  const cow = view?.target.devices[1];
  if (view?.type !== "snapshot" || cow === undefined) {
    throw refuse("EINVAL", what, "it is no snapshot");
  }
  return { device, cow, image: images.of(cow), ...view };
}

/**
 * Makes an image and attaches it, for as long as nothing fails; otherwise there never was one.
 *
 * @param parts The stack.
 * @param wanted The image.
 * @param use Uses it, before it has its name. When this fails no table uses the image.
 * @returns The image, under its name.
 */
export async function attachNew(
  { images, shelf }: StackParts,
  wanted: WantedImage,
  use: (image: AttachedImage, appear: () => Promise<void>) => Promise<void>,
): Promise<AttachedImage> {
  const made = shelf.make(wanted);
  const image = images.attach(made.device, wanted.path);
  try {
    await use(image, () => made.appear());
    return image;
  } catch (error) {
    await images.detach(image);
    made.discard();
    throw error;
  }
}

/**
 * `AttachedImages`: images as numbered disks of a mapper, named as Linux names images that it makes
 * disks of: `loop0` is 7:0, `loop1` is 7:1, …
 *
 * An image is attached for as long as a table may use it, and closed when it is detached. The lowest
 * number that is free is the next one's.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import type { Mapper } from "../../mapper/mapper.ts";

/** Linux's major number of images that are disks. */
const LOOP_MAJOR = 7;

/** An image that tables can use. */
export interface AttachedImage {
  /** `loop0`, … */
  readonly name: string;
  /** `7:0`, … */
  readonly number: string;
  /** Where it comes from, for people. */
  readonly path: string;
  /** What it holds. */
  readonly device: BlockDevice;
}

/** Attaches images to a mapper, and detaches them. */
export class AttachedImages {
  readonly #mapper: Mapper;
  readonly #images = new Map<BlockDevice, AttachedImage>();

  /**
   * No images.
   *
   * @param mapper Whose tables are going to use them.
   */
  constructor(mapper: Mapper) {
    this.#mapper = mapper;
  }

  /** All of them, in the order attached. */
  get all(): AttachedImage[] {
    return [...this.#images.values()];
  }

  /**
   * Attaches an image.
   *
   * @param device What it holds. It is closed when it is detached.
   * @param path Where it comes from.
   * @returns It, with its name.
   */
  attach(device: BlockDevice, path: string): AttachedImage {
    let minor = 0;
    while (this.#mapper.find(`${LOOP_MAJOR}:${minor}`) !== undefined) minor++;
    const image = { name: `loop${minor}`, number: `${LOOP_MAJOR}:${minor}`, path, device };
    this.#mapper.addDisk(image);
    this.#images.set(device, image);
    return image;
  }

  /**
   * The image that a device is.
   *
   * @param device A disk of the mapper.
   * @returns It, if it is one.
   */
  of(device: BlockDevice | undefined): AttachedImage | undefined {
    return device === undefined ? undefined : this.#images.get(device);
  }

  /**
   * The image that a word means.
   *
   * @param word Its name, number or path.
   * @throws {BlockDeviceError} `ENXIO` when there is none.
   */
  find(word: string): AttachedImage {
    const named = word.replace(/^\/dev\//, "");
    const found = this.all.find(({ name, number, path }) =>
      name === named || number === word || path === word
    );
    if (found !== undefined) return found;
    throw new BlockDeviceError("ENXIO", `Cannot find an image "${word}": none is attached`);
  }

  /**
   * The mapped devices whose tables, active or not, use a device.
   *
   * @param device The device.
   * @returns Their names.
   */
  usersOf(device: BlockDevice): string[] {
    return this.#mapper.names.filter((name) => {
      const { activeTargets, inactiveTargets } = this.#mapper.device(name);
      const targets = [...activeTargets ?? [], ...inactiveTargets ?? []];
      return targets.some((target) => target.devices.includes(device));
    });
  }

  /**
   * Detaches an image, and closes it.
   *
   * @param image Which.
   * @throws {MapperError} `EBUSY` while a table uses it.
   */
  async detach(image: AttachedImage): Promise<void> {
    this.#mapper.removeDisk(image.name);
    this.#images.delete(image.device);
    await image.device.close();
  }

  /** Detaches all, the last one first. No table uses one any more. */
  async detachAll(): Promise<void> {
    for (const image of this.all.reverse()) await this.detach(image);
  }
}

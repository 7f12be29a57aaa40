/**
 * The files a command is told: opened, told apart, made without ever showing a half-made one.
 *
 * @module
 */

import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import process from "node:process";
import { resolve } from "node:path";
import { type FileDevice, openFileDevice } from "../devices/file.ts";
import { nodeFileIo, refusalOf } from "../devices/file_io.ts";
import type { Environment } from "./environment.ts";
import { CommandFailure } from "./failure.ts";

/** In place of an image's file: the standard input, or the standard output. */
export const PIPE = "-";

/** Where a file is: the same for two spellings of its path, and for two links to it. */
function identityOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? resolve(path) : `${found.dev}:${found.ino}`;
}

/**
 * Refuses two names for one file.
 *
 * @param paths By what the command calls them.
 */
export function requireDistinct(paths: Readonly<Record<string, string>>): void {
  const seen = new Map<string, string>();
  for (const [word, path] of Object.entries(paths)) {
    const identity = identityOf(path);
    const other = seen.get(identity);
    if (other !== undefined) {
      throw new CommandFailure(`${other} and ${word} are the same file, "${path}"`);
    }
    seen.set(identity, word);
  }
}

/**
 * Refuses an input that is not there, or is no regular file.
 *
 * @param path The file.
 */
export function requireInput(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new CommandFailure(`Cannot open "${path}": there is no such file`);
  }
  if (!found.isFile()) throw new CommandFailure(`Cannot open "${path}": it is not a regular file`);
}

/**
 * Opens an image that is there.
 *
 * @param path The file.
 * @param use Whether it is only read.
 * @returns Its device.
 */
export function openImage(path: string, use: "read" | "write"): FileDevice {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    throw new CommandFailure(`Cannot open "${path}": there is no such file`);
  }
  return openFileDevice(path, { readOnly: use === "read" });
}

/** What {@linkcode makeImage} makes. */
export interface NewImage {
  /** The file. */
  readonly path: string;
  /** Its size. */
  readonly sectorCount: number;
  /** Whether a file that is there is replaced. */
  readonly force: boolean;
}

/** A file that is there may be replaced when we were told so and nobody is using it. */
function requireReplaceable(path: string, force: boolean): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!force) {
    throw new CommandFailure(`Cannot make "${path}": it is there already; --force replaces it`);
  }
  // Opening it for writing fails for what is no regular file, and for what someone is using.
  openFileDevice(path, { roundDown: true }).closeSync();
}

/** Where a file is made until it is whole. */
function partOf(path: string): string {
  return `${path}.${process.pid}.part`;
}

/** Gives what is whole and durable its name. */
function appear(path: string): void {
  renameSync(partOf(path), path);
  nodeFileIo.syncName(path);
}

/** An image that has no name yet. */
export interface UnnamedImage {
  /** It begins as a hole: zeroes need not be written. */
  readonly device: FileDevice;
  /** Makes it durable, and gives it its name. The device stays open. */
  appear(): void;
  /** Removes it, under whichever name it has. The device is closed by its user. */
  discard(): void;
}

/**
 * Begins to make an image, which nobody sees until it appears.
 *
 * @param image What to make.
 * @returns It.
 */
export function beginImage({ path, sectorCount, force }: NewImage): UnnamedImage {
  requireReplaceable(path, force);
  const part = partOf(path);
  const device = openFileDevice(part, { create: { sectorCount }, name: path });
  let place = part;
  return {
    device,
    appear() {
      device.flushSync();
      place = path;
      appear(path);
    },
    discard: () => rmSync(existsSync(part) ? part : place, { force: true }),
  };
}

/**
 * Makes an image. It appears under its name when it is whole; if that fails, nothing has changed.
 *
 * Meanwhile a Ctrl-C is for `fill` to hear: whoever fills in no time does not end before what was begun
 * is whole or taken away.
 *
 * @param environment The world.
 * @param image What to make.
 * @param fill Writes its contents. It begins as a hole: zeroes need not be written.
 * @returns What `fill` returned.
 */
export async function makeImage<Result>(
  environment: Environment,
  image: NewImage,
  fill: (device: FileDevice) => Result | Promise<Result>,
): Promise<Result> {
  const stopListening = environment.onInterrupt(() => {});
  let made: UnnamedImage | null = null;
  try {
    made = beginImage(image);
    const result = await fill(made.device);
    made.appear();
    return result;
  } catch (error) {
    made?.discard();
    throw error;
  } finally {
    made?.device.closeSync();
    stopListening();
  }
}

/**
 * Makes a file that is no image, in the same way.
 *
 * @param path The file.
 * @param force Whether one that is there is replaced.
 * @param fill Writes its contents to an open file.
 * @returns What `fill` returned.
 */
export async function makeFile<Result>(
  path: string,
  force: boolean,
  fill: (file: number) => Promise<Result>,
): Promise<Result> {
  requireReplaceable(path, force);
  const part = partOf(path);
  let file: number;
  try {
    file = openSync(part, "wx");
  } catch (error) {
    throw refusalOf(error, `Cannot make "${path}"`, { device: path });
  }
  try {
    const result = await fill(file);
    fsyncSync(file);
    appear(path);
    return result;
  } catch (error) {
    rmSync(part, { force: true });
    if (error instanceof CommandFailure) throw error;
    throw refusalOf(error, `Cannot make "${path}"`, { device: path });
  } finally {
    closeSync(file);
  }
}

/**
 * Views: an image, or what a snapshot of it shows, as one word of the command line.
 *
 *     disk.img                            the image
 *     disk.img+monday.cow                 what the snapshot in monday.cow shows
 *     disk.img+monday.cow+try.cow         a snapshot of that snapshot
 *     https://example.com/disk.img+my.cow a snapshot of an image on a web server
 *
 * The first name is a device (`device_uri.ts`), each that follows a COW image on what stands before it. A
 * word that is the name of a file as a whole is that file, whatever is in it; with `file:` every `+` of a
 * name can be written as `%2B`.
 *
 * Only the last of a chain is written; what it lies on is only read.
 *
 * What only some views need is loaded when one asks for it: a program, or a worker that hashes, is ready
 * 10 ms sooner.
 *
 * **Failure**: what was opened before is closed again. Nothing is made, and nothing is written by opening.
 *
 * @module
 */

import { existsSync } from "node:fs";
import type { BlockDevice } from "../../block/device.ts";
import { createMemoryDevice } from "../../devices/memory.ts";
import { readCowHeader } from "../cow_image.ts";
import { CommandFailure } from "../failure.ts";
import { openImage, requireDistinct } from "../files.ts";
import { type DeviceUri, parseDeviceUri } from "./device_uri.ts";

/** A word, taken apart. */
export interface ViewName {
  /** As it was typed. */
  readonly word: string;
  /** What it lies on. */
  readonly origin: DeviceUri;
  /** COW images, the lowest first. */
  readonly cows: readonly string[];
}

/** What is open. */
export interface View extends AsyncDisposable {
  /** What it shows. */
  readonly device: BlockDevice;
  /** Its name. */
  readonly name: ViewName;
}

/**
 * Takes a word apart.
 *
 * @param word As it was typed.
 * @returns Its parts.
 * @throws {CommandFailure} When it is none.
 */
export function parseView(word: string): ViewName {
  const names = existsSync(word) ? [word] : word.split("+");
  const [origin = "", ...cows] = names;
  const paths = cows.map((cow) => {
    const uri = parseDeviceUri(cow);
    if (uri.kind === "file") return uri.path;
    throw new CommandFailure(`Cannot use "${cow}" as a COW image: want a file`);
  });
  return { word, origin: parseDeviceUri(origin), cows: paths };
}

/** The files of a view, by what to call them. */
export function filesOf({ origin, cows }: ViewName): Record<string, string> {
  const files = origin.kind === "file" ? { [`the image "${origin.path}"`]: origin.path } : {};
  return { ...files, ...Object.fromEntries(cows.map((path) => [`the COW image "${path}"`, path])) };
}

/**
 * Opens a device.
 *
 * @param uri Which.
 * @param use Whether it is only read.
 * @returns It. Close it.
 */
export async function openDevice(uri: DeviceUri, use: "read" | "write"): Promise<BlockDevice> {
  switch (uri.kind) {
    case "file":
      return openImage(uri.path, use);
    case "memory":
      return createMemoryDevice({ sectorCount: uri.sectorCount });
    case "http":
      if (use === "write") {
        throw new CommandFailure(`Cannot write "${uri.url}": it is on a web server`);
      }
      return await (await import("../../devices/http.ts")).openHttpDevice(uri.url);
  }
}

/**
 * Opens a view.
 *
 * @param word The word.
 * @param use Whether it is only read.
 * @returns The view. Dispose of it to flush and close what it is made of.
 * @throws {CommandFailure} When it cannot be opened, or a snapshot in it is invalid.
 */
export async function openView(word: string, use: "read" | "write"): Promise<View> {
  const name = parseView(word);
  requireDistinct(filesOf(name));
  await using opened = new AsyncDisposableStack();
  const adopt = <Device extends BlockDevice>(device: Device) =>
    opened.adopt(device, (each) => each.close());
  const useOf = (index: number) => use === "write" && index === name.cows.length ? use : "read";
  let device = adopt(await openDevice(name.origin, useOf(0)));
  for (const [index, path] of name.cows.entries()) {
    const cow = adopt(openImage(path, useOf(index + 1)));
    if (!readCowHeader(cow).isValid) {
      throw new CommandFailure(`Cannot use "${path}": the snapshot is invalid`);
    }
    const { openSnapshot } = await import("../../mapper/stack.ts");
    device = adopt(await openSnapshot({ origin: device, cow, name: path }));
  }
  const parts = opened.move();
  return { device, name, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/**
 * What pages and the service worker say to each other about disks.
 *
 *     page                                         service worker
 *     offer: path, version, a port  ───────────▶   connects the device behind the port
 *                            ◀───────────────────  accepted, or refused: why
 *     withdraw  ───────────────────────────────▶   forgets it
 *                            ◀───────────────────  withdrawn: it reads the device no longer
 *                            ◀───────────────────  who offers: path (it was stopped, and has forgotten)
 *     offer …
 *
 * Both sides are of one origin, and other scripts of it may speak here as well: what does not have
 * these forms is not meant for us.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { PortError } from "../../devices/port_protocol.ts";
import { isVersion } from "./image_answer.ts";

/** What a page says. */
export type ToWorker =
  /** A device is to be had behind the port that comes along, under this path. */
  | {
    readonly cowdisk: "offer";
    readonly id: string;
    readonly path: string;
    readonly version: string | null;
  }
  /** It is to be had no longer. */
  | { readonly cowdisk: "withdraw"; readonly id: string; readonly path: string }
  /** The page was loaded past the service worker, and wants to be under it. */
  | { readonly cowdisk: "claim" };

/** What the service worker says. */
export type ToPage =
  | { readonly cowdisk: "accepted" | "withdrawn"; readonly id: string }
  | { readonly cowdisk: "refused"; readonly id: string; readonly error: PortError }
  | { readonly cowdisk: "who offers"; readonly path: string };

const PATH_CHARS_MAX = 2048;

type Fields = Readonly<Record<string, unknown>>;

function isOffer({ id, path, version }: Fields): boolean {
  return typeof id === "string" && isPath(path) &&
    (version === null || (typeof version === "string" && isVersion(version)));
}

function isPath(path: unknown): boolean {
  return typeof path === "string" && path.startsWith("/") && path.length <= PATH_CHARS_MAX;
}

function isPortError(error: unknown): boolean {
  const { code, message } = (error ?? {}) as Fields;
  return typeof code === "string" && typeof message === "string";
}

const TO_WORKER: Readonly<Record<ToWorker["cowdisk"], (fields: Fields) => boolean>> = {
  offer: isOffer,
  withdraw: ({ id, path }) => typeof id === "string" && isPath(path),
  claim: () => true,
};

const TO_PAGE: Readonly<Record<ToPage["cowdisk"], (fields: Fields) => boolean>> = {
  accepted: ({ id }) => typeof id === "string",
  withdrawn: ({ id }) => typeof id === "string",
  refused: ({ id, error }) => typeof id === "string" && isPortError(error),
  "who offers": ({ path }) => isPath(path),
};

function read<Message>(
  forms: Readonly<Record<string, (fields: Fields) => boolean>>,
  message: unknown,
) {
  const fields = (message ?? {}) as Fields;
  const kind = fields.cowdisk;
  const isOurs = typeof kind === "string" && Object.hasOwn(forms, kind) && forms[kind]!(fields);
  return isOurs ? message as Message : null;
}

/**
 * Reads what a page says.
 *
 * @param message Anything.
 * @returns What it says, or `null` when it is not meant for us.
 */
export function readToWorker(message: unknown): ToWorker | null {
  return read<ToWorker>(TO_WORKER, message);
}

/**
 * Reads what the service worker says.
 *
 * @param message Anything.
 * @returns What it says, or `null` when it is not meant for us.
 */
export function readToPage(message: unknown): ToPage | null {
  return read<ToPage>(TO_PAGE, message);
}

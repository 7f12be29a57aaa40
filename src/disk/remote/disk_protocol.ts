/**
 * What is said over a port between a disk in a worker and who uses it from another thread.
 *
 * One port is one tree, with all of its branches and their devices: what is asked arrives in the order
 * in which it was asked, so a write that was begun before a snapshot is in it, as in one thread. The
 * user speaks first, and asks for the disk to be opened. From then on:
 *
 * | a request to | says | its answer |
 * |---|---|---|
 * | the device of a branch | `device`, and what `port_protocol.ts` has | as there |
 * | a branch | `disk`, a verb | a result; what the tree looks like now |
 * | nobody in particular | `abort`, `bye` | none |
 *
 * Branches are told apart by numbers, which the worker gives. Notices are the disk's events, and the
 * progress of what is followed: that has a number which the user gives.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type {
  PortAnswer,
  PortAsked,
  PortError,
  PortGreeting,
} from "../../devices/port_protocol.ts";
import type { HttpDeviceOptions } from "../../devices/http.ts";
import type { AsyncDisk } from "../async_disk.ts";
import type { SnapshotFacts } from "../disk.ts";
import type { DiskEvent, DiskOptions } from "../disk_options.ts";
import type { MoveProgress } from "../layers/takeover.ts";
import type { StorageWord } from "../storage/storage_words.ts";

/** The options of a disk that are plain values. */
export type PlainDiskOptions = Omit<
  DiskOptions,
  "origin" | "storage" | "signal" | "onEvent" | "clock"
>;

/** The options of an HTTP device that are plain values. */
export type PlainHttpOptions = Omit<
  HttpDeviceOptions,
  "fetch" | "signal" | "clock" | "onProgress"
>;

/** The first message, to the worker itself: over what port the rest is said. */
export interface ConnectWish {
  readonly cowdisk: "disk";
  readonly port: MessagePort;
  /** The lock to be held as long as the worker lives; `null` where there are none. */
  readonly lock: string | null;
}

/** An origin on its way: zeroes, an image to be opened there, or a device that is served from here. */
export type OriginWish =
  | { readonly kind: "zeroes"; readonly sectorCount: number }
  | { readonly kind: "http"; readonly url: string; readonly options: PlainHttpOptions }
  | { readonly kind: "port"; readonly port: MessagePort; readonly tag: string | null };

/** A disk on its way. */
export interface OpenWish {
  readonly verb: "open";
  readonly name: string;
  readonly storage: StorageWord;
  readonly origin: OriginWish;
  readonly options: PlainDiskOptions;
}

/** Methods that take and return plain values. */
export const PLAIN_VERBS = [
  "snapshot",
  "rollback",
  "removeBranch",
  "diff",
  "extents",
  "usage",
  "close",
] as const;

/** One of them. */
export type PlainVerb = (typeof PLAIN_VERBS)[number];

/** A call of one of them. */
export type PlainCall = {
  [Verb in PlainVerb]: { readonly verb: Verb; readonly args: Parameters<AsyncDisk[Verb]> };
}[PlainVerb];

/** What a branch is asked. */
export type DiskCall =
  | PlainCall
  | { readonly verb: "fork"; readonly name: string | null; readonly branch: string }
  | { readonly verb: "openBranch"; readonly branch: string }
  | { readonly verb: "rebase"; readonly origin: OriginWish }
  | {
    /** Without a name: all deletions that were interrupted. */
    readonly verb: "delete";
    readonly name: string | null;
    /** By what number its progress is told and it is stopped. */
    readonly follow: number;
    readonly isAborted: boolean;
  };

/** What is asked, without its number. */
export type DiskAsked =
  | OpenWish
  | ({ readonly device: number } & PortAsked)
  | ({ readonly disk: number } & DiskCall);

/** What is told, and not answered. */
export type DiskTold =
  | { readonly told: "abort"; readonly follow: number }
  | { readonly told: "bye" };

/** What comes in at the worker's end. */
export type DiskRequest = ({ readonly id: number } & DiskAsked) | DiskTold;

/** What the tree looks like. */
export interface TreeState {
  /** Of two, the larger one tells the later state: an answer may come after a notice of a later one. */
  readonly edition: number;
  readonly snapshots: SnapshotFacts[];
  readonly branches: string[];
}

/** A branch that was opened. */
export interface OpenedBranch {
  /** Its number. */
  readonly disk: number;
  readonly branch: string;
  readonly device: PortGreeting;
  readonly chunkSectors: number;
}

/** What is answered; and, without a number, told. */
export interface DiskAnswer extends Partial<PortAnswer> {
  /** What the method returned. */
  readonly result?: unknown;
  /** The branch that was opened. */
  readonly opened?: OpenedBranch;
  /** What the tree looks like now. */
  readonly tree?: TreeState;
  /** The number of a branch that is closed: on request, or by a failure. */
  readonly closed?: number;
  /** It failed with the reason of the signal that the user gave. */
  readonly isAborted?: true;
  /** What has happened to the disk. */
  readonly event?: PackedEvent;
  /** How far it has come. */
  readonly progress?: { readonly follow: number; readonly moved: MoveProgress };
  /** The worker holds its lock. */
  readonly isHeld?: true;
}

/** An event on its way: an error in it is packed. */
export interface PackedEvent {
  readonly event: DiskEvent;
  readonly cause?: PortError;
}

/**
 * The snapshot family's table lines.
 *
 *     snapshot-origin <origin>
 *     snapshot        <origin> <cow> <store> <chunk sectors> [<count> <feature>...]
 *     snapshot-merge  <origin> <cow> <store> <chunk sectors> [<count> <feature>...]
 *
 * | argument | accepted |
 * |---|---|
 * | store | `P`, `PO`, `N`, any case. Behind `PO` and `N` anything may follow; behind `P` only `O` |
 * | chunk sectors | decimal; 0 is the store's own size. Sizes are judged by the store |
 * | count | 0 to 2, with `copy_on_read` to 3; words behind the counted ones are ignored |
 * | feature | `discard_zeroes_cow`; `discard_passdown_origin`, which needs the first. Any case |
 * | | `copy_on_read`, which Linux does not have. A merge keeps the word and ignores it |
 *
 * Linux 6.1 loses the text of a store's refusal and only ever says that it could not create the
 * store. That is the `reason` here; the sentence for people stays the specific one.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Plan } from "../../block/plan.ts";
import type { SnapshotOptions } from "../../targets/snapshot_member.ts";
import type { SnapshotOriginOptions } from "../../targets/snapshot_origin.ts";
import type { Target } from "../../targets/target.ts";
import { TargetError } from "../../targets/target_error.ts";
import { parseUnsigned, type TargetContext, type TargetType } from "./target_types.ts";

const STORE_REFUSED = "Couldn't create exception store";

/** The store's refusals whose text the kernel loses. */
const LOST_REASONS = new Set([
  "Chunk size is not a multiple of device blocksize",
  "Chunk size is not a power of 2",
  "Chunk size is too high",
]);

function refuse(reason: string, message: string): TargetError {
  return new TargetError("EINVAL", reason, message);
}

function parseStore(word: string, context: TargetContext): "P" | "PO" | "N" {
  const letter = word.charAt(0).toUpperCase();
  if (letter === "N") return "N";
  if (letter !== "P") {
    throw refuse(STORE_REFUSED, `Cannot use the exception store "${word}": want P, PO or N`);
  }
  const option = word.slice(1);
  if (option === "") return "P";
  if (option.charAt(0).toUpperCase() === "O") return "PO";
  context.log(`persistent snapshot: Unsupported persistent store option: ${option}`);
  throw refuse(STORE_REFUSED, `Cannot use the exception store "${word}": want P, PO or N`);
}

function parseChunkSectors(word: string): number {
  const chunkSectors = parseUnsigned(word.replace(/^\+/, ""), 0xffffffff);
  if (chunkSectors !== null) return chunkSectors;
  throw refuse(STORE_REFUSED, `Cannot use the chunk size "${word}": want a number of sectors`);
}

interface Features {
  discardZeroesCow: boolean;
  discardPassdownOrigin: boolean;
  copyOnRead: boolean;
}

function parseFeatures(words: readonly string[]): Features {
  const features = { discardZeroesCow: false, discardPassdownOrigin: false, copyOnRead: false };
  const [countWord, ...names] = words;
  if (countWord === undefined) return features;
  const count = parseUnsigned(countWord, 3);
  const counted = names.slice(0, count ?? 0).map((name) => name.toLowerCase());
  // Three are one more than dm's two only if one of them is not dm's.
  if (
    count === null || counted.length < count || (count > 2 && !counted.includes("copy_on_read"))
  ) {
    throw refuse(
      "Invalid number of feature arguments",
      `Cannot read the features "${words.join(" ")}": want a count from 0 to 3 and as many names`,
    );
  }
  for (const feature of counted) {
    if (feature === "discard_zeroes_cow") features.discardZeroesCow = true;
    else if (feature === "discard_passdown_origin") features.discardPassdownOrigin = true;
    else if (feature === "copy_on_read") features.copyOnRead = true;
    else throw refuse("Unrecognised feature requested", `Cannot use the feature "${feature}"`);
  }
  if (features.discardPassdownOrigin && !features.discardZeroesCow) {
    throw refuse(
      "discard_passdown_origin feature depends on discard_zeroes_cow",
      "Cannot use discard_passdown_origin without discard_zeroes_cow",
    );
  }
  return features;
}

// The order of these checks is the kernel's: of two mistakes the same one is told.
function parseSnapshot(
  type: "snapshot" | "snapshot-merge",
  words: readonly string[],
  context: TargetContext,
): SnapshotOptions {
  const [originWord, cowWord, storeWord, chunkWord, ...featureWords] = words;
  if (
    originWord === undefined || cowWord === undefined || storeWord === undefined ||
    chunkWord === undefined
  ) {
    throw refuse(
      "requires 4 or more arguments",
      `Cannot make a ${type} target of ${words.length} arguments: ` +
        "want an origin, a COW device, a store and a chunk size",
    );
  }
  const features = parseFeatures(featureWords);
  const { sectorCount, deviceWord, log } = context;
  const origin = context.openDevice(originWord, {
    reason: "Cannot get origin device",
    sectorCount,
    isWritten: type === "snapshot-merge" && !context.isReadOnly,
  });
  const cow = context.openDevice(cowWord, {
    reason: "Cannot get COW device",
    isWritten: !context.isReadOnly,
  });
  if (cow === origin) {
    throw refuse(
      "COW device cannot be the same as origin device",
      `Cannot use "${cow.name}" as origin and COW device of one snapshot`,
    );
  }
  const store = parseStore(storeWord, context);
  const chunkSectors = parseChunkSectors(chunkWord);
  return { origin, cow, sectorCount, store, chunkSectors, ...features, log, deviceWord };
}

/** Runs a store's plan and says its refusal as the kernel does. */
function* planWithLostReason(plan: Plan<Target>): Plan<Target> {
  try {
    return yield* plan;
  } catch (error) {
    if (!(error instanceof TargetError) || !LOST_REASONS.has(error.reason)) throw error;
    throw new TargetError(error.code, STORE_REFUSED, error.message, { cause: error });
  }
}

/** The plans that construct the three targets. */
export interface SnapshotPlans {
  /** Plans a `snapshot`. */
  readonly planSnapshot: (options: SnapshotOptions) => Plan<Target>;
  /** Plans a `snapshot-merge`. */
  readonly planSnapshotMerge: (options: SnapshotOptions) => Plan<Target>;
  /** Plans a `snapshot-origin`. */
  readonly planSnapshotOrigin: (options: SnapshotOriginOptions) => Plan<Target>;
}

function snapshotType(
  name: "snapshot" | "snapshot-merge",
  version: string,
  plan: (options: SnapshotOptions) => Plan<Target>,
): TargetType {
  return {
    name,
    version,
    *plan(words, context) {
      return yield* planWithLostReason(plan(parseSnapshot(name, words, context)));
    },
  };
}

function snapshotOriginType(plan: (options: SnapshotOriginOptions) => Plan<Target>): TargetType {
  return {
    name: "snapshot-origin",
    version: "1.9.0",
    *plan(words, context) {
      const [originWord] = words;
      if (originWord === undefined || words.length !== 1) {
        throw refuse(
          "origin: incorrect number of arguments",
          `Cannot make a snapshot-origin target of ${words.length} arguments: want an origin`,
        );
      }
      const { sectorCount, deviceWord } = context;
      const use = { reason: "Cannot get target device", sectorCount };
      const origin = context.openDevice(originWord, use);
      return yield* plan({ origin, sectorCount, deviceWord });
    },
  };
}

/**
 * The family's target types.
 *
 * @param plans What constructs the targets; another implementation can have the same arguments.
 */
export function snapshotTypes(plans: SnapshotPlans): TargetType[] {
  return [
    snapshotType("snapshot-merge", "1.5.0", plans.planSnapshotMerge),
    snapshotOriginType(plans.planSnapshotOrigin),
    snapshotType("snapshot", "1.16.0", plans.planSnapshot),
  ];
}

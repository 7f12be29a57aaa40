/**
 * A trial of one sequence: perform it, then compare everything with what should be.
 *
 * Compared are the outcome of every operation, and at the end, whole: what the origin shows, what
 * every snapshot shows, its status, its COW device while it is in use, and, with everything closed,
 * the disk and the COW devices as a second reader of the format (`test/model/cow_image.ts`) finds
 * them. The beginnings of a sequence are sequences of their own, so the end is enough.
 */
import type { SyncBlockDevice } from "../../src/block/device.ts";
import { describeSector } from "../../src/testing/pattern.ts";
import { type CowImage, readCowImage } from "../model/cow_image.ts";
import { lineOf, type Operation, type Slot } from "./alphabet.ts";
import { Expectation, type ExpectedSnapshot, type WriteNumber } from "./expectation.ts";
import { isSame, patternOfSector } from "./patterns.ts";
import { type Breakage, SmallDisks, SmallStack } from "./small_stack.ts";
import type { Variant } from "./variants.ts";

/** Tries sequences of one variant. */
export class Trial {
  readonly variant: Variant;
  readonly #breakage: Breakage;
  #disks: SmallDisks;

  constructor(variant: Variant, breakage: Breakage = {}) {
    this.variant = variant;
    this.#breakage = breakage;
    this.#disks = new SmallDisks(variant, breakage);
  }

  /**
   * Tries a sequence.
   *
   * @param sequence Operations that are allowed, one after another.
   * @returns What should be at the end, and is.
   * @throws {Error} When something is not as it should be; the message replays it.
   */
  try(sequence: readonly Operation[]): Expectation {
    try {
      return trySequence(this.#disks, sequence);
    } catch (error) {
      this.#disks = new SmallDisks(this.variant, this.#breakage); // The others are in any state.
      const line = lineOf(sequence);
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(
        `${message}\n\nvariant ${this.variant.name}, after: ${line}\nreplay: ` +
          `deno task exhaustive --variant ${this.variant.name} --sequence "${line}"`,
        { cause: error },
      );
    }
  }

  /** Gives memory back. */
  close(): void {
    this.#disks.close();
  }
}

function trySequence(disks: SmallDisks, sequence: readonly Operation[]): Expectation {
  const expected = new Expectation(disks.variant);
  const stack = new SmallStack(disks);
  for (const [index, operation] of sequence.entries()) {
    if (!expected.allows(operation)) {
      throw new Error(`Operation ${index + 1} means nothing here`);
    }
    const hasStretch = /write|discard/.test(operation.kind);
    const stretch = hasStretch ? expected.stretchOf(operation) : null;
    const wanted = expected.apply(operation);
    const outcome = stack.perform(operation, expected.writeCount, stretch);
    want(outcome === wanted, `operation ${index + 1} is ${outcome}, want ${wanted}`);
  }
  verifyOpen(stack, expected);
  stack.close();
  verifyClosed(disks, expected);
  return expected;
}

function want(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

function verifyOpen(stack: SmallStack, expected: Expectation): void {
  verifyContent("the origin", readAll(stack.origin), expected.origin);
  for (const snapshot of expected.slots) {
    if (snapshot === null) continue;
    const { slot, isMerging } = snapshot;
    const name = `snapshot ${nameOf(slot)}`;
    const status = stack.statusOf(slot);
    const wanted = statusOf(expected, snapshot);
    want(status === wanted, `${name} has status ${status}, want ${wanted}`);
    const device = stack.deviceOf(slot);
    if (snapshot.isInvalid) verifyRefusal(name, device);
    else if (!isMerging) verifyContent(name, readAll(device), snapshot.view);
    verifyImage(stack.disks, snapshot, snapshot.settledCount);
  }
}

function verifyClosed(disks: SmallDisks, expected: Expectation): void {
  const below = readAll(disks.disk);
  if (expected.merging === null) verifyContent("the closed disk", below, expected.origin);
  for (const snapshot of expected.slots) {
    if (snapshot === null) continue;
    const image = verifyImage(disks, snapshot, snapshot.excepted.length);
    if (image === null) continue;
    const { slot, view } = snapshot;
    const chunkBytes = disks.variant.chunkSectors[slot] * 512;
    const bytes = below.slice();
    const cow = readAll(disks.media[slot]);
    for (const [oldChunk, newChunk] of image.entries) {
      const from = newChunk * chunkBytes;
      const count = Math.min(chunkBytes, bytes.length - oldChunk * chunkBytes);
      bytes.set(cow.subarray(from, from + count), oldChunk * chunkBytes);
    }
    verifyContent(`what snapshot ${nameOf(slot)} left behind`, bytes, view);
  }
}

/** Reads a COW device; its exceptions must be the right ones, and no fewer than `settledCount`. */
function verifyImage(
  disks: SmallDisks,
  { slot, excepted, isInvalid }: ExpectedSnapshot,
  settledCount: number,
): CowImage | null {
  if (disks.variant.store === "N") return null;
  const cow = readAll(disks.media[slot]);
  const name = `the COW device of snapshot ${nameOf(slot)}`;
  if (isInvalid) {
    const header = new DataView(cow.buffer);
    const words = [0, 4, 8, 12].map((offset) => header.getUint32(offset, true));
    const wanted = [0x70416e53, 0, 1, disks.variant.chunkSectors[slot]];
    want(`${words}` === `${wanted}`, `${name} has header ${words}, want ${wanted}`);
    return null;
  }
  const image = readCowImage(cow);
  want(image.isValid, `${name} says invalid`);
  const olds = image.entries.map(([oldChunk]) => oldChunk);
  const wanted = excepted.slice(0, Math.max(settledCount, olds.length));
  want(`${olds}` === `${wanted}`, `${name} has exceptions for ${olds}, want ${wanted}`);
  return image;
}

function statusOf({ variant }: Expectation, snapshot: ExpectedSnapshot): string {
  const { slot, excepted, isInvalid, hasOverflowed } = snapshot;
  if (isInvalid) return "Invalid";
  if (hasOverflowed) return "Overflow";
  const chunkSectors = variant.chunkSectors[slot];
  const metadataChunks = variant.store === "N" ? 0 : 2;
  const room = Math.ceil(variant.originSectors / chunkSectors) - variant.chunksMissing;
  const [allocated, all] = [excepted.length, room].map((count) =>
    (count + metadataChunks) * chunkSectors
  );
  return `${allocated}/${all} ${metadataChunks * chunkSectors}`;
}

function verifyRefusal(name: string, device: SyncBlockDevice): void {
  const sector = new Uint8Array(512);
  for (let at = 0; at < device.sectorCount; at++) {
    try {
      device.readSync(sector, at);
    } catch {
      continue;
    }
    throw new Error(`${name} is invalid, but sector ${at} can be read`);
  }
}

function verifyContent(name: string, bytes: Uint8Array, writes: readonly WriteNumber[]): void {
  for (const [sector, write] of writes.entries()) {
    const found = bytes.subarray(sector * 512, (sector + 1) * 512);
    if (isSame(found, patternOfSector(write, sector))) continue;
    throw new Error(
      `${name} reads wrong: sector ${sector} holds ${describeSector(found)}, want ` +
        (write === 0 ? "zeroes" : `write ${write}`),
    );
  }
}

function readAll(device: SyncBlockDevice): Uint8Array {
  const bytes = new Uint8Array(device.sectorCount * 512);
  device.readSync(bytes, 0);
  return bytes;
}

function nameOf(slot: Slot): string {
  return slot === 0 ? "a" : "b";
}

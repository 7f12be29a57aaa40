/**
 * Agreement: comparisons that say where two answers part, and who gave which.
 */

import { describeSector } from "../../src/testing/pattern.ts";
import { copyOfPair, type Pair } from "./pair.ts";
import type { Write } from "./machine.ts";
import { lookAt, merge } from "./snapshot_session.ts";
import type { Model } from "./workload.ts";
import type { World } from "./world.ts";

/**
 * Compares two texts.
 *
 * @param what What they are.
 * @param cowdisk What cowdisk said.
 * @param linux What Linux said.
 */
export function assertText(what: string, cowdisk: string, linux: string): void {
  if (cowdisk !== linux) {
    throw new Error(`${what} differ: cowdisk says "${cowdisk}", Linux says "${linux}"`);
  }
}

/**
 * Compares sectors.
 *
 * @param what What they are, for the message.
 * @param found The one side; `null` for what could not be read.
 * @param wanted The other.
 * @param finder Who found it.
 * @param wanter Who wants it.
 */
export function assertBytes(
  what: string,
  found: Uint8Array | null,
  wanted: Uint8Array | null,
  finder: string,
  wanter: string,
): void {
  if (found === null || wanted === null) {
    if (found === wanted) return;
    throw new Error(`${what}: ${found === null ? finder : wanter} cannot read it, the other can`);
  }
  if (found.length !== wanted.length) {
    throw new Error(`${what}: ${found.length} and ${wanted.length} bytes`);
  }
  const words = (bytes: Uint8Array) =>
    new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const a = words(found);
  const b = words(wanted);
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  if (at === a.length) return;
  const sector = Math.floor(at / 128);
  const sectorOf = (bytes: Uint8Array) => bytes.subarray(sector * 512, sector * 512 + 512);
  throw new Error(
    `${what} differ first in sector ${sector}, byte ${at * 4 % 512}: ` +
      `${finder} has ${describeSector(sectorOf(found))}, ` +
      `${wanter} has ${describeSector(sectorOf(wanted))}`,
  );
}

/**
 * After a power cut: a sector of the snapshot holds what the model says or, where a write to the
 * snapshot was under way, what that write brought. Writes to the origin never show.
 *
 * @param view The snapshot.
 * @param model What it must hold.
 * @param underWay Writes that nobody was told the end of.
 */
export function assertRecovered(
  view: Uint8Array | null,
  model: Model,
  underWay: readonly Write[],
): void {
  if (view === null) throw new Error("The snapshot cannot be read after the power cut");
  const allowed = model.snapshot.slice();
  for (const { device, sector, bytes } of underWay) {
    if (device !== "snap") continue;
    for (let at = 0; at < bytes.length; at += 512) {
      const place = sector * 512 + at;
      const isThere = bytes.subarray(at, at + 512).every((byte, n) => byte === view[place + n]);
      if (isThere) allowed.set(bytes.subarray(at, at + 512), place);
    }
  }
  assertBytes("the snapshot", view, allowed, "after the power cut it", "the model");
}

/** Lets both machines work at the same time. Waits for both, also when one fails. */
async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, other]);
  return [await one, await other];
}

/**
 * Both machines open a pair and must see the same.
 *
 * @param world The machines.
 * @param pair What they open.
 * @param model What they must see; a snapshot of `null` is not compared with a model.
 */
export async function assertAgree(
  world: World,
  pair: Pair,
  model: { origin: Uint8Array; snapshot: Uint8Array | null },
): Promise<void> {
  const [cowdisk, linux] = await both(lookAt(world.cowdisk, pair), lookAt(world.linux, pair));
  if (model.snapshot === null) {
    assertBytes("the snapshot", cowdisk.view, linux.view, "cowdisk", "Linux");
  } else {
    assertBytes("the snapshot", linux.view, model.snapshot, "Linux", "the model");
    assertBytes("the snapshot", cowdisk.view, model.snapshot, "cowdisk", "the model");
  }
  assertText("the status lines", cowdisk.status, linux.status);
  assertBytes("the origin", world.disk.read(pair.origin), model.origin, "the disk", "the model");
}

/**
 * Both machines merge a copy of a pair. Both origins must then be as the snapshot was, and both COW
 * images, which hold no exception any more, must be equal byte by byte.
 *
 * @param world The machines.
 * @param pair What is merged; it is not changed.
 * @param model What the snapshot holds.
 * @param isExact Whether the COW images are compared.
 */
export async function assertMerges(
  world: World,
  pair: Pair,
  model: { snapshot: Uint8Array },
  isExact = true,
): Promise<void> {
  const { disk } = world;
  const forLinux = copyOfPair(disk, pair);
  const forCowdisk = copyOfPair(disk, pair);
  const [linux, cowdisk] = await both(
    merge(world.linux, forLinux),
    merge(world.cowdisk, forCowdisk),
  );
  for (const [machine, { origin }] of [["Linux", forLinux], ["cowdisk", forCowdisk]] as const) {
    assertBytes("the merged origin", disk.read(origin), model.snapshot, machine, "the model");
  }
  assertText("the status lines after the merge", cowdisk, linux);
  if (!isExact) return;
  const images = [disk.read(forCowdisk.cow), disk.read(forLinux.cow)] as const;
  assertBytes("the merged COW image", ...images, "cowdisk", "Linux");
}

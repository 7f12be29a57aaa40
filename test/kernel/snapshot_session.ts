/**
 * A snapshot set up on a machine: the same few dmsetup commands for Linux and for cowdisk.
 *
 *     vda ── linear ──▶ orig ──┬─ snapshot ───────▶ snap
 *      └──── linear ──▶ cow  ──┘    snapshot-origin ▶ live
 *
 * The snapshot is made before the origin's device, because Linux learns the chunk size that origin
 * writes are cut at only when `live` is resumed.
 */

import type { Stretch } from "./disk.ts";
import type { Machine, Recipe } from "./machine.ts";
import type { Pair } from "./pair.ts";

const linear = ({ sector, sectorCount }: Stretch) => `0 ${sectorCount} linear /dev/vda ${sector}`;

/** The two stretches of a pair as devices. */
const stretches = (pair: Pair): Recipe[] => [
  { name: "orig", table: linear(pair.origin) },
  { name: "cow", table: linear(pair.cow) },
];

const tableOf = (type: string, { origin, store, chunkSectors }: Pair) =>
  `0 ${origin.sectorCount} ${type} /dev/mapper/orig /dev/mapper/cow ${store} ${chunkSectors}`;

/** What can be seen of a snapshot. */
export interface Sight {
  /** dm's status, without the table's first words. */
  readonly status: string;
  /** All its sectors; `null` when they cannot be read. */
  readonly view: Uint8Array | null;
}

/** `0 8192 snapshot 16/65536 16` is printed; the part behind the type is what differs. */
async function statusOf(machine: Machine, device: string): Promise<string> {
  return (await machine.dmsetup("status", device)).trim().split(/\s+/).slice(3).join(" ");
}

async function look(machine: Machine, { origin }: Pair): Promise<Sight> {
  const status = await statusOf(machine, "snap");
  return { status, view: await machine.read("snap", origin.sectorCount) };
}

/** A snapshot that is open on a machine. */
export class SnapshotSession {
  readonly #machine: Machine;
  readonly #pair: Pair;

  private constructor(machine: Machine, pair: Pair) {
    this.#machine = machine;
    this.#pair = pair;
  }

  /**
   * Opens a snapshot, or makes one if the COW device begins with a zero.
   *
   * @param machine Where.
   * @param pair Of what.
   * @returns The session. Close it before another machine uses the pair.
   */
  static async open(machine: Machine, pair: Pair): Promise<SnapshotSession> {
    const live = `0 ${pair.origin.sectorCount} snapshot-origin /dev/mapper/orig`;
    await machine.create([
      ...stretches(pair),
      { name: "snap", table: tableOf("snapshot", pair) },
      { name: "live", table: live },
    ]);
    return new SnapshotSession(machine, pair);
  }

  /** What can be seen of it now. */
  look(): Promise<Sight> {
    return look(this.#machine, this.#pair);
  }

  /** Takes it apart; the pair keeps what it holds. */
  async close(): Promise<void> {
    await this.#machine.dmsetup("remove", "live", "snap", "cow", "orig");
  }
}

/**
 * Opens a snapshot only to look at it.
 *
 * @param machine Where.
 * @param pair Of what. Nothing of it is changed.
 * @returns What can be seen.
 */
export async function lookAt(machine: Machine, pair: Pair): Promise<Sight> {
  await machine.create([...stretches(pair), { name: "snap", table: tableOf("snapshot", pair) }]);
  const sight = await look(machine, pair);
  await machine.dmsetup("remove", "snap", "cow", "orig");
  return sight;
}

/** Where a merge has got to, by its status. */
const isMerged = (status: string) => {
  const [, allocated, metadata] = /^(\d+)\/\d+ (\d+)$/.exec(status) ?? [];
  if (allocated === undefined) throw new Error(`The merge has stopped: ${status}`);
  return allocated === metadata;
};

/**
 * Merges a snapshot into its origin.
 *
 * @param machine Where.
 * @param pair Of what.
 * @param partly Whether to stop on the way.
 * @returns The status at the end.
 */
export async function merge(machine: Machine, pair: Pair, partly = false): Promise<string> {
  const recipes = stretches(pair);
  if (partly) recipes[0] = machine.slow("orig", pair.origin);
  await machine.create([...recipes, { name: "merge", table: tableOf("snapshot-merge", pair) }]);
  const first = await statusOf(machine, "merge");
  let status = first;
  while (partly ? status === first : !isMerged(status)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    status = await statusOf(machine, "merge");
  }
  if (partly) {
    await machine.dmsetup("suspend", "merge");
    status = await statusOf(machine, "merge");
  }
  await machine.dmsetup("remove", "merge", "cow", "orig");
  return status;
}

/**
 * The devices of a world: the disk and one COW device for each snapshot, each a part of the medium
 * with a probe on it. They are there with and without power; the stack stands on them.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { SECTOR_BYTES } from "../../../src/mod.ts";
import type { Prng } from "../../../src/testing/prng.ts";
import type { CutManner } from "../../../src/testing/sector_versions.ts";
import type { Tempo } from "../play/tempo.ts";
import type { Beat } from "../scene.ts";
import type { Medium } from "./medium.ts";
import { type CutReport, Probe, type ProbeRequest } from "./probe.ts";
import { cowName, cowRegion, diskRegion, type Region, type World } from "./world.ts";

/** Tells what a request to a device is. */
export type Teller = (device: string, request: ProbeRequest) => Beat;

/** The disk's name, below the origin. */
export const DISK_NAME = "disk";

/** The probes of a world, by name. */
export class Devices {
  readonly #medium: Medium;
  readonly #tempo: Tempo;
  readonly #tell: Teller;
  readonly #probes = new Map<string, Probe>();

  private constructor(medium: Medium, tempo: Tempo, tell: Teller) {
    this.#medium = medium;
    this.#tempo = tempo;
    this.#tell = tell;
  }

  /**
   * The devices of a world, as they are stored.
   *
   * @param world The world.
   * @param medium What they lie on.
   * @param tempo The stage that their beats go over.
   * @param tell Tells what a request is.
   */
  static async open(world: World, medium: Medium, tempo: Tempo, tell: Teller): Promise<Devices> {
    const devices = new Devices(medium, tempo, tell);
    await devices.#add(DISK_NAME, diskRegion(world));
    for (const each of world.snapshots) await devices.#add(cowName(each), cowRegion(each));
    devices.follow(world);
    return devices;
  }

  /** All of them, the disk first. */
  get all(): Iterable<[string, Probe]> {
    return this.#probes;
  }

  /** The disk. */
  get disk(): Probe {
    return this.#probes.get(DISK_NAME) as Probe;
  }

  /**
   * A device by its name.
   *
   * @param name Its name; there is one.
   */
  get(name: string): Probe {
    const probe = this.#probes.get(name);
    if (probe === undefined) throw new RangeError(`There is no device "${name}"`);
    return probe;
  }

  /** How many writes all of them have seen. */
  get writeCount(): number {
    let count = 0;
    for (const { writeCount } of this.#probes.values()) count += writeCount;
    return count;
  }

  /**
   * A new COW device, of zeroes.
   *
   * @param snapshot Whose it is.
   */
  async addCow(snapshot: World["snapshots"][number]): Promise<Probe> {
    await this.#medium.clear(cowRegion(snapshot));
    return await this.#add(cowName(snapshot), cowRegion(snapshot));
  }

  /** Takes a COW device away, and what is on it. */
  async removeCow(snapshot: World["snapshots"][number]): Promise<void> {
    this.#probes.delete(cowName(snapshot));
    await this.#medium.clear(cowRegion(snapshot));
  }

  /**
   * Makes the devices as bad and as careless as the world says.
   *
   * @param world The world.
   */
  follow({ origin, isCareless, snapshots }: World): void {
    for (const each of snapshots) this.get(cowName(each)).isCareless = isCareless;
    const { badSectors } = this.disk;
    badSectors.clear();
    for (const chunk of origin.badChunks) {
      for (let at = 0; at < origin.chunkSectors; at++) {
        badSectors.add(chunk * origin.chunkSectors + at);
      }
    }
  }

  /** Puts on the medium what is only in caches. */
  async drain(): Promise<void> {
    for (const probe of this.#probes.values()) await probe.drain();
  }

  /**
   * Takes the power away from all of them.
   *
   * @param prng Decides what is left.
   * @param manner How much is. Left out: drawn for each.
   */
  async cut(prng: Prng, manner?: CutManner): Promise<Map<string, CutReport>> {
    const reports = new Map<string, CutReport>();
    for (const [name, probe] of this.#probes) reports.set(name, await probe.cut(prng, manner));
    return reports;
  }

  async #add(name: string, region: Region): Promise<Probe> {
    const probe = new Probe({
      name,
      medium: await this.#medium.region(`${name}-region`, region),
      tempo: this.#tempo,
      tell: (request) => this.#tell(name, request),
    });
    await this.#medium.scan(region, (bytes, sector) => {
      if (bytes.length >= SECTOR_BYTES) probe.marks.note(bytes, sector);
    });
    this.#probes.set(name, probe);
    return probe;
  }
}

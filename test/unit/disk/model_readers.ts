/**
 * Readers beside a disk that is tried against its model: each shows the model's state of the moment when
 * it came, until it closes, whatever the writer does; also when the writer crashes meanwhile.
 */
import { assert } from "@std/assert";
import { Disk } from "../../../src/disk/disk.ts";
import type { Prng } from "../../../src/testing/mod.ts";
import { areEqual, contentsOf, SECTOR_COUNT } from "./disk_model.ts";
import { SharedPlace, type Tab } from "./readers/shared_place.ts";

/** What a reader is to show. */
interface Shown {
  readonly disk: Disk;
  readonly want: Uint8Array;
  readonly snapshots: string;
  readonly opened: number;
  /** The newest layer that it may look at. */
  readonly newest: number;
}

/** The model's state that a reader is opened on. */
export interface Moment {
  readonly branch: string;
  /** `null`: what the branch holds. */
  readonly snapshot: string | null;
  readonly want: Uint8Array;
  readonly snapshots: readonly string[];
}

const sorted = (names: readonly string[]) => JSON.stringify([...names].sort());

/** A place, the tab of its writer and those of its readers. */
export class ModelReaders {
  readonly place = new SharedPlace();
  readonly #prng: Prng;
  readonly #log: string[];
  readonly #shown: Shown[] = [];
  #writer: Tab = this.place.newTab();
  #count = 0;
  /** Steps until the writer crashes. */
  #left = Infinity;
  /** What was done to a layer that a reader may look at. */
  readonly #trespasses: string[] = [];

  constructor(prng: Prng, log: string[]) {
    this.#prng = prng;
    this.#log = log;
    this.place.onStep = (by, what) => {
      if (by === this.#writer && this.#left-- === 0) by.crash(prng);
      const id = Number(/^(?:write|remove) layer-(\d+)$/.exec(what)?.[1] ?? Infinity);
      if (this.#shown.some(({ newest }) => id <= newest)) this.#trespasses.push(what);
    };
  }

  /** Opens the disk to write it; after a crash, in another tab. */
  openDisk(branch: string): Promise<Disk> {
    const { storage } = this.#writer;
    return Disk.open("trial", { origin: SECTOR_COUNT, storage, branch });
  }

  /**
   * A reader comes, and shows the moment.
   *
   * @param isFatal Whether the writer crashes at some step from then on.
   */
  async come({ branch, snapshot, want, snapshots }: Moment, isFatal: boolean): Promise<void> {
    const writer = this.#writer;
    this.#left = isFatal ? this.#prng.int(40) : Infinity;
    const ids = this.place.names.map((name) => Number(/^layer-(\d+)$/.exec(name)?.[1] ?? 0));
    const opened = this.#count++;
    this.#log.push(`reader ${opened} of ${snapshot ?? branch}${isFatal ? ", a crash" : ""}`);
    const disk = await Disk.open("trial", {
      origin: SECTOR_COUNT,
      storage: this.place.newTab().storage,
      readOnly: true,
      branch,
      ...snapshot === null ? {} : { snapshot },
    });
    const newest = Math.max(...ids);
    this.#shown.push({ disk, want, snapshots: sorted(snapshots), opened, newest });
    this.#left = Infinity;
    if (isFatal) {
      writer.crash(this.#prng);
      this.#writer = this.place.newTab({ whenBusy: "wait" });
    }
    await this.verify();
  }

  /** Every reader shows what it showed. */
  async verify(): Promise<void> {
    assert(this.#trespasses.length === 0, `beside a reader: ${this.#trespasses.join()}`);
    for (const { disk, want, snapshots, opened } of this.#shown) {
      assert(areEqual(await contentsOf(disk), want), `reader ${opened} reads wrong`);
      const names = sorted(disk.snapshots.map(({ name }) => name));
      assert(names === snapshots, `reader ${opened} has the snapshots ${names}`);
      disk.check();
    }
  }

  /** One of them goes, if there is any. */
  async go(): Promise<void> {
    const at = this.#prng.int(this.#shown.length + 1);
    const [gone] = this.#shown.splice(at, 1);
    if (gone === undefined) return;
    this.#log.push(`reader ${gone.opened} closes`);
    await gone.disk.close();
  }

  /** All of them go. */
  async end(): Promise<void> {
    while (this.#shown.length > 0) await this.go();
  }
}

/**
 * Random vectors, recorded by the careless reference, which answers as the kernel does.
 *
 * They reach what nobody has recorded: a discard passed down under another snapshot, a COW device
 * that fits exactly, an exception list that was tampered with, and all of it together. Replaying one
 * compares our targets with an independent implementation, through every verb.
 */
import { Prng } from "../../src/testing/prng.ts";
import { makeContents } from "./disk.ts";
import { transcribeReference } from "./hazards.ts";
import { sha256 } from "./patterns.ts";
import { QUIRK_NAMES } from "./reference/quirks.ts";
import type { DiskSpec, ReadImage, Stretch, Vector } from "./vector.ts";

const FEATURES = ["", " 1 discard_zeroes_cow", " 2 discard_zeroes_cow discard_passdown_origin"];

/** None of these vectors has a kept image. */
const readImage: ReadImage = (file) => {
  throw new TypeError(`Cannot read ${file}: random vectors keep no images`);
};

/** A snapshot of the story. */
interface Snapshot {
  name: string;
  disk: string;
  store: string;
  chunkSectors: number;
  create: string;
}

/** Makes the operations of one vector. */
class Story {
  readonly ops: string[] = [];
  readonly sectors: number;
  readonly disks: Record<string, DiskSpec> = {};
  readonly #prng: Prng;
  readonly #snapshots: Snapshot[];
  readonly #isOriginFirst: boolean;
  #salt = 100;

  constructor(prng: Prng) {
    this.#prng = prng;
    this.sectors = prng.intBetween(40, 3000);
    this.#isOriginFirst = prng.bool(0.3);
    this.#addDisk("vda", this.sectors, [{ p1: 1 }]);
    this.#snapshots = [this.#makeSnapshot("s0", "vdb")];
    if (prng.bool()) this.#snapshots.push(this.#makeSnapshot("s1", "vdc"));
  }

  #addDisk(name: string, sectors: number, init: Stretch[]): void {
    const spec = { sectors, init, sha256: "" };
    this.disks[name] = { ...spec, sha256: sha256(makeContents(spec)) };
  }

  #makeSnapshot(name: string, disk: string): Snapshot {
    const prng = this.#prng;
    const chunkSectors = 2 ** prng.int(6);
    const dirty = [{ byte: 0xa5 }, { at: 0, count: 1, byte: 0 }];
    this.#addDisk(disk, this.#cowSectors(chunkSectors), prng.bool() ? dirty : []);
    const store = prng.pick(["P", "P", "PO", "N"]);
    const words = `snapshot /dev/vda /dev/${disk} ${store} ${chunkSectors}${prng.pick(FEATURES)}`;
    const create = `create ${name} 0 ${this.sectors} ${words}`;
    return { name, disk, store, chunkSectors, create };
  }

  /** Often too small, sometimes such that a full area has no successor. */
  #cowSectors(chunkSectors: number): number {
    const prng = this.#prng;
    const exactFit = chunkSectors * (1 + prng.intBetween(1, 3) * (chunkSectors * 32 + 1));
    const tiny = chunkSectors * prng.intBetween(1, 6) + prng.int(chunkSectors);
    const roomy = chunkSectors * prng.intBetween(8, 200) + prng.int(chunkSectors);
    return prng.pick([exactFit < 40_000 ? exactFit : tiny, tiny, roomy, roomy, roomy]);
  }

  up(): void {
    const origin = `create origin 0 ${this.sectors} snapshot-origin /dev/vda`;
    const snapshots = this.#snapshots.map(({ create }) => create);
    this.ops.push(...this.#isOriginFirst ? [origin, ...snapshots] : [...snapshots, origin]);
  }

  down(): void {
    for (const { name } of this.#snapshots) this.ops.push(`dm remove ${name}`);
    this.ops.push("dm remove origin");
  }

  look(): void {
    for (const { name } of this.#snapshots) this.ops.push(`dm status ${name}`, `sha256 ${name}`);
    this.ops.push("sha256 origin", ...Object.keys(this.disks).map((disk) => `sha256 ${disk}`));
  }

  /** Writes some entries of an exception list by hand, among them senseless ones. */
  #tamper({ disk, chunkSectors, store }: Snapshot): void {
    if (store === "N" || this.disks[disk] === undefined) return;
    const prng = this.#prng;
    const littleEndian = (value: number) =>
      Array.from({ length: 8 }, (_, at) => Math.floor(value / 256 ** at) % 256)
        .map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const entries = Array.from(
      { length: prng.intBetween(1, 3) },
      () =>
        littleEndian(prng.int(Math.ceil(this.sectors / chunkSectors) + 2)) +
        littleEndian(prng.int(12)),
    );
    if (this.disks[disk].sectors > chunkSectors) {
      this.ops.push(`hex ${disk} ${chunkSectors} ${entries.join("")}`);
    }
  }

  #restart(): void {
    this.down();
    if (this.#prng.bool(0.3)) this.#tamper(this.#prng.pick(this.#snapshots));
    this.up();
    this.look();
  }

  step(): void {
    const prng = this.#prng;
    const snapshot = prng.pick(this.#snapshots);
    const { chunkSectors } = snapshot;
    const device = prng.bool(0.3) ? "origin" : snapshot.name;
    let sector = prng.int(this.sectors);
    if (prng.bool()) sector -= sector % chunkSectors;
    const length = prng.pick([
      1,
      chunkSectors,
      prng.intBetween(1, 4 * chunkSectors),
      prng.intBetween(1, 200),
    ]);
    const range = `${device} ${sector} ${Math.min(length, this.sectors - sector)}`;
    switch (
      prng.weighted({ write: 8, discard: 1, zeroout: 1, look: 1, restart: 1, suspend: 1, flush: 1 })
    ) {
      case "write":
        this.ops.push(`write ${range} ${this.#salt++}`, `dm status ${snapshot.name}`);
        break;
      case "discard":
        this.ops.push(`discard ${range}`);
        break;
      case "zeroout":
        this.ops.push(`zeroout ${range}`);
        break;
      case "look":
        this.look();
        break;
      case "restart":
        this.#restart();
        break;
      case "suspend":
        this.ops.push(`dm suspend ${device}`, `dm resume ${device}`, `dm table ${device}`);
        break;
      case "flush":
        this.ops.push(`flush ${device}`);
    }
  }

  merge(): void {
    const [{ store, create, name } = this.#makeSnapshot("s0", "vdb")] = this.#snapshots;
    if (store === "N") return;
    this.ops.push(create.replace("snapshot", "snapshot-merge"), `waitmerge ${name} 1000`);
    this.ops.push(`sha256 ${name}`, `write ${name} 0 1 ${this.#salt++}`, `dm remove ${name}`);
  }
}

/**
 * Makes a vector.
 *
 * @param seed The same seed makes the same vector.
 */
export async function randomVector(seed: number): Promise<Vector> {
  const prng = Prng.fromSeed(seed);
  const story = new Story(prng);
  story.up();
  for (let left = prng.intBetween(20, 80); left > 0; left--) story.step();
  story.look();
  story.down();
  if (prng.bool()) story.merge();
  const { disks, ops } = story;
  const after = Object.fromEntries(Object.keys(disks).map((disk) => [disk, { sha256: "" }]));
  const vector: Vector = {
    format: "dm-snapshot-golden-1",
    name: `random-${seed}`,
    title: `random, seed ${seed}`,
    kernel: "the careless reference",
    dmsetup: "ours",
    disks,
    boots: [{ ops: ops.map((op) => ({ op })), after }],
  };
  const { entries } = await transcribeReference(vector, readImage, QUIRK_NAMES);
  const recorded = entries.slice(0, ops.length).map(({ op, rc, out, kmsg }) => ({
    op,
    rc,
    out,
    kmsg: kmsg === "" ? [] : kmsg.split("\n"),
  }));
  for (const { where, image } of entries.slice(ops.length)) after[where] = { sha256: image };
  return { ...vector, boots: [{ ops: recorded, after }] };
}

/**
 * Twins: a disk of this thread and one in another home, to which the same is done. Whatever is done,
 * both must answer the same: results and refusals, letter for letter, lists and contents.
 */
import { assertEquals } from "@std/assert";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import type { AsyncDisk } from "../../../../src/disk/async_disk.ts";
import { Disk } from "../../../../src/disk/disk.ts";
import type { DiskEvent } from "../../../../src/disk/disk_options.ts";
import { openDiskInWorker } from "../../../../src/disk/remote/remote_disk.ts";
import { patternOf, Prng } from "../../../../src/testing/mod.ts";
import { SECTOR_COUNT } from "../disk_model.ts";
import { memoryOrigin } from "../patterned_disk.ts";
import { openHome } from "./home.ts";

const NAMES = ["a", "b", "c", "d", "e", "main", "", "\0"];
const KEPT = ["a", "b", "c", "d", "e"];

/** Something that is done to a disk. */
type Deed = (disk: AsyncDisk) => Promise<unknown>;

/** What came of it, so that it can be compared. */
async function outcomeOf(deed: Deed, disk: AsyncDisk): Promise<unknown> {
  try {
    const result = await deed(disk);
    return isDisk(result) ? { branch: result.branch } : { result };
  } catch (error) {
    if (error instanceof BlockDeviceError) {
      const { code, message, device, sector, sectorCount } = error;
      return { code, message, device, sector, sectorCount };
    }
    return { mistake: (error as Error).name, message: (error as Error).message };
  }
}

function isDisk(value: unknown): value is AsyncDisk {
  return typeof value === "object" && value !== null && "openBranch" in value;
}

/** A deed by chance, with what it is called. */
function drawDeed(prng: Prng): [string, Deed] {
  const name = prng.pick(NAMES);
  const kept = prng.pick([null, ...KEPT]);
  const sector = prng.int(SECTOR_COUNT + 2);
  const count = prng.intBetween(0, 30);
  const seed = prng.uint32();
  const options = { fua: prng.bool() };
  const progress: unknown[] = [];
  const onProgress = (step: unknown) => void progress.push(step);
  const deeds: [string, Deed][] = [
    [
      `write ${count} at ${sector}`,
      ({ device }) => device.write(patternOf(seed, sector, count), sector, options),
    ],
    [`zero ${count} at ${sector}`, ({ device }) => device.writeZeroes(sector, count, options)],
    [`discard ${count} at ${sector}`, ({ device }) => device.discard(sector, count)],
    [`read ${count} at ${sector}`, async ({ device }) => {
      const found = new Uint8Array(count * 512);
      await device.read(found, sector);
      return found;
    }],
    ["flush", ({ device }) => device.flush()],
    [`snapshot ${name}`, (disk) => disk.snapshot(name)],
    [`snapshot ${name}`, (disk) => disk.snapshot(name)],
    [`roll back to ${kept}`, (disk) => disk.rollback(kept)],
    [`fork ${name} on ${kept}`, (disk) => disk.fork(kept, name)],
    [`open ${name}`, (disk) => disk.openBranch(name)],
    [`remove the branch ${name}`, (disk) => disk.removeBranch(name)],
    [`delete ${name}`, async (disk) => {
      progress.length = 0;
      await disk.delete(name, { onProgress });
      return [...progress];
    }],
    ["settle deletions", (disk) => disk.settleDeletions({ onProgress })],
    [
      "delete, aborted",
      (disk) => disk.delete(name, { signal: AbortSignal.abort(new TypeError("no")) }),
    ],
    [`diff ${kept} ${name}`, (disk) => disk.diff(kept, prng.bool() ? name : undefined)],
    ["extents", (disk) => disk.extents()],
    ["usage", (disk) => disk.usage()],
    ["export", (disk) => new Response(disk.export()).bytes()],
    ["pieces", (disk) => Array.fromAsync(disk.pieces())],
    [
      "import",
      (disk) => disk.import(new Blob([patternOf(seed, 0, count)]).stream(), { onProgress }),
    ],
    [
      "import too much",
      (disk) =>
        disk.importPieces([{ sector, bytes: new Uint8Array(patternOf(seed, sector, count)) }]),
    ],
  ];
  return prng.pick(deeds);
}

/** See the file's head. */
export class TwinDisks {
  readonly log: string[] = [];
  readonly #prng: Prng;
  readonly #pairs = new Map<string, [AsyncDisk, AsyncDisk]>();

  constructor(seed: string) {
    this.#prng = Prng.fromSeed(seed);
  }

  /** Does things to both. */
  async live(deedCount: number): Promise<void> {
    using home = openHome();
    const origin = this.#prng.bool() ? SECTOR_COUNT : memoryOrigin();
    const events: [DiskEvent[], DiskEvent[]] = [[], []];
    const optionsOf = (at: 0 | 1) =>
      ({
        origin,
        storage: "memory",
        onEvent: (event: DiskEvent) => void events[at].push(event),
      }) as const;
    this.#pairs.set("main", [
      await Disk.open("twin", optionsOf(0)),
      await openDiskInWorker(home.worker, "twin", optionsOf(1)),
    ]);
    for (let count = 0; count < deedCount; count++) await this.#doOne();
    assertEquals(events[1], events[0], "what was told");
    for (const pair of this.#pairs.values()) await Promise.all(pair.map((disk) => disk.close()));
  }

  async #doOne(): Promise<void> {
    const [branch, [here, there]] = this.#prng.pick([...this.#pairs]);
    if (this.#pairs.size > 1 && this.#prng.int(20) === 0) {
      this.log.push(`close ${branch}`);
      await Promise.all([here.close(), there.close()]);
      this.#pairs.delete(branch);
      return;
    }
    const state = this.#prng.uint32();
    const [what, deed] = drawDeed(Prng.fromSeed(state));
    this.log.push(`${branch}: ${what}`);
    const opened: AsyncDisk[] = [];
    const doing = (each: Deed): Deed => async (disk) => {
      const result = await each(disk);
      if (isDisk(result)) opened.push(result);
      return result;
    };
    const wanted = await outcomeOf(doing(deed), here);
    // The same draw again: what a deed draws while it is done must be the same for both.
    const found = await outcomeOf(doing(drawDeed(Prng.fromSeed(state))[1]), there);
    assertEquals(found, wanted, what);
    if (opened.length === 2) this.#pairs.set(opened[0]!.branch, [opened[0]!, opened[1]!]);
    assertEquals(there.snapshots, here.snapshots, "the snapshots");
    assertEquals(there.branches, here.branches, "the branches");
  }
}

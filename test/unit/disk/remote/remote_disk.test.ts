import { readFileSync } from "node:fs";
import process from "node:process";
import { describe, expect, test } from "vitest";
import type { AsyncDisk } from "../../../../src/disk/async_disk.ts";
import { Disk } from "../../../../src/disk/disk.ts";
import type { DiskEvent } from "../../../../src/disk/disk_options.ts";
import { patternOf, verifySectors } from "../../../../src/testing/mod.ts";
import { SECTOR_COUNT } from "../disk_model.ts";
import { memoryOrigin, ORIGIN, withWrite } from "../patterned_disk.ts";
import { openRemote } from "./home.ts";
import { TwinDisks } from "./twin_disks.ts";

const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });

async function contentOf(disk: AsyncDisk): Promise<Uint8Array> {
  const bytes = new Uint8Array(disk.device.sectorCount * 512);
  await disk.device.read(bytes, 0);
  return bytes;
}

async function tryTwins(seed: string): Promise<void> {
  const twins = new TwinDisks(seed);
  try {
    await twins.live(40);
  } catch (cause) {
    throw new Error(
      `seed "${seed}": ${(cause as Error).message}\n` +
        `replay: SEED="${seed}" deno task test:unit test/unit/disk/remote/remote_disk.test.ts\n` +
        twins.log.join("\n"),
      { cause },
    );
  }
}

const chosen = process.env.SEED;
if (chosen !== undefined) test(`the seed ${chosen}`, () => tryTwins(chosen));

test("whatever is done to it, a disk in another home answers as one of this thread", async () => {
  for (let seed = 0; seed < 150; seed++) await tryTwins(`twins/${seed}`);
});

describe("order", () => {
  test("a write that was begun before a snapshot is in it, one that is begun after is not", async () => {
    await using disk = await openRemote();
    const first = disk.device.write(patternOf(2, 3, 2), 3);
    const snapshot = disk.snapshot("a");
    const second = disk.device.write(patternOf(3, 3, 2), 3);
    await Promise.all([first, snapshot, second]);
    verifySectors(await contentOf(disk), withWrite(ORIGIN, 3, 3, 2), 0, "now");
    await disk.rollback("a");
    verifySectors(await contentOf(disk), withWrite(ORIGIN, 2, 3, 2), 0, "the snapshot");
  });

  test("an export begins with what was there when it was asked for", async () => {
    await using disk = await openRemote({ origin: SECTOR_COUNT });
    await disk.device.write(patternOf(2, 0, 1), 0);
    const pieces = disk.pieces();
    await disk.device.write(patternOf(2, 80, 1), 80);
    const sectors = (await Array.fromAsync(pieces)).map(({ sector }) => sector);
    expect(sectors).toEqual([0]);
  });
});

describe("lists", () => {
  test("show a change as soon as it has ended, in all branches", async () => {
    await using disk = await openRemote();
    await disk.snapshot("a");
    await using fork = await disk.fork("a", "other");
    await fork.snapshot("b");
    for (const each of [disk, fork]) {
      expect(each.snapshots).toEqual([{ name: "a", parent: null }, { name: "b", parent: "a" }]);
      expect(each.branches).toEqual(["main", "other"]);
    }
    await disk.delete("a");
    expect(fork.snapshots).toEqual([{ name: "b", parent: null }]);
  });

  test("are copies: nobody changes what another sees", async () => {
    await using disk = await openRemote();
    await disk.snapshot("a");
    disk.snapshots.pop();
    disk.branches.pop();
    expect(disk.snapshots.length).toBe(1);
    expect(disk.branches).toEqual(["main"]);
  });
});

describe("a deletion", () => {
  /** A disk of which much has to be moved when `a` is deleted. */
  async function openMuch(): Promise<AsyncDisk> {
    const disk = await openRemote({ origin: 64 * 2048 });
    for (let sector = 0; sector < 64 * 2048; sector += 2048) {
      await disk.device.write(patternOf(1, sector, 2048), sector);
    }
    await disk.snapshot("a");
    return disk;
  }

  test("tells how far it has come, and the tree as it is then", async () => {
    await using disk = await openMuch();
    const steps: number[] = [];
    let names: string[] | null = null;
    await disk.delete("a", {
      onProgress: ({ doneCount, totalCount }) => {
        steps.push(doneCount / totalCount);
        names ??= disk.snapshots.map(({ name }) => name);
      },
    });
    expect(steps.length).toBeGreaterThan(2);
    expect(steps).toEqual([...steps].sort((one, other) => one - other));
    expect(steps.at(-1)).toBe(1);
    expect(names).toEqual([]);
  });

  test("is stopped by its signal, with its reason, and goes on when it is asked to", async () => {
    await using disk = await openMuch();
    const stopping = new AbortController();
    const reason = new TypeError("enough");
    const deletion = disk.delete("a", {
      signal: stopping.signal,
      onProgress: () => stopping.abort(reason),
    });
    await expect(deletion).rejects.toBe(reason);
    expect(disk.snapshots).toEqual([]);
    let stepCount = 0;
    await disk.settleDeletions({ onProgress: () => void stepCount++ });
    expect(stepCount).toBeGreaterThan(0);
    const found = new Uint8Array(2048 * 512);
    await disk.device.read(found, 2048);
    verifySectors(found, patternOf(1, 2048, 2048), 2048, "moved");
  });

  test("is told when the disk is closed before it is done", async () => {
    const disk = await openMuch();
    const deletion = expect(disk.delete("a")).rejects.toThrow(refusal("ESHUTDOWN"));
    await disk.close();
    await deletion;
  });
});

describe("images", () => {
  test("are read when they are asked for, and not after they were cancelled", async () => {
    const counted = memoryOrigin(new Uint8Array(8 * 2048 * 512).fill(1));
    let readSectors = 0;
    const { readSync } = counted;
    counted.readSync = function (target, sector) {
      readSectors += target.length / 512;
      readSync.call(this, target, sector);
    };
    await using disk = await openRemote({ origin: counted });
    const stream = disk.export();
    await disk.usage();
    const before = readSectors;
    const reader = stream.getReader();
    const { value } = await reader.read();
    expect(value!.length).toBe(2048 * 512);
    await disk.usage();
    expect(readSectors - before).toBe(2048);
    await reader.cancel();
    await disk.usage();
    expect(readSectors - before).toBe(2048);
  });

  test("are as large as the disk, and their transfers tell how far they have come", async () => {
    await using disk = await openRemote();
    await using copy = await openRemote({ origin: SECTOR_COUNT });
    const told: number[] = [];
    const onProgress = ({ doneSectors }: { doneSectors: number }) => void told.push(doneSectors);
    await copy.import(disk.export({ onProgress }), { onProgress });
    verifySectors(await contentOf(copy), ORIGIN, 0, "the copy");
    expect(told.filter((sectors) => sectors === SECTOR_COUNT).length).toBeGreaterThanOrEqual(2);
  });

  test("are not finished when their signal is raised", async () => {
    await using disk = await openRemote();
    const reason = new RangeError("enough");
    const signal = AbortSignal.abort(reason);
    await expect(new Response(disk.export({ signal })).bytes()).rejects.toThrow();
    await expect(Array.fromAsync(disk.pieces({ signal }))).rejects.toBe(reason);
    const image = new Blob([ORIGIN]).stream();
    await expect(disk.import(image, { signal })).rejects.toBe(reason);
  });
});

describe("another origin", () => {
  test("is lent, as the first was, and is not closed", async () => {
    const first = memoryOrigin();
    const disk = await openRemote({ origin: first });
    await disk.device.write(patternOf(2, 0, 1), 0);
    const next = memoryOrigin(withWrite(withWrite(ORIGIN, 9, 1, 1), 9, 50, 1));
    expect(await disk.rebase(next)).toEqual([{ sector: 0, sectorCount: 8 }]);
    const want = withWrite(withWrite(ORIGIN, 9, 50, 1), 2, 0, 1);
    verifySectors(await contentOf(disk), want, 0, "on the new version");
    await expect(disk.rebase(memoryOrigin(new Uint8Array(512)))).rejects.toThrow(refusal("EINVAL"));
    verifySectors(await contentOf(disk), want, 0, "after a refusal");
    await disk.close();
    await first.read(new Uint8Array(512), 0);
    await next.read(new Uint8Array(512), 0);
  });
});

test("what happens to the disk is told here, with its errors", async () => {
  const events: DiskEvent[] = [];
  await using disk = await openRemote({
    origin: SECTOR_COUNT,
    onEvent: (event) => void events.push(event),
  });
  for (let sector = 0; sector < SECTOR_COUNT; sector++) {
    await disk.device.write(patternOf(2, sector, 1), sector);
  }
  const local: DiskEvent[] = [];
  await using here = await Disk.open("test", {
    origin: SECTOR_COUNT,
    storage: "memory",
    onEvent: (event) => void local.push(event),
  });
  for (let sector = 0; sector < SECTOR_COUNT; sector++) {
    await here.device.write(patternOf(2, sector, 1), sector);
  }
  expect(local.length).toBeGreaterThan(0);
  expect(events).toEqual(local);
});

test("the page's half brings along neither the kernel nor what stands on it", () => {
  const root = new URL("../../../../src/", import.meta.url);
  const reached = new Set<string>();
  const waiting = [new URL("disk/remote/remote_disk.ts", root).href];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (reached.has(at)) continue;
    reached.add(at);
    const source = readFileSync(new URL(at), "utf8");
    // What is imported for its types alone, or when it is wanted, is not in the bundle.
    for (const [, path] of source.matchAll(/^(?:import|export) (?!type\b)[^;]*?"(\.[^"]+)"/gm)) {
      waiting.push(new URL(path!, at).href);
    }
  }
  const paths = [...reached].map((each) => each.slice(root.href.length)).sort();
  expect(paths).toContain("devices/port_device.ts");
  expect(paths.filter((path) => !/^(block|devices|disk)\//.test(path))).toEqual([]);
  expect(paths).not.toContain("disk/disk.ts");
  expect(paths.length).toBeLessThan(25);
});

/**
 * What kernels once got wrong when a COW device was opened again, or should never have been opened.
 */
import { describe, expect, test } from "vitest";
import { createMemoryDevice, type MemoryDevice } from "../../src/devices/memory.ts";
import { openOrigin, openSnapshotSync } from "../../src/mapper/stack.ts";
import { patternOf } from "../../src/testing/pattern.ts";
import { verifySectors } from "../../src/testing/verify.ts";
import { imagesIn, listVectors, readVector, VECTOR_FOLDER } from "../golden/vector_folder.ts";
import { readCowImage } from "../model/cow_image.ts";
import { Stomper } from "../model/stomper.ts";
import { chunkAt, cowImage, range } from "../unit/exception/images.ts";
import { Bench } from "../unit/exception/rig.ts";
import { createRig } from "../unit/mapper/rig.ts";

/** An origin, a COW device full of rubbish behind its first sector, and the model of the snapshot. */
class Life {
  readonly chunkSectors: number;
  readonly disk: MemoryDevice;
  readonly cow: MemoryDevice;
  readonly model: Stomper;
  readonly #origin: Stomper;
  #write = 1;
  #exceptionCount = 0;

  constructor(chunkSectors: number, chunkCount: number) {
    this.chunkSectors = chunkSectors;
    const sectorCount = chunkCount * chunkSectors;
    this.disk = createMemoryDevice({ sectorCount, content: patternOf(1, 0, sectorCount) });
    const cowSectors = (chunkAt(chunkCount, chunkSectors) + 2) * chunkSectors;
    const content = new Uint8Array(cowSectors * 512).fill(0xa5).fill(0, 0, 512);
    this.cow = createMemoryDevice({ sectorCount: cowSectors, content });
    this.#origin = new Stomper(sectorCount);
    this.#origin.stomp(1, 0, sectorCount);
    this.model = this.#origin.fork();
  }

  /** Opens the snapshot, makes exceptions in turn by the snapshot and by the origin, and closes it. */
  except(count: number): void {
    const { disk, cow, chunkSectors } = this;
    const snapshot = openSnapshotSync({ origin: disk, cow, chunkSectors });
    const origin = openOrigin(disk);
    for (let index = 0; index < count; index++) {
      const sector = this.#exceptionCount * chunkSectors;
      const isOwn = this.#exceptionCount % 2 === 0;
      const write = ++this.#write;
      (isOwn ? snapshot : origin).writeSync(patternOf(write, sector, 1), sector);
      (isOwn ? this.model : this.#origin).stomp(write, sector, 1);
      this.#exceptionCount++;
    }
    this.#verify(snapshot);
    origin.closeSync();
    snapshot.closeSync();
    this.check();
  }

  /** The COW device, by a second reader: every exception, in order, and where it belongs. */
  check(): void {
    const bytes = new Uint8Array(this.cow.sectorCount * 512);
    this.cow.readSync(bytes, 0);
    const { entries, chunkSectors } = readCowImage(bytes);
    expect(chunkSectors).toBe(this.chunkSectors);
    expect(entries).toEqual(
      range(0, this.#exceptionCount).map((place) => [place, chunkAt(place, chunkSectors)]),
    );
  }

  #verify(snapshot: { readSync(target: Uint8Array, sector: number): void }): void {
    const bytes = new Uint8Array(this.disk.sectorCount * 512);
    snapshot.readSync(bytes, 0);
    expect(this.model.compare(bytes, 0)).toBe(null);
  }
}

describe("an allocation after a reload does not land on a metadata area (CVE-2013-4299)", () => {
  test.each([
    ...[31, 32, 33, 63, 64, 65].map((count) => [count, 1]),
    ...[63, 64, 65].map((count) => [count, 2]),
    ...[255, 256, 257].map((count) => [count, 8]),
  ])("after %i exceptions in chunks of %i", (count = 0, chunkSectors = 0) => {
    const life = new Life(chunkSectors, count + 40);
    life.except(count);
    life.except(1);
    life.except(36);
    life.except(0);
  });
});

test("exceptions that are added one by one, each after a reload, lose none before them (3.14-rc)", () => {
  const chunkCount = 100; // Areas of 32: the fourth one is begun.
  const life = new Life(1, chunkCount);
  for (let count = 0; count < chunkCount; count++) life.except(1);
});

describe("chunks smaller than a logical block of either device are refused (2010)", () => {
  const sectorCount = 800;
  const rows: [what: string, originBlock: number, cowBlock: number][] = [
    ["origin", 8, 1],
    ["COW device", 1, 8],
  ];

  test.each(rows)("in the table: the %s's", (_, originBlock, cowBlock) => {
    const bench = new Bench();
    const origin = bench.disk("disk", sectorCount, { logicalSectors: originBlock }).device;
    const cow = bench.disk("cow", sectorCount, { logicalSectors: cowBlock });
    for (const chunkSectors of [1, 4]) {
      expect(() => openSnapshotSync({ origin, cow: cow.device, chunkSectors })).toThrow(
        expect.objectContaining({ reason: "Chunk size is not a multiple of device blocksize" }),
      );
    }
    verifySectors(cow.bytes, new Uint8Array(sectorCount * 512), 0, "the COW device");
    openSnapshotSync({ origin, cow: cow.device, chunkSectors: 8 }).closeSync();
  });

  test.each(rows)("in a header: the %s's", (_, originBlock, cowBlock) => {
    const bench = new Bench();
    const origin = bench.disk("disk", sectorCount, { logicalSectors: originBlock }).device;
    const content = cowImage({ sectorCount, chunkSectors: 4, entries: [[3, 2]] });
    const cow = bench.disk("cow", sectorCount, { logicalSectors: cowBlock, content });
    expect(() => openSnapshotSync({ origin, cow: cow.device })).toThrow(
      expect.objectContaining({ reason: "Failed to read snapshot metadata" }),
    );
    verifySectors(cow.bytes, content, 0, "the COW device");
  });
});

test("a transient store without a chunk size is a refusal in dm's words and leaves nothing (2021)", () => {
  const { mapper, log, vdb } = createRig();
  expect(() => mapper.createSync("snap", "0 4096 snapshot 254:0 254:16 N 0")).toThrow(
    "want a power of two",
  );
  expect(log.join("\n")).toContain("snapshot: Chunk size not set (-EINVAL)");
  expect(mapper.names).toEqual([]);
  const bytes = new Uint8Array(vdb.sectorCount * 512);
  vdb.readSync(bytes, 0);
  expect(bytes.every((byte) => byte === 0)).toBe(true);
  mapper.createSync("snap", "0 4096 snapshot 254:0 254:16 N 8");
  expect(mapper.status("snap")).toEqual(["0 4096 snapshot 0/4096 0"]);
});

/** COW images that Linux left behind: an image of a disk on which a snapshot was made. */
const KERNEL_IMAGES = listVectors(VECTOR_FOLDER).flatMap((path) => {
  const { name, boots, disks } = readVector(path);
  const last = boots.at(-1)?.after ?? {};
  return Object.entries(last).flatMap(([disk, { file }]) =>
    file === undefined || disks[disk] === undefined ? [] : [{ name, disk, file }]
  );
});

describe("an image that Linux made is opened, and every chunk reads as Linux left it", () => {
  const read = KERNEL_IMAGES.map((image) => ({
    ...image,
    bytes: imagesIn(VECTOR_FOLDER)(image.file),
  })).filter(({ bytes }) => new DataView(bytes.buffer).getUint32(0, true) === 0x70416e53);

  test("there are many", () => expect(read.length).toBeGreaterThan(20));

  test.each(read)("$name, $disk", ({ bytes }) => {
    const header = new DataView(bytes.buffer);
    const [isValid, chunkSectors] = [header.getUint32(4, true) !== 0, header.getUint32(12, true)];
    const cow = createMemoryDevice({ sectorCount: bytes.length / 512, content: bytes });
    const { entries } = isValid ? readCowImage(bytes) : { entries: [] };
    const chunkCount = Math.max(4, ...entries.map(([oldChunk]) => oldChunk + 1));
    const sectorCount = chunkCount * chunkSectors;
    const origin = createMemoryDevice({ sectorCount, content: patternOf(1, 0, sectorCount) });
    const snapshot = openSnapshotSync({ origin, cow });
    if (!isValid) {
      expect(snapshot.activeTargets?.[0]?.status()).toBe("Invalid");
      return;
    }
    const expected = patternOf(1, 0, sectorCount);
    const chunkBytes = chunkSectors * 512;
    for (const [oldChunk, newChunk] of entries) {
      const from = newChunk * chunkBytes;
      expected.set(bytes.subarray(from, from + chunkBytes), oldChunk * chunkBytes);
    }
    const found = new Uint8Array(sectorCount * 512);
    snapshot.readSync(found, 0);
    verifySectors(found, expected, 0, "the snapshot");
    snapshot.closeSync();
    const after = new Uint8Array(bytes.length);
    cow.readSync(after, 0);
    verifySectors(after, bytes, 0, "the COW device");
  });
});

test("a COW device that was cut off is refused and left alone", () => {
  const chunkSectors = 2;
  const count = 70; // Areas of 64: the second one is begun.
  const entries = range(0, count).map((place) => [place, chunkAt(place, chunkSectors)] as const);
  const sectorCount = (chunkAt(count, chunkSectors) + 1) * chunkSectors;
  const whole = cowImage({ sectorCount, chunkSectors, entries });
  const needed = (chunkAt(count - 1, chunkSectors) + 1) * chunkSectors;
  const origin = createMemoryDevice({ sectorCount: 100 * chunkSectors });
  for (let length = 1; length <= sectorCount; length++) {
    const content = whole.slice(0, length * 512);
    const cow = createMemoryDevice({ sectorCount: length, content });
    const open = () => openSnapshotSync({ origin, cow });
    if (length < needed) expect(open, `${length} sectors`).toThrow(/Cannot/);
    else {
      const snapshot = open();
      expect(snapshot.activeTargets?.[0]?.status()).toBe(`${needed}/${length} 6`);
      snapshot.closeSync();
    }
    const after = new Uint8Array(content.length);
    cow.readSync(after, 0);
    verifySectors(after, content, 0, `the COW device of ${length} sectors`);
  }
});

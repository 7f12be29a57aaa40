/**
 * A workbench: a base, the disk that becomes its mutants, the origin below them, and what all laws
 * need to look at an image.
 */
import { Buffer } from "node:buffer";
import { checked } from "../../src/block/checked.ts";
import type { SyncBlockDevice } from "../../src/block/device.ts";
import { BlockDeviceError, codeOf } from "../../src/block/errors.ts";
import type { CowFinding } from "../../src/exception/mod.ts";
import { patternOf } from "../../src/testing/pattern.ts";
import { type BaseImage, ORIGIN_SEED } from "./bases.ts";
import { FuzzedDisk } from "./fuzzed_disk.ts";
import { readNaively, type UsableImage } from "./naive_reader.ts";
import type { OpenSnapshot, Subject } from "./subject.ts";

const CODES = new Set(["EIO", "ENXIO", "EINVAL"]);

/** What is written to whole views. */
const WRITE_SEED = 7777;

/** A base, the disk that becomes its mutants, and buffers for its views. */
export class Workbench {
  readonly disk: FuzzedDisk;
  readonly origin: SyncBlockDevice;
  readonly originBytes: Uint8Array;
  readonly view: Uint8Array;
  /** What is written to the whole view. */
  readonly content: Uint8Array;
  readonly expected: Uint8Array;
  /** What the table says of the chunk size: 0 for nothing. */
  tableChunkSectors = 0;

  constructor(readonly base: BaseImage) {
    this.disk = new FuzzedDisk(base.bytes, base.blockSectors);
    const bytes = patternOf(ORIGIN_SEED, 0, base.originSectors);
    this.originBytes = bytes;
    this.view = new Uint8Array(bytes.length);
    this.content = patternOf(WRITE_SEED, 0, base.originSectors);
    this.expected = new Uint8Array(bytes.length);
    this.origin = originOf(bytes, false);
  }
}

/** A device of an origin's bytes. */
export function originOf(bytes: Uint8Array, isWritable: boolean): SyncBlockDevice {
  return checked({
    name: "fuzzed.img",
    sectorCount: bytes.length / 512,
    supports: { write: isWritable, discard: false, discardZeroes: false, permanence: true },
    readSync: (target, sector) =>
      target.set(bytes.subarray(sector * 512, sector * 512 + target.length)),
    writeSync: (source, sector) => bytes.set(source, sector * 512),
    flushSync() {},
    closeSync() {},
  });
}

/** Stops the trial unless something holds. */
export function law(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/** Whether two buffers hold the same. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** What the naive reader says of the image as it is now. */
export function read({ base, disk }: Workbench, badSectors: ReadonlySet<number> = disk.badSectors) {
  const { originSectors, blockSectors } = base;
  return readNaively(disk.bytes, { originSectors, blockSectors, badSectors });
}

/** What the checker says of it; it has written nothing. */
export function examine({ disk, origin }: Workbench, subject: Subject) {
  const findings: CowFinding[] = [];
  disk.begin(3);
  const report = subject.check({
    cow: disk.device,
    origin,
    onFinding: (finding) => findings.push(finding),
  });
  disk.endCounting();
  law(disk.writes.length === 0, "the checker has written to the image");
  return { report, findings };
}

/** Opens the image; a refusal must be clear, and have changed nothing. */
export function open(bench: Workbench, subject: Subject): OpenSnapshot | Error {
  const { base, disk, origin, tableChunkSectors } = bench;
  disk.begin(2);
  try {
    const { store } = base;
    const chunkSectors = tableChunkSectors > disk.sectorCount ? 0 : tableChunkSectors;
    return subject.open({ origin, cow: disk.device, store, chunkSectors });
  } catch (error) {
    law(error instanceof Error, `the loader throws ${error}`);
    for (let cause: unknown = error; cause !== undefined; cause = (cause as Error).cause) {
      if (cause instanceof BlockDeviceError) continue;
      throw new Error(`the loader fails instead of refusing: ${cause}`, { cause });
    }
    law(CODES.has(codeOf(error)), `the loader refuses with ${codeOf(error)}`);
    // It names the device, and the number it found.
    law(/^(?=.*"fuzzed\.cow").*\d/.test(error.message), `"${error.message}" is not clear`);
    law(disk.writes.length === 0, "a refused image was written to");
    return error;
  } finally {
    disk.endCounting();
  }
}

/** What the image must show, in `bench.expected`. */
export function shownBy(
  bench: Workbench,
  { chunks, chunkSectors }: UsableImage,
  bytes: Uint8Array,
) {
  const { expected, originBytes } = bench;
  expected.set(originBytes);
  const chunkBytes = chunkSectors * 512;
  for (const [oldChunk, newChunk] of chunks) {
    const start = oldChunk * chunkBytes;
    const count = Math.min(chunkBytes, expected.length - start);
    expected.set(bytes.subarray(newChunk * chunkBytes, newChunk * chunkBytes + count), start);
  }
  return expected;
}

/** Whether some chunk in use cannot be read. */
export function hasBadChunk({ disk }: Workbench, { chunks, chunkSectors }: UsableImage): boolean {
  if (disk.badSectors.size === 0) return false;
  const bad = new Set([...disk.badSectors].map((sector) => Math.floor(sector / chunkSectors)));
  return [...chunks.values()].some((chunk) => bad.has(chunk));
}

/**
 * A bench for exceptions: disks in memory that keep a trace, fail on order, and remember what would
 * be left of them if the power went.
 *
 * All disks of a bench share one trace, so that the order of requests to different disks can be told.
 * A disk has two images: what it answers with, and what is durable. A write reaches the second with a
 * flush, or at once with FUA; so `powerCut` is the harshest one, in which nothing unflushed survives.
 */
import { checked } from "../../../src/block/checked.ts";
import type { BlockDevice, SyncBlockDevice } from "../../../src/block/device.ts";
import { BlockDeviceError } from "../../../src/block/errors.ts";

/** A request that reached a disk. */
export interface Request {
  readonly disk: string;
  readonly kind: "read" | "write" | "zero" | "discard" | "flush";
  readonly sector: number;
  readonly sectorCount: number;
  readonly fua: boolean;
}

/** How a disk is. */
export interface DiskOptions {
  readonly content?: Uint8Array;
  readonly logicalSectors?: number;
  readonly discard?: boolean;
  readonly readOnly?: boolean;
}

/** A disk of the bench. */
export interface Disk {
  readonly device: SyncBlockDevice;
  /** The same disk, with only the asynchronous face; its requests end when they are let go. */
  readonly slow: BlockDevice;
  /** What it answers with. */
  bytes: Uint8Array;
  /** What is durable. */
  durable: Uint8Array;
  /** Makes it larger, with zeroes, or smaller. */
  resize(sectorCount: number): void;
}

/** A request to a slow disk, waiting to be let go. */
interface Held {
  readonly request: Request;
  readonly release: () => void;
}

/** Short words for a request, for whole traces to be compared: `cow write 8+8 fua`. */
export function wordsOf({ disk, kind, sector, sectorCount, fua }: Request): string {
  if (kind === "flush") return `${disk} flush`;
  return `${disk} ${kind} ${sector}+${sectorCount}${fua ? " fua" : ""}`;
}

/** No chain of promises of ours has this many links. */
const LINKS_MAX = 200;

/** Lets all promises go on as far as they can without us. */
export async function quiet(): Promise<void> {
  for (let link = 0; link < LINKS_MAX; link++) await null;
}

/** Disks, and power over them. */
export class Bench {
  /** Every request, in the order in which they were performed. */
  trace: Request[] = [];
  /** Whether a request fails, with `EIO`, without having done anything. */
  fault: (request: Request, index: number) => boolean = () => false;
  /** How many requests there were, over all disks. */
  requestCount = 0;
  /** The requests to slow disks that wait, in the order in which they came. */
  readonly held: Held[] = [];
  readonly #disks: Disk[] = [];

  /** Makes a disk. */
  disk(name: string, sectorCount: number, options: DiskOptions = {}): Disk {
    const content = options.content ?? new Uint8Array(0);
    const bytes = new Uint8Array(sectorCount * 512);
    bytes.set(content);
    const disk: Disk = {
      bytes,
      durable: bytes.slice(),
      resize: (count) => {
        disk.bytes = resized(disk.bytes, count);
        disk.durable = resized(disk.durable, count);
      },
      device: this.#device(name, () => disk, options),
      slow: this.#slow(name, () => disk, options),
    };
    this.#disks.push(disk);
    return disk;
  }

  /** Takes the trace so far, in words, and begins another. */
  takeTrace(): string[] {
    const words = this.trace.map(wordsOf);
    this.trace = [];
    return words;
  }

  /** Cuts the power: what is not durable is lost. */
  powerCut(): void {
    for (const disk of this.#disks) disk.bytes = disk.durable.slice();
  }

  /** Lets a request that waits go on: the oldest, or the oldest that is as described. */
  async release(words?: RegExp): Promise<void> {
    const index = this.held.findIndex(({ request }) => words?.test(wordsOf(request)) ?? true);
    if (index < 0) throw new Error(`No request ${words ?? ""} waits: ${this.heldWords()}`);
    const [held] = this.held.splice(index, 1);
    held?.release();
    await quiet();
  }

  /** What waits, in words. */
  heldWords(): string[] {
    return this.held.map(({ request }) => wordsOf(request));
  }

  /** Lets everything go on until some work has ended. */
  async settle<Result>(work: Promise<Result>): Promise<Result> {
    let isOver = false;
    const over = () => void (isOver = true);
    work.then(over, over);
    for (;;) {
      for (let link = 0; link < LINKS_MAX && !isOver; link++) await null;
      if (isOver) return await work;
      if (this.held.length === 0) throw new Error("The work stands still: no request is under way");
      this.held.shift()?.release();
    }
  }

  #perform(request: Request, act: () => void): void {
    const index = ++this.requestCount;
    this.trace.push(request);
    if (this.fault(request, index)) {
      throw new BlockDeviceError("EIO", `The medium is worn: ${wordsOf(request)}`, {
        device: request.disk,
      });
    }
    act();
  }

  #device(name: string, disk: () => Disk, options: DiskOptions): SyncBlockDevice {
    return checked({
      ...factsOf(name, options),
      get sectorCount() {
        return disk().bytes.length / 512;
      },
      readSync: (target, sector) => {
        const request = requestOf(name, "read", sector, target.length / 512);
        this.#perform(request, () => target.set(rangeOf(disk().bytes, request)));
      },
      writeSync: (source, sector, fua) => {
        const request = requestOf(name, "write", sector, source.length / 512, fua);
        this.#perform(request, () => store(disk(), request, source));
      },
      writeZeroesSync: (sector, sectorCount, fua) => {
        const request = requestOf(name, "zero", sector, sectorCount, fua);
        this.#perform(request, () => store(disk(), request, null));
      },
      discardSync: (sector, sectorCount) => {
        const request = requestOf(name, "discard", sector, sectorCount);
        this.#perform(request, () => store(disk(), request, null));
      },
      flushSync: () =>
        this.#perform(
          requestOf(name, "flush", 0, 0),
          () => void (disk().durable = disk().bytes.slice()),
        ),
      closeSync: () => {},
    });
  }

  #slow(name: string, disk: () => Disk, options: DiskOptions): BlockDevice {
    const held = (request: Request, act: () => void) =>
      new Promise<void>((resolve, reject) => {
        const release = () => {
          try {
            resolve(this.#perform(request, act));
          } catch (error) {
            reject(error);
          }
        };
        this.held.push({ request, release });
      });
    return checked({
      ...factsOf(name, options),
      get sectorCount() {
        return disk().bytes.length / 512;
      },
      read: (target: Uint8Array, sector: number) => {
        const request = requestOf(name, "read", sector, target.length / 512);
        return held(request, () => target.set(rangeOf(disk().bytes, request)));
      },
      write: (source: Uint8Array, sector: number, fua: boolean) => {
        const request = requestOf(name, "write", sector, source.length / 512, fua);
        const taken = source.slice();
        return held(request, () => store(disk(), request, taken));
      },
      writeZeroes: (sector: number, sectorCount: number, fua: boolean) => {
        const request = requestOf(name, "zero", sector, sectorCount, fua);
        return held(request, () => store(disk(), request, null));
      },
      discard: (sector: number, sectorCount: number) => {
        const request = requestOf(name, "discard", sector, sectorCount);
        return held(request, () => store(disk(), request, null));
      },
      flush: () =>
        held(requestOf(name, "flush", 0, 0), () => void (disk().durable = disk().bytes.slice())),
      close: () => Promise.resolve(),
    });
  }
}

function resized(bytes: Uint8Array, sectorCount: number): Uint8Array {
  const other = new Uint8Array(sectorCount * 512);
  other.set(bytes.subarray(0, other.length));
  return other;
}

function factsOf(name: string, options: DiskOptions) {
  const { discard = true, readOnly = false, logicalSectors = 1 } = options;
  const supports = {
    write: !readOnly,
    discard: discard && !readOnly,
    discardZeroes: discard,
    permanence: true,
  };
  return { name, limits: { logicalSectors }, supports };
}

function requestOf(
  disk: string,
  kind: Request["kind"],
  sector: number,
  sectorCount: number,
  fua = false,
): Request {
  return { disk, kind, sector, sectorCount, fua };
}

function rangeOf(bytes: Uint8Array, { sector, sectorCount }: Request): Uint8Array {
  return bytes.subarray(sector * 512, (sector + sectorCount) * 512);
}

function store(disk: Disk, request: Request, source: Uint8Array | null): void {
  for (const image of request.fua ? [disk.bytes, disk.durable] : [disk.bytes]) {
    const range = rangeOf(image, request);
    if (source === null) range.fill(0);
    else range.set(source);
  }
}

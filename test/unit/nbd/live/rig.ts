/** A live stack over memory, its images, and what it has said. */
import type { BlockDevice } from "../../../../src/block/device.ts";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { runSync } from "../../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";
import { planCowCheck } from "../../../../src/exception/mod.ts";
import type {
  ImageShelf,
  UnnamedImage,
  WantedImage,
} from "../../../../src/nbd/live/image_shelf.ts";
import { LiveStack } from "../../../../src/nbd/live/live_stack.ts";

/** The disk's path. */
const DISK = "disk.img";

/** Sectors of the disk. */
export const DISK_SECTORS = 512;

type Memory = ReturnType<typeof createMemoryDevice>;

/** Images in memory, by path. Closing one leaves it on the shelf. */
export class MemoryShelf implements ImageShelf {
  readonly images = new Map<string, Memory>();
  /** What `appear` fails with, if it is to. */
  failure: Error | null = null;
  /** The image that cannot be written, if there is one. */
  brokenPath: string | null = null;

  /** @param wrap What is done to an image before it is used. */
  constructor(readonly wrap: (device: BlockDevice) => BlockDevice = (device) => device) {}

  #open(memory: Memory): BlockDevice {
    return this.wrap(new Kept(memory, this));
  }

  make({ path, sectorCount, force }: WantedImage): UnnamedImage {
    if (this.images.has(path) && !force) {
      throw new BlockDeviceError("EEXIST", `Cannot make "${path}": it is there already`);
    }
    const memory = createMemoryDevice({ name: path, sectorCount });
    return {
      device: this.#open(memory),
      appear: async () => {
        await Promise.resolve();
        if (this.failure !== null) throw this.failure;
        this.images.set(path, memory);
      },
      discard: () => void (this.images.get(path) === memory && this.images.delete(path)),
    };
  }

  open(path: string): BlockDevice {
    const memory = this.images.get(path);
    if (memory === undefined) throw new BlockDeviceError("ENOENT", `Cannot open "${path}"`);
    return this.#open(memory);
  }

  remove(path: string): void {
    this.images.delete(path);
  }

  /** Whether every image on the shelf is a snapshot that can be used. */
  check(): void {
    for (const [path, cow] of this.images) {
      if (path === DISK) continue;
      const { state } = runSync(planCowCheck({ cow }));
      if (state !== "usable") throw new Error(`${path} is ${state}`);
    }
  }
}

/** A device that outlives those who use it. */
class Kept implements BlockDevice {
  readonly name: string;
  readonly sectorCount: number;
  readonly limits;
  readonly supports;

  constructor(readonly below: Memory, readonly shelf: MemoryShelf) {
    this.name = below.name;
    this.sectorCount = below.sectorCount;
    this.limits = below.limits;
    this.supports = below.supports;
  }

  readSync = (target: Uint8Array, sector: number) => this.below.readSync(target, sector);
  writeSync = (source: Uint8Array, sector: number) => {
    if (this.shelf.brokenPath === this.name) throw new BlockDeviceError("EIO", "It is broken");
    this.below.writeSync(source, sector);
  };
  writeZeroesSync = (sector: number, count: number) => this.below.writeZeroesSync(sector, count);
  discardSync = (sector: number, count: number) => this.below.discardSync(sector, count);
  flushSync = () => this.below.flushSync();
  closeSync = () => {};
  read = (target: Uint8Array, sector: number) => this.below.read(target, sector);
  write = async (source: Uint8Array, sector: number) => {
    await Promise.resolve();
    this.writeSync(source, sector);
  };
  writeZeroes = (sector: number, count: number) => this.below.writeZeroes(sector, count);
  discard = (sector: number, count: number) => this.below.discard(sector, count);
  flush = () => this.below.flush();
  close = () => Promise.resolve();
  [Symbol.asyncDispose] = () => Promise.resolve();
}

/** A stack with an origin of 256 KiB. */
export async function liveRig(options: { isReadOnly?: boolean } = {}) {
  const notices: string[] = [];
  const log: string[] = [];
  const shelf = new MemoryShelf();
  const stack = new LiveStack({
    shelf,
    ...options,
    log: (line) => log.push(line),
    onNotice: (sentence) => notices.push(sentence),
  });
  const disk = createMemoryDevice({ name: DISK, sectorCount: DISK_SECTORS });
  shelf.images.set(DISK, disk);
  await stack.openOrigin(shelf.open(DISK), DISK);
  return { stack, shelf, disk, notices, log };
}

/** Lets everything that is on its way arrive. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** An export's device. */
export function deviceOf(stack: LiveStack, name: string) {
  const found = stack.exports.find((each) => each.name === name);
  if (found === undefined) throw new Error(`There is no export "${name}"`);
  return found.device;
}

/** The first byte of sectors. */
export async function bytesAt(stack: LiveStack, name: string, ...sectors: number[]) {
  const found: number[] = [];
  for (const sector of sectors) {
    const bytes = new Uint8Array(512);
    await deviceOf(stack, name).read(bytes, sector);
    found.push(bytes[0]!);
  }
  return found;
}

/** Sectors of one byte. */
export const filled = (sectorCount: number, byte: number) =>
  new Uint8Array(sectorCount * 512).fill(byte);

/** The names of the exports. */
export const namesOf = (stack: LiveStack) => stack.exports.map(({ name }) => name);

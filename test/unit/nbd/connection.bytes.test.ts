/**
 * Connections that read and write anywhere at once, on one device, by seed. Every byte is a register of its
 * own: what is read, and what is there in the end, is what some write has written that was not over before
 * another one began.
 */
import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { checked } from "../../../src/block/checked.ts";
import type { SyncBlockDevice, WriteOptions } from "../../../src/block/device.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { partFenceOf } from "../../../src/nbd/transmission/part_fence.ts";
import { Prng } from "../../../src/testing/prng.ts";
import { type Ask, ask, CMD, Dialogue } from "./dialogue.ts";
import { SlowDevice } from "./slow_device.ts";

const SECTOR_COUNT = 32;
const DISK_BYTES = SECTOR_COUNT * 512;
const DONT_FRAGMENT = 4;

function memoryOf(logicalSectors: number): SyncBlockDevice {
  const memory = createMemoryDevice({ sectorCount: SECTOR_COUNT });
  return checked({
    ...{ name: "memory", sectorCount: SECTOR_COUNT, supports: memory.supports },
    limits: { logicalSectors },
    readSync: (target, sector) => memory.readSync(target, sector),
    writeSync: (source, sector) => memory.writeSync(source, sector),
    flushSync() {},
    closeSync() {},
  });
}

/** A device that answers at once, or is busy and answers later, as the test likes. */
class MoodyDevice extends SlowDevice implements SyncBlockDevice {
  override readonly supports: SyncBlockDevice["supports"];
  isBusy = false;

  constructor(override readonly below: SyncBlockDevice) {
    super(below);
    this.supports = below.supports;
  }

  readSync(target: Uint8Array, sector: number): void {
    this.below.readSync(target, sector);
  }

  writeSync(source: Uint8Array, sector: number): void {
    this.below.writeSync(source, sector);
  }

  writeZeroesSync(sector: number, sectorCount: number, options?: WriteOptions): void {
    this.below.writeZeroesSync(sector, sectorCount, options);
  }

  discardSync(sector: number, sectorCount: number): void {
    this.below.discardSync(sector, sectorCount);
  }

  flushSync(): void {
    this.below.flushSync();
  }

  closeSync(): void {
    this.below.closeSync();
  }

  [Symbol.dispose](): void {
    this.closeSync();
  }
}

/** A write to a byte: `end` is `Infinity` while it is under way. */
interface ByteWrite {
  readonly value: number;
  readonly begin: number;
  end: number;
}

/** What may be in every byte. Time goes on by one with each event. */
class ByteHistory {
  readonly #bytes: ByteWrite[][];
  #now = 1;

  constructor() {
    this.#bytes = Array.from({ length: DISK_BYTES }, () => [{ value: 0, begin: 0, end: 0 }]);
  }

  get now(): number {
    return this.#now++;
  }

  beginWrite(offset: number, source: Uint8Array): ByteWrite[] {
    const begin = this.now;
    return Array.from(source, (value, index) => {
      const write = { value, begin, end: Infinity };
      this.#bytes[offset + index]!.push(write);
      return write;
    });
  }

  endWrite(writes: readonly ByteWrite[]): void {
    const end = this.now;
    for (const write of writes) write.end = end;
  }

  /** Refuses bytes of a read that began at a time, and has just ended. */
  check(what: string, offset: number, found: Uint8Array, begin: number): void {
    for (const [index, value] of found.entries()) {
      const all = this.#bytes[offset + index]!;
      const overwrittenAt = Math.max(
        ...all.filter(({ end }) => end < begin).map((write) => write.begin),
      );
      const isPossible = all.some((each) => each.value === value && each.end >= overwrittenAt);
      if (isPossible) continue;
      throw new Error(`${what}: byte ${offset + index} is ${value}: ${JSON.stringify(all)}`);
    }
  }
}

/** A request under way: what is to be done when it is answered. */
interface Asked {
  readonly what: Ask;
  readonly end: (body: Uint8Array) => void;
}

/** Some connections to one device, and what they may find. */
class Clients {
  readonly #prng: Prng;
  readonly #history = new ByteHistory();
  readonly #dialogues: Dialogue[];
  readonly #asked = new Map<number, Asked>();
  /** How many of the requests are of whole blocks. */
  readonly #wholeShare: number;
  /** Where requests begin. */
  readonly #spanBytes: number;
  readonly underWayMax: number;
  #cookie = 0;

  constructor(prng: Prng, readonly device: SlowDevice, readonly blockBytes: number) {
    this.#prng = prng;
    this.#wholeShare = prng.pick([0.3, 0.6, 0.9]);
    this.#spanBytes = prng.pick([2 * blockBytes, DISK_BYTES]);
    this.underWayMax = prng.pick([3, 12]);
    const one = { name: "disk", description: "", device };
    // Two of them go by an export of another name: it is the device that they share.
    const exports = [one, { ...one, name: "other" }];
    this.#dialogues = ["disk", "disk", "other", "other"]
      .map((name) => new Dialogue(exports).enter("structured", name));
  }

  get underWay(): number {
    return this.#asked.size;
  }

  #drawStretch(): { offset: number; length: number } {
    const prng = this.#prng;
    const { blockBytes } = this;
    const isOfBlocks = prng.bool(this.#wholeShare);
    const offset = isOfBlocks
      ? prng.int(this.#spanBytes / blockBytes) * blockBytes
      : prng.int(this.#spanBytes);
    const length = isOfBlocks
      ? blockBytes * (1 + prng.int(2))
      : 1 + prng.int(prng.bool() ? 8 : 3 * blockBytes);
    return { offset, length: Math.min(length, DISK_BYTES - offset) };
  }

  /** One client asks for something; what is answered at once is heard at once. */
  ask(): void {
    const prng = this.#prng;
    const cookie = ++this.#cookie;
    const { offset, length } = this.#drawStretch();
    const dialogue = prng.pick(this.#dialogues);
    const history = this.#history;
    const command = prng.pick([CMD.read, CMD.read, CMD.write, CMD.write, CMD.write, CMD.zeroes]);
    if (command === CMD.read) {
      const begin = history.now;
      const end = (body: Uint8Array) =>
        history.check(`read ${cookie}`, offset, body.subarray(8), begin);
      this.#say(dialogue, { command, cookie, offset, length, flags: DONT_FRAGMENT }, end);
      return;
    }
    const flags = prng.int(2);
    const isZero = command === CMD.zeroes;
    const payload = Buffer.alloc(length, isZero ? 0 : 1 + cookie % 255);
    const writes = history.beginWrite(offset, payload);
    const what = isZero
      ? { command, cookie, offset, length, flags: flags + 2 * prng.int(2) }
      : { command, cookie, offset, payload, flags };
    this.#say(dialogue, what, () => history.endWrite(writes));
  }

  #say(dialogue: Dialogue, what: Ask, end: Asked["end"]): void {
    this.#asked.set(what.cookie, { what, end });
    dialogue.say(ask(what));
    this.hear();
  }

  /** Hears what was answered. */
  hear(): void {
    for (const dialogue of this.#dialogues) {
      while (dialogue.unread.length > 0) {
        const { cookie, error, body } = dialogue.answer();
        const asked = this.#asked.get(cookie);
        if (asked === undefined || error !== 0) throw new Error(`Found ${error} for ${cookie}`);
        this.#asked.delete(cookie);
        asked.end(body);
      }
    }
  }

  /** Nothing is under way, nobody is at the fence, and every byte is what it may be. */
  async check(): Promise<void> {
    const { device } = this;
    expect([this.underWay, device.waiting.length]).toEqual([0, 0]);
    expect(partFenceOf(device).isFree(device, 1, DISK_BYTES - 2)).toBe(true);
    const found = new Uint8Array(DISK_BYTES);
    await device.below.read(found, 0);
    this.#history.check("the end", 0, found, this.#history.now);
  }
}

/** Lets answers that are on their way arrive. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

async function tryClients(seed: string, device: SlowDevice, blockBytes: number): Promise<void> {
  const prng = Prng.fromSeed(seed);
  const clients = new Clients(prng, device, blockBytes);
  const moody = device instanceof MoodyDevice ? device : null;
  for (let round = 0; round < 300; round++) {
    if (moody !== null && prng.bool(0.2)) moody.isBusy = !moody.isBusy;
    if (clients.underWay < clients.underWayMax && prng.bool(0.6)) clients.ask();
    else if (device.waiting.length > 0) {
      const [answer] = device.waiting.splice(prng.int(device.waiting.length), 1);
      answer!();
      await settle();
      clients.hear();
    }
  }
  while (device.waiting.length > 0) {
    prng.shuffle(device.waiting);
    await device.answerAll();
    clients.hear();
  }
  await clients.check();
}

const SEEDS = Array.from({ length: 8 }, (_, seed) => seed);

test.each([[1, "later"], [8, "later"], [1, "at once or later"], [8, "at once or later"]] as const)(
  "no client loses another's bytes, over blocks of %s sectors on a device that answers %s",
  async (logicalSectors, when) => {
    for (const seed of SEEDS) {
      const memory = memoryOf(logicalSectors);
      const device = when === "later" ? new SlowDevice(memory) : new MoodyDevice(memory);
      await tryClients(`${logicalSectors} ${when} ${seed}`, device, logicalSectors * 512);
    }
  },
);

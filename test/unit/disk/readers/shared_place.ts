/// <reference lib="dom" />
/**
 * A place that many tabs share, as those of one browser do: each has its storage, and locks that are
 * free when it has crashed. The devices are simulated disks.
 */
import { assert } from "@std/assert";
import { checked } from "../../../../src/block/checked.ts";
import type { BlockDevice } from "../../../../src/block/device.ts";
import { Signal } from "../../../../src/block/gate.ts";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import type { WhenBusy } from "../../../../src/devices/web_lock.ts";
import { createWebReaderDesk } from "../../../../src/disk/readers/web_reader_desk.ts";
import type { DiskStorage } from "../../../../src/disk/storage/storage.ts";
import { type Prng, SimulatedDisk } from "../../../../src/testing/mod.ts";

/** Locks that end with their tab. */
class MortalLocks {
  readonly #death = new AbortController();

  readonly request = (
    name: string,
    { signal, ...rest }: LockOptions,
    work: (lock: Lock | null) => Promise<unknown> | unknown,
  ): Promise<unknown> => {
    const death = this.#death.signal;
    const died = new Promise((resolve) => death.addEventListener("abort", resolve));
    if (rest.ifAvailable === true) {
      return navigator.locks.request(name, rest, (lock) => Promise.race([work(lock), died]));
    }
    const end = signal === undefined ? death : AbortSignal.any([signal, death]);
    const options: LockOptions = { ...rest, signal: end };
    return navigator.locks.request(name, options, (lock) => Promise.race([work(lock), died]));
  };

  query(): Promise<LockManagerSnapshot> {
    return navigator.locks.query();
  }

  die(): void {
    this.#death.abort(new Error("the tab has crashed"));
  }
}

/** What is said on a channel is heard by the others that are open by then. */
class Channels {
  readonly #open = new Set<Channel>();

  open(): BroadcastChannel {
    const channel = new Channel(this);
    this.#open.add(channel);
    return channel as unknown as BroadcastChannel;
  }

  async say(by: Channel, said: unknown): Promise<void> {
    if (!this.#open.has(by)) return; // The tab has crashed.
    await Promise.resolve();
    for (const each of this.#open) {
      if (each !== by) each.onmessage?.(new MessageEvent("message", { data: said }));
    }
  }

  close(channel: Channel): void {
    this.#open.delete(channel);
  }
}

class Channel {
  onmessage: ((event: MessageEvent) => void) | null = null;
  readonly #channels: Channels;

  constructor(channels: Channels) {
    this.#channels = channels;
  }

  postMessage(said: unknown): void {
    void this.#channels.say(this, structuredClone(said));
  }

  close(): void {
    this.#channels.close(this);
  }
}

/** How a tab opens its storage. */
interface TabOptions {
  readonly whenBusy?: WhenBusy;
  readonly signal?: AbortSignal;
}

/** What a tab has of a place. */
export interface Tab {
  readonly storage: DiskStorage;
  /** Names of devices that this tab has written, made or removed. */
  readonly changed: ReadonlySet<string>;
  /** The tab ends in the middle of what it does. With chance, what was not flushed may be lost. */
  crash(prng?: Prng): void;
}

/** See the file's head. */
export class SharedPlace {
  readonly #disks = new Map<string, SimulatedDisk>();
  readonly #channels = new Channels();
  readonly #removal = new Signal();
  readonly #name = `place-${crypto.randomUUID()}`;
  /** Called before every step that a tab performs. */
  onStep: (tab: Tab, what: string) => void = () => {};

  /** Opens a channel of this place. */
  openChannel(): BroadcastChannel {
    return this.#channels.open();
  }

  /** The names of the devices. */
  get names(): string[] {
    return [...this.#disks.keys()];
  }

  /** How many layers have a device. */
  get layerCount(): number {
    return this.names.filter((name) => name !== "manifest").length;
  }

  /** Waits until so many layers have a device, and no more. */
  async untilLayers(count: number): Promise<void> {
    while (this.layerCount > count) await this.#removal.next.wait();
    assert(this.layerCount === count, `there are ${this.layerCount} layers, want ${count}`);
  }

  /** Removes a device behind everybody's back. */
  wipe(name: string): void {
    this.#disks.delete(name);
  }

  newTab(options: TabOptions = {}): Tab {
    const locks = new MortalLocks();
    const changed = new Set<string>();
    const channels: BroadcastChannel[] = [];
    let isAlive = true;
    const step = (verb: string, name: string) => {
      this.onStep(tab, `${verb} ${name}`);
      if (!isAlive) throw new BlockDeviceError("EIO", `Cannot ${verb} "${name}": the tab is gone`);
      if (verb !== "read" && verb !== "open") changed.add(name);
    };
    const open = async (name: string, sectorCount?: number) => {
      if (!this.#disks.has(name)) {
        if (sectorCount === undefined) throw new BlockDeviceError("ENOENT", `No "${name}"`);
        step("make", name);
        this.#disks.set(name, new SimulatedDisk({ name, sectorCount }));
      }
      step("open", name);
      return await Promise.resolve(this.#faceOf(name, step, sectorCount !== undefined));
    };
    const tab: Tab = {
      changed,
      storage: {
        name: this.#name,
        readers: createWebReaderDesk(this.#name, {
          ...options,
          locks: locks as unknown as LockManager,
          openChannel: () => {
            const channel = this.openChannel();
            channels.push(channel);
            return channel;
          },
        }),
        open,
        openToRead: (name) => open(name),
        shut: async () => {},
        remove: async (name) => {
          await Promise.resolve();
          step("remove", name);
          this.#disks.delete(name);
          this.#removal.raise();
        },
        list: () => Promise.resolve(this.names),
        close: async () => {},
        [Symbol.asyncDispose]: async () => {},
      },
      crash: (prng) => {
        isAlive = false;
        for (const channel of channels) channel.close();
        if (prng !== undefined) {
          for (const [name, disk] of this.#disks) this.#disks.set(name, disk.afterCut(prng));
        }
        locks.die();
      },
    };
    return tab;
  }

  /** A device as a tab sees it: waited for, and the place's own for as long as that is there. */
  #faceOf(name: string, step: (verb: string, name: string) => void, write: boolean): BlockDevice {
    const disk = () => {
      const found = this.#disks.get(name);
      if (found !== undefined) return found;
      throw new BlockDeviceError("ENODEV", `Cannot use "${name}": it was removed`);
    };
    const { sectorCount } = disk();
    return checked({
      name,
      sectorCount,
      supports: { write, discard: write, discardZeroes: write, permanence: true },
      async read(target, sector) {
        await Promise.resolve();
        step("read", name);
        disk().readSync(target, sector);
      },
      async write(source, sector, fua) {
        const bytes = source.slice();
        await Promise.resolve();
        step("write", name);
        disk().writeSync(bytes, sector, { fua });
      },
      async flush() {
        await Promise.resolve();
        if (write) {
          step("flush", name);
          disk().flushSync();
        }
      },
      async close() {},
    });
  }
}

/// <reference lib="dom" />
/**
 * A machine on a disk that is kept in the browser: begun, kept as a moment, wrecked, brought back.
 *
 *     opening ──▶ running ──keep──▶ running          a moment more
 *        │         │   ▲
 *        ▼         │   └──bringBack── machine and disk together
 *      failed      └──wreck──▶ running, from the ruins
 *
 * Verbs take turns. A verb that fails leaves the machine as it is, and is told by its promise; what the
 * disk refuses while the guest runs is told to `onTrouble`.
 *
 * @module
 */
import { Disk, type Extent } from "cowdisk";
import { type DiskStorage, openIndexedDbStorage } from "cowdisk/idb-storage";
import {
  deleteMachineSnapshots,
  restoreMachine,
  saveMachine,
  type V86Disk,
  v86Disk,
} from "cowdisk/v86";
import { V86 } from "v86";
import type { Guest } from "./guest.ts";
import { type Moment, Moments } from "./moments.ts";
import type { MachineParts } from "./parts.ts";

/** How long another page may hold the disk: one that is being reloaded lets go soon. */
const BUSY_MS = 4000;
/** Enough of what the guest has said to know its greeting. */
const HEARD_MAX = 4096;

/** What there is to say of the disk. */
export interface DiskFacts {
  readonly sectorCount: number;
  readonly chunkSectors: number;
  /** Chunks that are not the zeroes that the disk began with. */
  readonly changedChunks: number;
  /** What all layers occupy in the browser's storage. */
  readonly occupiedSectors: number;
  readonly snapshots: readonly string[];
  /** What differs from the newest moment; all that was written when there is none. */
  readonly sinceMoment: readonly Extent[];
}

/** Who hears of the machine. */
export interface SessionListener {
  /** The guest has written to the disk. */
  onWrite(): void;
  /** The guest has said something over its serial port. */
  onSaid(text: string): void;
  /** The disk has refused something. */
  onTrouble(sentence: string): void;
}

/** How a machine is begun. */
export interface SessionOptions {
  readonly guest: Guest;
  readonly parts: MachineParts;
  /** Where its screen is; holds what v86 wants of it. */
  readonly screen: HTMLElement;
  readonly listener: SessionListener;
}

/** A disk, and what it is kept in. */
interface KeptDisk {
  readonly disk: Disk;
  readonly storage: DiskStorage;
}

async function close({ disk, storage }: KeptDisk): Promise<void> {
  await disk.close();
  await storage.close();
}

/** Opens the guest's disk, waiting for a page that is about to go. */
async function openDisk(guest: Guest): Promise<KeptDisk> {
  const giveUp = new AbortController();
  const { signal } = giveUp;
  const timer = setTimeout(() => giveUp.abort(), BUSY_MS);
  const storage = openIndexedDbStorage(`cowdisk demo ${guest.name}`, { whenBusy: "wait", signal });
  try {
    const disk = await Disk.open(guest.name, { origin: guest.sectorCount, storage });
    if ((await disk.usage()).changedChunks === 0) await guest.install(disk.device);
    return { disk, storage };
  } catch (error) {
    await storage.close();
    if (!signal.aborted) throw error;
    throw new Error("The machine is open in another tab, which has its disk. Close it there.", {
      cause: error,
    });
  } finally {
    clearTimeout(timer); // The signal is the storage's, for whatever it opens later, too.
  }
}

/** A machine that runs. */
export class MachineSession {
  readonly guest: Guest;
  readonly emulator: V86;
  readonly #kept: KeptDisk;
  readonly #hda: V86Disk;
  readonly #moments: Moments;
  #heard = "";
  #onHeard: () => void = () => {};
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    options: SessionOptions,
    emulator: V86,
    kept: KeptDisk,
    hda: V86Disk,
    moments: Moments,
  ) {
    const { guest, listener } = options;
    this.guest = guest;
    this.emulator = emulator;
    this.#kept = kept;
    this.#hda = hda;
    this.#moments = moments;
    emulator.add_listener("ide-write-end", () => listener.onWrite());
    emulator.add_listener("serial0-output-byte", (byte) => {
      const letter = String.fromCharCode(byte);
      this.#heard = (this.#heard + letter).slice(-HEARD_MAX);
      this.#onHeard();
      listener.onSaid(letter);
    });
  }

  /**
   * Opens the disk, builds the machine, and lets it run. What it cannot begin with is let go again.
   *
   * @param options Guest, parts, and who hears of it.
   */
  static async start(options: SessionOptions): Promise<MachineSession> {
    const { guest, parts, screen, listener } = options;
    const kept = await openDisk(guest);
    try {
      const moments = await Moments.read(guest.name, guest.momentsMax);
      const hda = v86Disk(kept.disk, {
        onError: ({ verb, sector, cause }) =>
          listener.onTrouble(`The disk could not ${verb} sector ${sector}: ${cause}`),
      });
      const own = await guest.options(parts);
      const emulator = new V86({
        ...own,
        hda,
        ...guest.console === "screen" ? { screen: { container: screen } } : {},
      });
      const session = new MachineSession(options, emulator, kept, hda, moments);
      await hda.attach(emulator, guest.attach);
      emulator.keyboard_set_enabled(false); // Not before: v86 has no keyboard until it is loaded.
      await guest.begin?.(emulator, hda);
      await emulator.run();
      return session;
    } catch (error) {
      await close(kept);
      throw error;
    }
  }

  /** The moments that it can go back to, the oldest first. */
  get moments(): readonly Moment[] {
    return this.#moments.all;
  }

  /** Greets the guest, and waits until it can be used. */
  async greet(signal: AbortSignal): Promise<void> {
    const { types, until } = this.guest.greeting;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#onHeard = () => until.test(this.#heard) ? resolve() : undefined;
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    if (types !== "") this.emulator.serial0_send(types);
    this.#onHeard();
    try {
      await promise;
    } finally {
      this.#onHeard = () => {};
    }
  }

  /** Keeps the moment: machine and disk. */
  keep(label: string): Promise<Moment> {
    return this.#inTurn(() => this.#keep(label));
  }

  /** Keeps the moment, if there is anything to go back to, and wrecks. Returns what was done. */
  wreck(label: string): Promise<string> {
    return this.#inTurn(async () => {
      const { device } = this.#kept.disk;
      if (await this.guest.isWhole(device)) await this.#keep(label);
      return await this.guest.wreck({ emulator: this.emulator, hda: this.#hda, device });
    });
  }

  /**
   * Goes back to a moment, machine and disk together.
   *
   * @returns How long it took, in milliseconds.
   */
  bringBack(moment: Moment): Promise<number> {
    return this.#inTurn(async () => {
      const startMs = performance.now();
      await restoreMachine(this.emulator, moment.state, this.#hda);
      return performance.now() - startMs;
    });
  }

  /** Forgets a moment, and the snapshot that only it names. */
  forget(moment: Moment): Promise<void> {
    return this.#inTurn(async () => {
      await this.#moments.forget(moment);
      await this.#deleteUnnamed();
    });
  }

  /** Presses the reset button: the guest boots from its disk, or begins anew. */
  reset(): Promise<void> {
    return this.#inTurn(async () => {
      await this.emulator.stop();
      await this.#hda.drain();
      if (this.guest.begin === undefined) this.emulator.restart();
      else await this.guest.begin(this.emulator, this.#hda);
      await this.emulator.run();
      this.emulator.serial0_send(this.guest.greeting.types);
    });
  }

  /** What there is to say of the disk. */
  facts(): Promise<DiskFacts> {
    return this.#inTurn(async () => {
      const snapshots = this.#kept.disk.snapshots.map(({ name }) => name);
      const [usage, sinceMoment] = await Promise.all([
        this.#kept.disk.usage(),
        this.#kept.disk.diff(snapshots.at(-1) ?? null),
      ]);
      return { ...usage, snapshots, sinceMoment };
    });
  }

  /** Switches it off. The disk stays. */
  end(): Promise<void> {
    return this.#inTurn(async () => {
      await this.emulator.destroy();
      await this.#hda.close();
      await close(this.#kept);
    });
  }

  async #keep(label: string): Promise<Moment> {
    const state = await saveMachine(this.emulator, this.#hda);
    const snapshot = this.#hda.snapshots.names.at(-1)!;
    const moment = await this.#moments.keep(label, snapshot, state);
    await this.#deleteUnnamed();
    return moment;
  }

  #deleteUnnamed(): Promise<void> {
    return deleteMachineSnapshots(this.#hda, { keep: this.moments.map(({ state }) => state) });
  }

  #inTurn<Result>(perform: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(perform);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

/**
 * The session: the world that is shown now, its devices, its stack and its past. Commands change it;
 * `engine.ts` decides which command is run when.
 *
 * | state | devices | stack |
 * |---|---|---|
 * | power on | there | open |
 * | power off | there, with what survived | none |
 *
 * What is shown is always what the medium would give back: a step is taken after each line that
 * changed something, when all caches are empty, and the notes on the medium name it.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import {
  BlockDeviceError,
  type Clock,
  type DiskStorage,
  type ExceptionRun,
  runAsync,
} from "../../src/mod.ts";
import { type CutManner, Prng } from "../../src/testing/mod.ts";
import { Refusal } from "./commands/refusal.ts";
import { type Errand, exceptionsOf, pendingOf, tellBeat } from "./play/beat_story.ts";
import { sentencesOfCut, sentencesOfPlug } from "./play/survivors.ts";
import { Tempo } from "./play/tempo.ts";
import type { Beat, LogLine, PendingCopy, StorageWord, Strip } from "./scene.ts";
import { Devices } from "./world/devices.ts";
import { Medium } from "./world/medium.ts";
import { Stack } from "./world/stack.ts";
import { planStoredExceptions } from "./world/stored_exceptions.ts";
import { Strips } from "./world/strips.ts";
import { cowName, newWorld, type World } from "./world/world.ts";

/** The most lines that are kept: what is written on the medium has an end. */
export const LOG_LINES_MAX = 2000;

/** The world that a page begins with: 64 chunks of 4 KiB. */
const FIRST_ORIGIN = { sectorCount: 512, chunkSectors: 8 } as const;

/** Arcs that are drawn at a time. */
const COPIES_MAX = 64;

/** What is written on the medium. */
interface Notes {
  readonly format: 1;
  readonly world: World;
  readonly log: readonly LogLine[];
  readonly cursor: number;
}

/** What a session is opened with. */
export interface SessionOptions {
  /** The place of its medium. */
  readonly name: string;
  readonly storage: StorageWord;
  /** The storage itself, where a word is not enough. */
  readonly diskStorage?: DiskStorage | undefined;
  readonly clock: Clock;
  /** Told when there is something new to show. */
  readonly onChange: () => void;
}

/** What is shown now. */
export class Session {
  /** What beats go over. */
  readonly tempo: Tempo;
  /** What kind of line is under way. */
  errand: Errand = "other";
  /** The device that the line under way writes to. */
  written: string | null = null;
  #options: SessionOptions;
  #medium: Medium;
  #world: World;
  #devices: Devices | null = null;
  #stack: Stack | null = null;
  #log: readonly LogLine[] = [];
  #cursor = 0;
  #stored: ReadonlyMap<string, readonly ExceptionRun[]> = new Map();
  #copies = new Map<string, PendingCopy>();
  /** The strips before the line under way. */
  #before: readonly Strip[] = [];
  readonly #strips = new Strips();

  private constructor(options: SessionOptions, medium: Medium, tempo: (session: Session) => Tempo) {
    this.#options = options;
    this.#medium = medium;
    this.#world = newWorld(FIRST_ORIGIN.sectorCount, FIRST_ORIGIN.chunkSectors);
    this.tempo = tempo(this);
  }

  /**
   * Opens what is stored, or begins.
   *
   * @param options Where it is stored, and who is told of changes.
   */
  static async open(options: SessionOptions): Promise<Session> {
    const { name, storage, diskStorage, clock, onChange } = options;
    const medium = await Medium.open(name, storage, diskStorage);
    const session = new Session(
      options,
      medium,
      (self) => new Tempo(clock, onChange, (beat) => self.#count(beat)),
    );
    try {
      await session.#resume();
    } catch (error) {
      await medium.close();
      throw error;
    }
    return session;
  }

  // What there is.

  get world(): World {
    return this.#world;
  }

  get medium(): Medium {
    return this.#medium;
  }

  get devices(): Devices {
    return this.#devices as Devices;
  }

  /** `null` without power. */
  get stack(): Stack | null {
    return this.#stack;
  }

  get log(): readonly LogLine[] {
    return this.#log;
  }

  get cursor(): number {
    return this.#cursor;
  }

  /** The stack, for a command that needs one. */
  requireStack(verb: string): Stack {
    if (this.#stack !== null) return this.#stack;
    throw new Refusal(`Cannot ${verb}: there is no power; plug it in first`);
  }

  /** The facts of a snapshot, by its name. */
  requireSnapshot(name: string): World["snapshots"][number] {
    const found = this.#world.snapshots.find((each) => each.name === name);
    if (found !== undefined) return found;
    const names = this.#world.snapshots.map((each) => each.name).join(", ");
    throw new Refusal(
      `There is no snapshot "${name}"${names === "" ? ": take one first" : `: there is ${names}`}`,
    );
  }

  /** All devices, drawn. */
  strips(): Strip[] {
    const { world, devices, stack } = this;
    return this.#strips.draw({ world, devices, stack, stored: this.#stored });
  }

  /** The exceptions that are being made in the line under way, and those that it has made. */
  copies(): PendingCopy[] {
    for (const snapshot of this.#world.snapshots) {
      const table = exceptionsOf(snapshot, this.#stack);
      for (const [key, copy] of this.#copies) {
        if (copy.snapshot !== snapshot.name || table === null) continue;
        const isCommitted = table.find(copy.oldChunk, 1) === copy.newChunk;
        this.#copies.set(key, { ...copy, isCommitted });
      }
      for (const { oldChunk, newChunk, count } of pendingOf(table)) {
        for (let index = 0; index < count && this.#copies.size < COPIES_MAX; index++) {
          const copy = { oldChunk: oldChunk + index, newChunk: newChunk + index };
          const key = `${snapshot.name} ${copy.oldChunk}`;
          this.#copies.set(key, { snapshot: snapshot.name, ...copy, isCommitted: false });
        }
      }
    }
    return [...this.#copies.values()];
  }

  // Lines.

  /** A line begins: what it changes will be compared with what there is now. */
  begin(): void {
    this.#before = this.strips();
    this.errand = "other";
    this.written = null;
  }

  /** Puts another world in the place of this one. What it says of devices must be so already. */
  change(change: Partial<World>): void {
    this.#world = { ...this.#world, ...change };
    this.#devices?.follow(this.#world);
    this.#options.onChange();
  }

  /** Forgets what was drawn: something else than a write has changed it. */
  redraw(): void {
    this.#strips.clear();
    this.#options.onChange();
  }

  /**
   * Keeps what there is as the next step. In the past, what followed is forgotten.
   *
   * @param line What made it.
   */
  async keep(line: LogLine): Promise<void> {
    await this.devices.drain();
    this.#log = [...this.#log.slice(0, this.#cursor), line];
    this.#cursor++;
    await this.#writeNotes();
    await this.#medium.takeStep(this.#cursor);
  }

  /** A line has ended. */
  end(): void {
    this.#copies.clear();
    this.#options.onChange();
  }

  // Time.

  /**
   * Shows a step, with or without power as it was. All steps stay.
   *
   * @param number Its number: how many lines are in force.
   */
  async goTo(number: number): Promise<void> {
    await this.#closeStack();
    await this.#medium.goTo(number);
    const log = this.#log;
    await this.#load(await this.#readNotes());
    this.#log = log;
    this.#cursor = number;
    await this.#writeNotes();
  }

  /**
   * Begins with another disk; everything before is forgotten.
   *
   * @param origin The disk's size and unit.
   */
  async reset(origin: { readonly sectorCount: number; readonly chunkSectors: number }) {
    await this.#closeStack();
    await this.#medium.wipe();
    await this.#begin(origin);
  }

  /**
   * Goes to another storage, where a world may be already; if none is, this one is taken along as it is
   * now, without its past.
   *
   * @param storage Which.
   */
  async moveTo(storage: StorageWord): Promise<void> {
    const before = this.#medium;
    const next = await Medium.open(this.#options.name, storage);
    try {
      if (await next.readNotes() === null) {
        await this.devices.drain();
        await this.#writeNotes();
        await next.become(before);
      }
    } catch (error) {
      await next.close();
      throw error;
    }
    await this.#closeStack();
    this.#medium = next;
    await this.#resume();
    await before.close();
  }

  // Power.

  /**
   * Takes the power away. Whatever is under way has failed already.
   *
   * @param seed Decides what is left of caches.
   * @param manner How much is. Left out: drawn.
   */
  async powerOff(seed: number, manner?: CutManner): Promise<void> {
    const copies = this.copies();
    this.tempo.cut();
    await this.#stack?.close();
    this.#stack = null;
    const prng = Prng.fromSeed(`plug ${seed}`);
    const reports = await this.devices.cut(prng, manner);
    const survivors = sentencesOfCut(reports, copies, this.#world);
    await this.#readStored();
    this.change({ power: "off", survivors });
    this.redraw();
  }

  /** Gives power again, and opens the stack from what survived. */
  async powerOn(): Promise<void> {
    const before = this.#before;
    this.tempo.restore();
    this.change({ power: "on" });
    await this.#forgetTransient();
    await this.openStack();
    this.redraw();
    const told = sentencesOfPlug(before, this.strips(), this.written);
    this.change({ survivors: [...this.#world.survivors, ...told] });
  }

  /** Opens the stack anew, for a world whose stack has another shape. */
  async reopenStack(): Promise<void> {
    await this.tempo.muted(async () => await this.#stack?.close());
    this.#stack = null;
    await this.openStack();
    this.redraw();
  }

  /**
   * Opens devices and stack anew, for a world whose devices have another size.
   *
   * @param world The world.
   */
  async rebuild(world: World): Promise<void> {
    await this.#closeStack();
    await this.devices.drain();
    await this.#load({ format: 1, world, log: [], cursor: 0 });
  }

  /** Opens the stack. A merge that was going on is not muted: it is seen. */
  async openStack(): Promise<void> {
    const open = async () => {
      this.#stack = await Stack.open(this.#world, this.devices);
    };
    await this.tempo.muted(open);
  }

  /** Verifies what can be verified without I/O. */
  check(): void {
    this.#stack?.check();
    this.#medium.check();
  }

  /** Ends it; what is stored stays. */
  async close(): Promise<void> {
    await this.#closeStack();
    await this.#medium.close();
  }

  async #resume(): Promise<void> {
    const text = await this.#medium.readNotes();
    if (text === null) return await this.#begin(FIRST_ORIGIN);
    const notes = parseNotes(text);
    // The page may have ended in the middle of a line: what is shown is the step before it.
    if (this.#medium.steps.includes(notes.cursor)) {
      await this.#medium.goTo(notes.cursor);
      await this.#medium.readNotes();
    }
    await this.#load(notes);
    this.#log = notes.log;
    this.#cursor = notes.cursor;
    await this.#writeNotes();
    if (!this.#medium.steps.includes(notes.cursor)) await this.#medium.takeStep(notes.cursor);
  }

  async #begin(origin: { readonly sectorCount: number; readonly chunkSectors: number }) {
    const world = newWorld(origin.sectorCount, origin.chunkSectors);
    await this.#load({ format: 1, world, log: [], cursor: 0 });
    this.#log = [];
    this.#cursor = 0;
    await this.#writeNotes();
    await this.#medium.takeStep(0);
  }

  async #load({ world }: Notes): Promise<void> {
    this.#world = world;
    this.tempo.restore();
    this.#devices = await Devices.open(
      world,
      this.#medium,
      this.tempo,
      (device, request) => tellBeat(device, request, this),
    );
    await this.#forgetTransient();
    if (world.power === "on") await this.openStack();
    else await this.#readStored();
    this.redraw();
  }

  /** A transient store lives as long as its stack. */
  async #forgetTransient(): Promise<void> {
    const lost = this.#world.snapshots.filter(({ store }) => store === "N");
    if (lost.length === 0) return;
    for (const each of lost) await this.devices.removeCow(each);
    const names = lost.map(({ name }) => name).join(", ");
    this.change({
      snapshots: this.#world.snapshots.filter(({ store }) => store !== "N"),
      survivors: [
        ...this.#world.survivors,
        `${names}: forgotten, as a transient store (N) is when its stack ends.`,
      ],
    });
  }

  async #closeStack(): Promise<void> {
    await this.tempo.muted(async () => await this.#stack?.close());
    this.#stack = null;
  }

  async #readStored(): Promise<void> {
    const stored = new Map<string, readonly ExceptionRun[]>();
    for (const each of this.#world.snapshots) {
      if (each.store === "N") continue;
      stored.set(each.name, (await this.storedExceptions(each)).runs);
    }
    this.#stored = stored;
  }

  /** What is on a snapshot's COW device, without its stack. */
  storedExceptions(snapshot: World["snapshots"][number]) {
    const { device } = this.devices.get(cowName(snapshot));
    const { device: source } = this.devices.disk;
    return this.#withPower(() => runAsync(planStoredExceptions(device, source)));
  }

  /** Reads devices, also when the stack has no power: the visitor looks at the platters. */
  async #withPower<Result>(work: () => Promise<Result>): Promise<Result> {
    return await this.tempo.muted(work);
  }

  async #readNotes(): Promise<Notes> {
    const text = await this.#medium.readNotes();
    if (text === null) throw new BlockDeviceError("EINVAL", "This step has no notes");
    return parseNotes(text);
  }

  async #writeNotes(): Promise<void> {
    const { world, log, cursor } = this;
    await this.#medium.writeNotes(JSON.stringify({ format: 1, world, log, cursor }));
  }

  /** Adds a beat to the bill, and looks which exceptions it has brought about. */
  #count({ kind, sectorCount }: Beat): void {
    this.copies();
    const { bill } = this.#world;
    const isCopied = kind === "copy-out" || kind === "fill" || kind === "merge-copy";
    const isCommit = kind === "commit" || kind === "merge-commit";
    this.#world = {
      ...this.#world,
      bill: {
        ...bill,
        copiedSectors: bill.copiedSectors + (isCopied ? sectorCount : 0),
        commits: bill.commits + (isCommit ? 1 : 0),
        flushes: bill.flushes + (kind === "flush" ? 1 : 0),
      },
    };
  }
}

function parseNotes(text: string): Notes {
  const notes = JSON.parse(text) as Notes;
  if (notes.format === 1) return notes;
  throw new BlockDeviceError(
    "EINVAL",
    `Cannot read what is stored here: its format is ${notes.format}, want 1`,
  );
}

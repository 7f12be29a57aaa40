/**
 * The session: the world that is shown now, its devices and its stack. Commands change it; `engine.ts`
 * decides which command is run when.
 *
 * | state | devices | stack |
 * |---|---|---|
 * | power on | there | open |
 * | power off | there, with what survived | none |
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import type { ExceptionRun } from "../../src/mod.ts";
import { Prng } from "../../src/testing/prng.ts";
import type { CutManner } from "../../src/testing/sector_versions.ts";
import { describe, Refusal } from "./commands/refusal.ts";
import { withBeat } from "./play/bill.ts";
import { type Errand, exceptionsOf, tellBeat } from "./play/beat_story.ts";
import { FIRST_DISK } from "./link.ts";
import { Copies } from "./play/copies.ts";
import { sentencesOfCut, sentencesOfPlug } from "./play/survivors.ts";
import { Tempo } from "./play/tempo.ts";
import type { Beat, LogLine, PendingCopy, StorageWord, Strip } from "./scene.ts";
import { Devices } from "./world/devices.ts";
import { History } from "./world/history.ts";
import { Medium, type MediumPlace } from "./world/medium.ts";
import { Stack } from "./world/stack.ts";
import {
  newChunkIn,
  readList,
  readLists,
  type StoredExceptions,
} from "./world/stored_exceptions.ts";
import { Strips } from "./world/strips.ts";
import { newWorld, type SnapshotFacts, withoutTransient, type World } from "./world/world.ts";

/** What a session is opened with. */
export interface SessionOptions extends MediumPlace {
  /** Told when there is something new to show. */
  readonly onChange: () => void;
}

/** What is shown now. */
export class Session {
  /** What beats go over. */
  readonly tempo: Tempo;
  /** What kind of line is under way. */
  errand: Errand = "other";
  /** The device that the line under way, or the one that was cut, writes to. */
  written: string | null = null;
  readonly #options: SessionOptions;
  #history: History;
  #world: World = newWorld(FIRST_DISK.sectorCount, FIRST_DISK.chunkSectors);
  #devices: Devices | null = null;
  #stack: Stack | null = null;
  #stored: ReadonlyMap<string, readonly ExceptionRun[]> = new Map();
  /** The strips before the line under way, or the one that was cut. */
  #before: readonly Strip[] = [];
  readonly #copies = new Copies();
  readonly #strips = new Strips();

  private constructor(options: SessionOptions, history: History) {
    this.#options = options;
    this.#history = history;
    this.tempo = new Tempo(options.clock, options.onChange, (beat) => this.#count(beat));
  }

  /**
   * Opens what is stored, or begins.
   *
   * @param options Where it is stored, and who is told of changes.
   */
  static async open(options: SessionOptions): Promise<Session> {
    const medium = await Medium.open(options);
    try {
      const session = new Session(options, new History(medium));
      await session.#resume();
      return session;
    } catch (error) {
      await medium.close();
      throw error;
    }
  }

  // What there is.

  get world(): World {
    return this.#world;
  }

  get history(): History {
    return this.#history;
  }

  get devices(): Devices {
    return this.#devices as Devices;
  }

  /** `null` without power. */
  get stack(): Stack | null {
    return this.#stack;
  }

  /** The stack, for a command that needs one. */
  requireStack(verb: string): Stack {
    if (this.#stack !== null) return this.#stack;
    throw new Refusal(`Cannot ${verb}: there is no power; plug it in first`);
  }

  /** All devices, drawn. */
  strips(): Strip[] {
    const { world, devices, stack } = this;
    return this.#strips.draw({ world, devices, stack, stored: this.#stored });
  }

  /** The exceptions that are being made in the line under way, and those that it has made. */
  copies(): PendingCopy[] {
    this.#copies.look(this.#world, this.#stack);
    return this.#copies.all;
  }

  /**
   * Where a snapshot has a chunk of its own; without power, where it would have it.
   *
   * @param snapshot The snapshot.
   * @param chunk The chunk.
   * @returns The chunk of its COW device, or -1.
   */
  newChunkOf(snapshot: SnapshotFacts, chunk: number): number {
    if (this.#stack !== null) return exceptionsOf(snapshot, this.#stack)?.find(chunk, 1) ?? -1;
    return newChunkIn(this.#stored.get(snapshot.name) ?? [], chunk);
  }

  /** What is on a snapshot's COW device, read as opening it would. */
  storedExceptions(snapshot: SnapshotFacts): Promise<StoredExceptions> {
    return this.tempo.muted(() => readList(snapshot, this.devices));
  }

  // Changes.

  /** A line begins: what it changes will be compared with what there is now. */
  begin(): void {
    // The line that gives power again tells what became of the one that was cut.
    if (this.#world.power === "off") return;
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
   * Keeps what there is as the next step of the history. What cannot be kept is undone.
   *
   * @param line What made it.
   * @returns Why it could not be kept; `null` when it was.
   */
  async keep(line: LogLine): Promise<string | null> {
    try {
      await this.#settleCaches();
      await this.devices.drain();
      await this.#history.add(this.#world, line);
      return null;
    } catch (error) {
      const undone = await this.goTo(this.#history.cursor).then(() => "and is undone", () => {
        return "and is shown until the page is gone";
      });
      return `This line could not be kept, ${undone}: ${describe(error)}`;
    }
  }

  /** A line has ended. */
  end(): void {
    this.#copies.clear();
    this.#options.onChange();
  }

  // Time and place.

  /** Shows a step that is kept, with or without power as it was. */
  async goTo(number: number): Promise<void> {
    await this.#closeStack();
    await this.#load(await this.#history.goTo(number));
  }

  /** Begins with another disk; everything before is forgotten. */
  async reset(disk: { readonly sectorCount: number; readonly chunkSectors: number }) {
    await this.#closeStack();
    await this.#history.medium.wipe();
    await this.#begin(disk);
  }

  /**
   * Goes to another storage, where a world may be already; if none is, this one is taken along as it is
   * now, without the steps behind it.
   *
   * @param storage The other one.
   * @returns Whether this world was taken along.
   */
  async moveTo(storage: StorageWord): Promise<boolean> {
    const before = this.#history.medium;
    const { name, clock } = this.#options;
    const next = await Medium.open({ name, storage, clock });
    let isTakenAlong = false;
    try {
      isTakenAlong = await next.readNotes() === null;
      if (isTakenAlong) await next.become(before);
    } catch (error) {
      await next.close();
      throw error;
    }
    await this.#closeStack();
    this.#history = new History(next);
    await this.#resume();
    await before.close();
    return isTakenAlong;
  }

  /** Opens devices and stack anew, for a world that has other ones. */
  async rebuild(world: World): Promise<void> {
    await this.#closeStack();
    await this.devices.drain();
    await this.#load(world);
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
    const reports = await this.devices.cut(Prng.fromSeed(`plug ${seed}`), manner);
    await this.#readStored();
    this.change({ power: "off", survivors: sentencesOfCut(reports, copies, this.#world) });
    this.redraw();
  }

  /** Gives power again, and opens the stack from what survived. */
  async powerOn(): Promise<void> {
    this.tempo.restore();
    this.change({ power: "on" });
    await this.#forgetTransient();
    await this.#openStack();
    this.redraw();
    const told = sentencesOfPlug(this.#before, this.strips(), this.written);
    this.change({ survivors: [...this.#world.survivors, ...told] });
  }

  /** Verifies what can be verified without I/O. */
  check(): void {
    this.#stack?.check();
    this.#history.medium.check();
  }

  /** Ends it; what is stored stays. */
  async close(): Promise<void> {
    await this.#closeStack();
    await this.#history.medium.close();
  }

  async #resume(): Promise<void> {
    const world = await this.#history.resume();
    if (world === null) await this.#begin(FIRST_DISK);
    else await this.#load(world);
  }

  async #begin(disk: { readonly sectorCount: number; readonly chunkSectors: number }) {
    const world = newWorld(disk.sectorCount, disk.chunkSectors);
    await this.#load(world);
    await this.#history.begin(world);
  }

  async #load(world: World): Promise<void> {
    this.#world = world;
    this.#before = [];
    this.tempo.restore();
    this.#devices = await Devices.open(
      world,
      this.#history.medium,
      this.tempo,
      (device, request) => tellBeat(device, request, this),
    );
    if (world.power === "off") {
      await this.#readStored();
    } else {
      await this.#forgetTransient();
      await this.#openStack();
    }
    this.redraw();
  }

  /** What a cache has kept is in its list with the next flush: a step shows what is in the lists. */
  async #settleCaches(): Promise<void> {
    for (const { name, isCache } of this.#world.snapshots) {
      const table = isCache ? this.#stack?.tableOf(name) : null;
      if (table?.isValid !== true) continue;
      await this.tempo.muted(async () => await this.#stack?.mapper.device(name).flush());
    }
  }

  /** A transient store lives as long as its stack. */
  async #forgetTransient(): Promise<void> {
    const { world, lost } = withoutTransient(this.#world);
    for (const each of lost) await this.devices.removeCow(each);
    this.change(world);
  }

  /** Opens the stack. A merge that goes on is the line's own business, and shown. */
  async #openStack(): Promise<void> {
    this.#stack = await this.tempo.muted(() => Stack.open(this.#world, this.devices));
  }

  async #closeStack(): Promise<void> {
    await this.tempo.muted(async () => await this.#stack?.close());
    this.#stack = null;
  }

  async #readStored(): Promise<void> {
    this.#stored = await this.tempo.muted(() => readLists(this.#world, this.devices));
  }

  /** Adds a beat to the bill, and looks which exceptions it has brought about. */
  #count(beat: Beat): void {
    this.copies();
    this.#world = { ...this.#world, bill: withBeat(this.#world.bill, beat, this.errand) };
  }
}

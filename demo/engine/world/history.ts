/**
 * The history: what is written on the medium beside the devices, and the steps behind.
 *
 * The notes say what world there is, which lines made it, and how many of them are in force: all, or
 * fewer when one looks at the past. Each step holds the notes as they were then; so a step's world
 * comes from the step, and the lines that follow it from the notes of now.
 *
 * A world is shown as the medium would give it back. When the page ends in the middle of a line, the
 * next one finds notes that name the step before, and begins there.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { BlockDeviceError } from "../../../src/mod.ts";
import type { LogLine } from "../scene.ts";
import type { Medium } from "./medium.ts";
import type { World } from "./world.ts";

const FORMAT = 1;

/** What is written on the medium. */
interface Notes {
  readonly format: typeof FORMAT;
  readonly world: World;
  readonly log: readonly LogLine[];
  readonly cursor: number;
}

function parseNotes(text: string): Notes {
  const notes = JSON.parse(text) as Notes;
  if (notes.format === FORMAT) return notes;
  throw new BlockDeviceError(
    "EINVAL",
    `Cannot read what is stored here: its format is ${notes.format}, want ${FORMAT}`,
  );
}

/** Lines, and the steps that they have made. */
export class History {
  readonly medium: Medium;
  #log: readonly LogLine[] = [];
  #cursor = 0;

  /**
   * A history without lines; does no I/O.
   *
   * @param medium What it is written on.
   */
  constructor(medium: Medium) {
    this.medium = medium;
  }

  /** All lines, those that are not in force included. */
  get log(): readonly LogLine[] {
    return this.#log;
  }

  /** How many lines are in force. */
  get cursor(): number {
    return this.#cursor;
  }

  /**
   * Takes up what is stored.
   *
   * @returns The world as it was after its last line; `null` when nothing is stored.
   */
  async resume(): Promise<World | null> {
    const text = await this.medium.readNotes();
    if (text === null) return null;
    const notes = parseNotes(text);
    this.#log = notes.log;
    this.#cursor = notes.cursor;
    if (!this.medium.steps.includes(notes.cursor)) {
      await this.medium.takeStep(notes.cursor);
      return notes.world;
    }
    await this.medium.goTo(notes.cursor);
    const { world } = await this.#read();
    await this.#write(world, notes.log, notes.cursor);
    return world;
  }

  /**
   * Begins with a world.
   *
   * @param world The world; its devices are zeroes.
   */
  async begin(world: World): Promise<void> {
    await this.#write(world, [], 0);
    await this.medium.takeStep(0);
  }

  /**
   * Adds a line, and keeps what there is as its step. In the past, what followed is forgotten.
   *
   * @param world The world after it; no device has anything in its cache.
   * @param line The line.
   * @throws {BlockDeviceError} When it could not be kept; it is no line of the history then.
   */
  async add(world: World, line: LogLine): Promise<void> {
    const before = { log: this.#log, cursor: this.#cursor };
    const cursor = before.cursor + 1;
    try {
      await this.#write(world, [...before.log.slice(0, before.cursor), line], cursor);
      await this.medium.takeStep(cursor);
    } catch (error) {
      this.#log = before.log;
      this.#cursor = before.cursor;
      throw error;
    }
  }

  /**
   * Goes to a step that is kept. The stack is closed.
   *
   * @param number How many lines are in force then.
   * @returns The world as it was.
   */
  async goTo(number: number): Promise<World> {
    await this.medium.goTo(number);
    const { world } = await this.#read();
    await this.#write(world, this.#log, number);
    return world;
  }

  /** Writes notes, durably; only then is it so here. */
  async #write(world: World, log: readonly LogLine[], cursor: number): Promise<void> {
    const notes: Notes = { format: FORMAT, world, log, cursor };
    await this.medium.writeNotes(JSON.stringify(notes));
    this.#log = log;
    this.#cursor = cursor;
  }

  async #read(): Promise<Notes> {
    const text = await this.medium.readNotes();
    if (text !== null) return parseNotes(text);
    throw new BlockDeviceError("EINVAL", "Cannot read what is stored here: a step has no notes");
  }
}

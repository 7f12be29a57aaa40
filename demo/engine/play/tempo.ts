/**
 * Tempo: beats one after the other, as fast as the visitor likes, and never again after the plug.
 *
 * Whatever the stack does to a device is a *beat* that goes over this stage. One beat is under way at
 * a time, so between two beats nothing is, and a plug that is pulled there finds the devices as the
 * last beat left them.
 *
 * | state | a beat |
 * |---|---|
 * | idle, playing | waits `beatMs`, if that is not 0, and is performed |
 * | paused | is shown, and waits for `step`, `play` or the plug |
 * | cut | is refused with `EIO`, as are all later ones |
 * | muted | is performed at once and not shown: the engine's own reading and tidying |
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { BlockDeviceError, type Clock, Gate } from "../../../src/mod.ts";
import { Signal } from "../../../src/block/gate.ts";
import { Turns } from "../../../src/disk/turns.ts";
import type { Beat } from "../scene.ts";

/** How long beats may follow each other before others have their turn: messages, frames. */
const BREATH_MS = 12;

/** The longest time that a beat may be slowed down by. */
export const BEAT_MS_MAX = 60_000;

/** Whether beats are played. */
export type TempoState = "idle" | "playing" | "paused";

/** What a request that comes too late is told. */
function noPower(device: string): BlockDeviceError {
  return new BlockDeviceError("EIO", `Cannot reach "${device}": there is no power`, { device });
}

/** The stage that beats go over. */
export class Tempo {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #onPerformed: (beat: Beat) => void;
  readonly #stage = new Turns();
  readonly #io = new Turns();
  #beat: Beat | undefined;
  #beatMs = 0;
  /** When others had their turn. */
  #breathMs = 0;
  #isPaused = false;
  #isMuted = false;
  #isCut = false;
  /** Opens when the beat that waits may be performed, or will not be. */
  #release = new Gate();
  /** A beat has begun to wait, or the line has ended. */
  readonly #moved = new Signal();
  #isWaiting = false;
  #isUnderWay = false;
  #performedCount = 0;
  #cutAfter = Infinity;

  /**
   * A stage.
   *
   * @param clock What beats are paced by.
   * @param onChange Told when there is something new to show.
   * @param onPerformed Told of every beat that was performed.
   */
  constructor(clock: Clock, onChange: () => void, onPerformed: (beat: Beat) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
    this.#onPerformed = onPerformed;
  }

  /** How long a beat is shown before it is performed, in milliseconds. */
  get beatMs(): number {
    return this.#beatMs;
  }

  set beatMs(beatMs: number) {
    this.#beatMs = beatMs;
    if (!this.#isPaused) this.#release.open(); // The beat that is shown was shown long enough.
    this.#onChange();
  }

  /** The beat that waits, or was performed last. */
  get beat(): Beat | undefined {
    return this.#beat;
  }

  /** How many beats of this line were performed. */
  get performedCount(): number {
    return this.#performedCount;
  }

  /** Whether the plug was pulled since the line began. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Whether a beat waits to be released. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Whether beats wait. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /**
   * A line begins.
   *
   * @param cutAfter The plug is pulled after so many beats.
   */
  begin(cutAfter: number): void {
    this.#performedCount = 0;
    this.#cutAfter = cutAfter;
    this.#beat = undefined;
    this.#isUnderWay = true;
  }

  /** A line has ended. */
  end(): void {
    this.#cutAfter = Infinity;
    this.#isUnderWay = false;
    this.#moved.raise();
  }

  /** Gives the devices power again. */
  restore(): void {
    this.#isCut = false;
    this.#beat = undefined;
  }

  /** Beats wait from now on. */
  pause(): void {
    this.#isPaused = true;
    this.#onChange();
  }

  /** Beats are performed from now on. */
  play(): void {
    this.#isPaused = false;
    this.#release.open();
    this.#onChange();
  }

  /** No beat is performed from now on: those that wait are refused. */
  cut(): void {
    this.#isCut = true;
    this.#release.open();
  }

  /**
   * Lets the beat that waits, or comes next, be performed, and waits for the one behind it.
   *
   * @returns The beat that was performed; `undefined` when the line ended without one.
   */
  async step(): Promise<Beat | undefined> {
    this.#isPaused = true;
    await this.#moveOn();
    if (!this.#isWaiting) return undefined;
    const performed = this.#beat;
    this.#isWaiting = false;
    this.#release.open();
    await this.#moveOn();
    return performed;
  }

  /** Waits until a beat waits, or none will. */
  async #moveOn(): Promise<void> {
    while (!this.#isWaiting && this.#isUnderWay) await this.#moved.next.wait();
  }

  /**
   * Does something without showing it.
   *
   * @param work Uses devices.
   */
  async muted<Result>(work: () => Promise<Result>): Promise<Result> {
    const before = this.#isMuted;
    this.#isMuted = true;
    try {
      return await work();
    } finally {
      this.#isMuted = before;
    }
  }

  /**
   * Reads a device when nothing is being done to it, also while a beat waits.
   *
   * @param work Reads.
   */
  peek<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#io.take(work);
  }

  /**
   * Performs a beat when its turn has come.
   *
   * @param beat What is shown.
   * @param perform Does it.
   */
  perform(beat: () => Beat, perform: () => Promise<void>): Promise<void> {
    return this.#stage.take(async () => {
      if (this.#isMuted) return await this.#io.take(perform);
      const shown = beat();
      await this.#show(shown);
      if (this.#isCut) throw noPower(shown.device);
      await this.#io.take(perform);
      this.#performedCount++;
      this.#beat = { ...shown, isPerformed: true };
      this.#onPerformed(this.#beat);
      this.#onChange();
      await this.#breathe();
    });
  }

  /** Lets messages in: beats on a medium in memory take no turn of the event loop. */
  async #breathe(): Promise<void> {
    if (this.#clock.nowMs() - this.#breathMs < BREATH_MS) return;
    await this.#clock.sleep(0);
    this.#breathMs = this.#clock.nowMs();
  }

  /** Shows a beat for as long as the tempo says. */
  async #show(beat: Beat): Promise<void> {
    if (this.#performedCount >= this.#cutAfter) this.cut();
    if (this.#isCut) return;
    this.#beat = beat;
    this.#release = new Gate();
    if (this.#beatMs > 0 && !this.#isPaused) {
      this.#onChange();
      await Promise.race([this.#clock.sleep(this.#beatMs), this.#release.wait()]);
    }
    if (!this.#isPaused || this.#isCut) return;
    this.#isWaiting = true;
    this.#moved.raise();
    this.#onChange();
    await this.#release.wait();
    this.#isWaiting = false;
  }
}

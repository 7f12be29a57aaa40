/**
 * The engine: the demo without a page. Lines come in, the real stack does what they say, scenes go
 * out. It is the same in a page's worker, in a test, and on a page that has no worker.
 *
 * | line | when |
 * |---|---|
 * | `pace`, `pause`, `step`, `play`, `pull` | at once, while another line is under way |
 * | all others | one after the other, in the order in which they came |
 *
 * After a line that changed something caches are emptied, a line is added to the log, and a step is
 * taken, so that one can go back to it. A line that is cut ends with what survives of it.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import type { Clock, DiskStorage } from "../../src/mod.ts";
import { systemClock } from "../../src/block/clock.ts";
import { Signal } from "../../src/block/gate.ts";
import { Turns } from "../../src/disk/turns.ts";
import { cutOf, cutText, type ParsedLine, parseLine, type PlannedCut } from "./commands/command.ts";
import { wholeNumber } from "./commands/chunks.ts";
import { COMMANDS } from "./commands/commands.ts";
import { completeLine } from "./commands/completion.ts";
import { takeFile } from "./commands/file_lines.ts";
import { describe, Refusal } from "./commands/refusal.ts";
import { drawScene, usedSectors } from "./play/scene_drawing.ts";
import { decodeLines, linkOf } from "./link.ts";
import { tellChunk } from "./play/chunk_story.ts";
import { BEAT_MS_MAX } from "./play/tempo.ts";
import type { ChunkStory, DemoEngine, LogLine, Outcome, Scene, StorageWord } from "./scene.ts";
import { Session } from "./session.ts";

/** The most lines of a log: the room on the medium has an end. */
const LOG_LINES_MAX = 2000;

/** How much of a file's name is kept in the log. */
const NAME_LENGTH_MAX = 64;

/** A frame, in milliseconds. */
const FRAME_MS = 16;

/** What an engine is opened with. */
export interface EngineOptions {
  /** The place of what it stores. */
  readonly name?: string;
  /** Where that is. */
  readonly storage?: StorageWord;
  /** A storage itself, where a word is not enough. */
  readonly diskStorage?: DiskStorage;
  /** What beats and frames are paced by. */
  readonly clock?: Clock;
}

/** The engine, in this thread. */
export class LocalEngine implements DemoEngine {
  readonly #clock: Clock;
  readonly #turns = new Turns();
  readonly #listeners = new Set<(scene: Scene) => void>();
  #session: Session | null = null;
  #revision = 0;
  #scene: Scene | null = null;
  #isFrameAsked = false;
  /** The line under way. */
  #underWay: Promise<unknown> | null = null;
  /** A line has begun, or has ended. */
  readonly #moved = new Signal();
  /** How the power of the line under way is cut. */
  #cut: PlannedCut | null = null;

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Opens what is stored, or begins.
   *
   * @param options Where, and by which clock.
   */
  static async open(options: EngineOptions = {}): Promise<LocalEngine> {
    const { name = "cowdisk-demo", storage = "memory", diskStorage, clock = systemClock } = options;
    const engine = new LocalEngine(clock);
    const onChange = () => engine.#change();
    engine.#session = await Session.open({ name, storage, diskStorage, clock, onChange });
    return engine;
  }

  get scene(): Scene {
    return this.#scene ??= drawScene(this.#open, ++this.#revision, this.#underWay !== null);
  }

  onScene(listener: (scene: Scene) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async run(line: string): Promise<Outcome> {
    try {
      const parsed = parseLine(line, COMMANDS, this.#nextSeed);
      if (parsed.command.kind === "control") return await this.#control(parsed);
      return await this.#take(() => this.#perform(parsed));
    } catch (error) {
      return { isDone: false, text: describe(error) };
    }
  }

  async follow(link: string): Promise<Outcome> {
    const lines = decodeLines(link);
    if (lines.length === 0) return { isDone: false, text: "This link tells of nothing" };
    // What is stored elsewhere is the visitor's own: no line of a link may lead there.
    for (const line of ["storage memory", "play", "pace 0", "reset"]) await this.run(line);
    for (const line of lines) {
      const { isDone, text } = await this.#followLine(line);
      const isExpected = isDone || this.scene.log[this.scene.cursor - 1]?.line === line;
      if (!isExpected) return { isDone, text: `The link goes no further than "${line}": ${text}` };
    }
    return { isDone: true, text: `${lines.length} lines of a link` };
  }

  async give(name: string, bytes: Blob): Promise<Outcome> {
    const line = `give ${name.replace(/[^\w.-]+/g, "_").slice(-NAME_LENGTH_MAX)}`;
    try {
      return await this.#take(() =>
        this.#line(line, null, true, () => takeFile(this.#open, name, bytes))
      );
    } catch (error) {
      return { isDone: false, text: describe(error) };
    }
  }

  inspect(strip: string, chunk: number): Promise<ChunkStory> {
    return tellChunk(this.#open, strip, chunk);
  }

  complete(line: string): Promise<readonly string[]> {
    return Promise.resolve(completeLine(line, COMMANDS, this.#open));
  }

  link(): string {
    return linkOf(this.scene);
  }

  /** Verifies what can be verified without I/O. */
  check(): void {
    this.#open.check();
  }

  /** Waits for the line under way, and ends; what is stored stays. */
  async close(): Promise<void> {
    await this.run("play");
    await this.#take(() => this.#open.close());
    this.#listeners.clear();
  }

  get #open(): Session {
    if (this.#session === null) throw new TypeError("The engine is not open");
    return this.#session;
  }

  get #nextSeed(): number {
    return this.#open.history.cursor + 1;
  }

  /** Runs a line of a link: one that is kept in a log, or the disk that it began with. */
  async #followLine(line: string): Promise<Outcome> {
    if (line.startsWith("give ")) return { isDone: false, text: "files do not travel with links" };
    try {
      const { command: { kind, name } } = parseLine(line, COMMANDS, 0);
      const isAllowed = kind === "line" || name === "reset" || name === "pull";
      if (isAllowed) return await this.run(line);
      return { isDone: false, text: `a link cannot ask for ${name}` };
    } catch (error) {
      return { isDone: false, text: describe(error) };
    }
  }

  // Controls.

  async #control({ command: { name }, words: [word = ""], options }: ParsedLine): Promise<Outcome> {
    const { tempo } = this.#open;
    switch (name) {
      case "pace":
        tempo.beatMs = wholeNumber(word, "milliseconds", BEAT_MS_MAX);
        break;
      case "pause":
        tempo.pause();
        return done("the next beat waits");
      case "play":
        tempo.play();
        return done("beats are performed as they come");
      case "step":
        return await this.#step();
      case "pull":
        return await this.#pull(cutOf(options, this.#nextSeed));
    }
    return done(`each beat is shown for ${tempo.beatMs} ms`);
  }

  async #step(): Promise<Outcome> {
    const { tempo } = this.#open;
    tempo.pause();
    if (!await this.#hasLine()) {
      throw new Refusal("Nothing is under way: the next line stops before its first beat");
    }
    const performed = await tempo.step();
    return { isDone: performed !== undefined, text: performed?.text ?? "the line has ended" };
  }

  /** Whether a line is under way, once those that are about to be have begun. */
  async #hasLine(): Promise<boolean> {
    while (this.#underWay === null && this.#turns.isTaken) await this.#moved.next.wait();
    return this.#underWay !== null;
  }

  /** Pulls the plug now: the line under way is cut, or there is none. */
  async #pull(cut: PlannedCut): Promise<Outcome> {
    if (this.#open.world.power === "off") throw new Refusal("There is no power to be cut");
    if (!await this.#hasLine()) {
      return await this.#take(() =>
        this.#line(cutText(cut, false), null, true, async () => {
          await this.#open.powerOff(cut.seed, cut.manner);
          return this.#open.world.survivors.join("\n");
        })
      );
    }
    this.#cut = cut;
    this.#open.tempo.cut();
    return await this.#take(() => Promise.resolve(done(this.#open.world.survivors.join("\n"))));
  }

  // Lines.

  /** Does something when all lines before it have ended. */
  #take<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#turns.take(work).finally(() => this.#moved.raise());
  }

  #perform({ command, words, options, cut, text }: ParsedLine): Promise<Outcome> {
    const session = this.#open;
    const isKept = command.kind === "line";
    return this.#line(text, cut, isKept, () => command.run({ session, words, options }));
  }

  /** Runs a line, and keeps what it has changed. */
  async #line(
    text: string,
    cut: PlannedCut | null,
    isKept: boolean,
    run: () => Promise<string | Outcome>,
  ): Promise<Outcome> {
    const session = this.#open;
    if (isKept && session.history.cursor >= LOG_LINES_MAX) {
      throw new Refusal(`The log has ${LOG_LINES_MAX} lines: reset begins another one`);
    }
    const before = { world: session.world, writeCount: session.devices.writeCount };
    this.#cut = cut;
    session.begin();
    session.tempo.begin(cut?.after ?? Infinity);
    const attempt = outcomeOf(run);
    this.#underWay = attempt;
    this.#moved.raise();
    try {
      const ending = await this.#endOf(text, await attempt);
      const isChanged = before.writeCount !== session.devices.writeCount ||
        JSON.stringify(before.world) !== JSON.stringify(session.world);
      if (!isKept || !isChanged) return ending.outcome;
      const { copiedSectors } = session.world.bill;
      const refusal = await session.keep({
        line: ending.line,
        outcome: ending.word,
        copiedSectors: copiedSectors - before.world.bill.copiedSectors,
        usedSectors: usedSectors(session),
      });
      return refusal === null ? ending.outcome : { isDone: false, text: refusal };
    } finally {
      session.tempo.end();
      this.#underWay = null;
      this.#cut = null;
      session.end();
    }
  }

  /** What a line has come to: if the plug was pulled, what survives of it. */
  async #endOf(line: string, { outcome, isFailed }: Attempt): Promise<Ending> {
    const { tempo, world } = this.#open;
    const cut = this.#cut;
    if (cut === null || world.power === "off") {
      return { outcome, line, word: isFailed ? "failed" : "done" };
    }
    const after = tempo.performedCount;
    tempo.end();
    await this.#open.powerOff(cut.seed, cut.manner);
    const text = this.#open.world.survivors.join("\n");
    const cutLine = `${line}; ${cutText({ ...cut, after }, true)}`;
    return { outcome: { isDone: false, text }, line: cutLine, word: "cut" };
  }

  // Scenes.

  #change(): void {
    this.#scene = null;
    if (this.#isFrameAsked || this.#listeners.size === 0) return;
    this.#isFrameAsked = true;
    void this.#clock.sleep(FRAME_MS).then(() => {
      this.#isFrameAsked = false;
      const { scene } = this;
      for (const listener of this.#listeners) listener(scene);
    });
  }
}

function done(text: string): Outcome {
  return { isDone: true, text };
}

/** What a line's own work has come to. */
interface Attempt {
  readonly outcome: Outcome;
  readonly isFailed: boolean;
}

/** How a line has ended, and how the log has it. */
interface Ending {
  readonly outcome: Outcome;
  readonly line: string;
  readonly word: LogLine["outcome"];
}

async function outcomeOf(run: () => Promise<string | Outcome>): Promise<Attempt> {
  try {
    const result = await run();
    return { outcome: typeof result === "string" ? done(result) : result, isFailed: false };
  } catch (error) {
    return { outcome: { isDone: false, text: describe(error) }, isFailed: true };
  }
}

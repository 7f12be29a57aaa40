/**
 * What is put aside: no click of the page takes away what a visitor has made.
 *
 * Guide and scenes begin with disks of their own. What is shown before them is put aside first, and can
 * be brought back; whatever is shown then changes places with it.
 *
 * | what is shown | is put aside as |
 * |---|---|
 * | a story of guide or scenes, as far as they tell it | nothing: they tell it again |
 * | a world in IndexedDB or OPFS | the word for it: it stays there, the page goes on in memory |
 * | a world in memory | its lines, and the files that it was given; they make it again |
 *
 * What cannot be put aside is not left: a file that was given to a page before this one is a file that
 * this one has not got.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { GUIDE } from "../engine/guide.ts";
import { beginningOf } from "../engine/link.ts";
import type { DemoEngine, LogLine, Outcome, Scene, StorageWord } from "../engine/scene.ts";
import { LINES, SCENARIOS } from "./lines.ts";

/** A world, as lines that make it. */
interface Story {
  readonly storage: "memory";
  /** The disk that it begins with. */
  readonly beginning: string;
  readonly lines: readonly string[];
  /** By the place of the line that took it. */
  readonly files: ReadonlyMap<number, File>;
  readonly cursor: number;
}

/** A world that is kept where a word says. */
interface Kept {
  readonly storage: Exclude<StorageWord, "memory">;
  readonly lines: readonly string[];
}

/** What guide and scenes make, each from an empty disk. */
const TOLD: readonly (readonly string[])[] = [
  ...GUIDE.map(({ start, lines }) => [...start, ...lines]),
  ...SCENARIOS.map(({ lines }) => lines.slice(1)),
];

const isGift = (line: string) => line.startsWith("give ");
const linesOf = (log: readonly LogLine[]) => log.map(({ line }) => line);

/** Whether guide or scenes would tell it again. */
function isTold(lines: readonly string[]): boolean {
  return TOLD.some((told) => lines.every((line, at) => line === told[at]));
}

/** Whether a file would be a snapshot of the disk that there is, and not another disk. */
async function isCow(file: File): Promise<boolean> {
  return await file.slice(0, 4).text() === "SnAp";
}

/** Worlds that are not shown. */
export class Aside {
  readonly #engine: DemoEngine;
  /** The one that was put aside last is the last. */
  #worlds: (Story | Kept)[] = [];
  /** The files of the world that is shown, by the place of the line that took each. */
  #files = new Map<number, File>();

  /**
   * Nothing is aside.
   *
   * @param engine What is shown.
   */
  constructor(engine: DemoEngine) {
    this.#engine = engine;
  }

  /** What would be brought back, in words; `undefined` when nothing would. */
  get words(): string | undefined {
    const world = this.#worlds.at(-1);
    if (world === undefined) return undefined;
    const count = world.lines.length;
    const what = `Your disk, of ${count} ${count === 1 ? "command" : "commands"}`;
    return world.storage === "memory" ? `${what}, is put aside.` : `${what}, is kept.`;
  }

  /** Whether the page has left a world in IndexedDB or OPFS, which the next visit begins with. */
  get isKept(): boolean {
    return this.#worlds.some(({ storage }) => storage !== "memory");
  }

  /**
   * Gives the engine a file, and remembers it: lines alone would not make its world again.
   *
   * @param file The file.
   */
  async give(file: File): Promise<Outcome> {
    if (await isCow(file)) return await this.#give(file);
    // An image is another disk.
    const worlds = this.#worlds;
    const files = this.#files;
    const { storage } = this.#engine.scene;
    const left = await this.leave();
    if (!left.isDone) return left;
    const outcome = await this.#give(file);
    if (!outcome.isDone) {
      this.#worlds = worlds;
      this.#files = files;
      if (storage !== this.#engine.scene.storage) await this.#engine.run(LINES.storage(storage));
    }
    return outcome;
  }

  /**
   * Goes elsewhere by a line, and puts aside what is shown unless it comes along.
   *
   * @param line The line: `storage …`.
   */
  async move(line: string): Promise<Outcome> {
    const before = this.#engine.scene;
    const world = before.storage === "memory" ? this.#describe(before) : undefined;
    if (typeof world === "string") return { isDone: false, text: world };
    const outcome = await this.#engine.run(line);
    const { storage, log } = this.#engine.scene;
    const isTakenAlong = linesOf(log).join("\n") === linesOf(before.log).join("\n");
    if (!isTakenAlong) {
      this.#files = new Map();
      if (world !== undefined) this.#worlds = [...this.#worlds, world];
    }
    this.#worlds = this.#worlds.filter((each) =>
      each.storage === "memory" || each.storage !== storage
    );
    return outcome;
  }

  /**
   * Leaves the disk to whoever is about to begin another one: in memory, with nothing on it that is
   * missed.
   *
   * @returns Why it cannot be left, when it cannot.
   */
  async leave(): Promise<Outcome> {
    await this.#settle();
    const before = this.#worlds;
    const { scene } = this.#engine;
    const world = this.#describe(scene);
    if (typeof world === "string") return { isDone: false, text: world };
    if (world !== undefined) this.#worlds = [...before, world];
    if (scene.storage !== "memory") {
      const moved = await this.#engine.run(LINES.storage("memory"));
      if (!moved.isDone) {
        this.#worlds = before;
        return moved;
      }
    }
    this.#files = new Map();
    return { isDone: true, text: "" };
  }

  /**
   * Shows again what was put aside last; what is shown now goes behind all others.
   *
   * @returns What went wrong, when something did.
   */
  async bringBack(): Promise<Outcome> {
    const world = this.#worlds.at(-1);
    if (world === undefined) return { isDone: false, text: "Nothing is put aside" };
    const { beatMs } = this.#engine.scene.tempo;
    const before = this.#worlds;
    const left = await this.leave();
    if (!left.isDone) return left;
    await this.#engine.run(LINES.pace(0));
    const mine = this.#worlds.slice(before.length);
    const back = world.storage === "memory"
      ? await this.#tell(world)
      : await this.#engine.run(LINES.storage(world.storage));
    this.#worlds = [...mine, ...before.slice(0, back.isDone ? -1 : undefined)];
    await this.#engine.run(LINES.pace(beatMs));
    return back;
  }

  /** What is under way ends first: it is the visitor's, too. */
  async #settle(): Promise<void> {
    const { beatMs } = this.#engine.scene.tempo;
    await this.#engine.run(LINES.play);
    await this.#engine.run(LINES.pace(0));
    // Waits for its turn, and changes nothing.
    await this.#engine.run("status");
    await this.#engine.run(LINES.pace(beatMs));
  }

  /** What there is to be put aside: nothing, a world, or why it cannot be. */
  #describe(scene: Scene): Story | Kept | string | undefined {
    const { storage, log, cursor } = scene;
    const lines = linesOf(log);
    if (storage !== "memory") return lines.length === 0 ? undefined : { storage, lines };
    if (isTold(lines)) return undefined;
    const lost = lines.find((line, at) => isGift(line) && !this.#files.has(at));
    if (lost !== undefined) {
      return `Not begun: your disk would be lost, for the file of "${lost}" is not at hand. ` +
        "Keep it as a file, and type reset";
    }
    const beginning = beginningOf(scene);
    return { storage, beginning, lines, files: new Map(this.#files), cursor };
  }

  async #give(file: File): Promise<Outcome> {
    const outcome = await this.#engine.give(file.name, file);
    if (outcome.isDone) this.#files.set(this.#engine.scene.cursor - 1, file);
    return outcome;
  }

  async #tell({ beginning, lines, files, cursor }: Story): Promise<Outcome> {
    const begun = await this.#engine.run(beginning);
    if (!begun.isDone) return begun;
    for (const [at, line] of lines.entries()) {
      const file = isGift(line) ? files.get(at) : undefined;
      const { text } = file === undefined ? await this.#engine.run(line) : await this.#give(file);
      // A line may have failed, or was cut, and was kept all the same.
      if (this.#engine.scene.cursor !== at + 1) return { isDone: false, text };
    }
    if (cursor < lines.length) return await this.#engine.run(LINES.goTo(cursor));
    return { isDone: true, text: "" };
  }
}

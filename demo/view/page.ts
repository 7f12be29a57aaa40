/**
 * What every panel of the page is given.
 *
 * @module
 */
import type { ChunkStory, DemoEngine, Scene } from "../engine/scene.ts";
import type { Aside } from "./aside.ts";

/** One chunk of one strip. */
export interface Selection {
  readonly strip: string;
  readonly chunk: number;
}

/** A command that was run from this page, and what it said. */
export interface Answer {
  readonly line: string;
  readonly text: string;
  readonly outcome: "running" | "done" | "failed";
}

/** The state of the page, and what a panel may do. */
export interface Page {
  readonly engine: DemoEngine;
  readonly scene: Scene;
  /** What the visitor has made and is not shown. */
  readonly aside: Aside;
  /** What one points at. */
  readonly selected: Selection | undefined;
  /** What is known of it, once it is. */
  readonly story: ChunkStory | undefined;
  readonly answers: readonly Answer[];
  /** Writes a line as if it was typed, and runs it. */
  run(line: string): Promise<void>;
  /** Runs lines: at once, and the last one so that it can be watched. */
  play(lines: readonly string[]): Promise<void>;
  /** Gives the engine a file. */
  give(file: File): Promise<void>;
  /** Points at a chunk. */
  select(selection: Selection | undefined): void;
  /** Says something to those who listen. */
  say(text: string): void;
}

/**
 * What is said over the port between the page and the engine: see `port.ts`.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import type { Scene, Strip } from "./scene.ts";

/** What a page may ask for. */
export type Asked =
  | { readonly verb: "run"; readonly line: string }
  | { readonly verb: "follow"; readonly link: string }
  | { readonly verb: "give"; readonly name: string; readonly bytes: Blob }
  | { readonly verb: "inspect"; readonly strip: string; readonly chunk: number }
  | { readonly verb: "complete"; readonly line: string };

/** What goes to the worker. */
export type Request = Asked & { readonly id: number } | { readonly seen: number };

/** A scene on its way: what is as before is left out. */
export interface PackedScene extends Omit<Scene, "strips" | "log"> {
  /** A strip, or the name of one that the page has. */
  readonly strips: readonly (Strip | string)[];
  /** `null`: as before. */
  readonly log: Scene["log"] | null;
}

/** What comes back. */
export type Told =
  | { readonly scene: PackedScene }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly failure: string };

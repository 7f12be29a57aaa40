/**
 * The engine behind a port: it runs in a worker, and the page has the same interface.
 *
 *     page                                   worker
 *     { id, verb: "run", line }     ──────►  LocalEngine
 *     { scene }, { id, result }     ◄──────
 *     { seen }                      ──────►  the next scene may come
 *
 * A scene is sent when the page has seen the one before, and never more often than the engine tells of
 * one; so a page that is hidden piles up nothing. What has not changed is not sent: a strip stays the
 * same object on the page as well. An answer comes behind the scene that it has brought about.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { encodeLines } from "./link.ts";
import type { ChunkStory, DemoEngine, Outcome, Scene, Strip } from "./scene.ts";
import { type EngineOptions, LocalEngine } from "./engine.ts";

/** What a page may ask for. */
type Asked =
  | { readonly verb: "run"; readonly line: string }
  | { readonly verb: "follow"; readonly link: string }
  | { readonly verb: "give"; readonly name: string; readonly bytes: Blob }
  | { readonly verb: "inspect"; readonly strip: string; readonly chunk: number }
  | { readonly verb: "complete"; readonly line: string };

type Request = Asked & { readonly id: number } | { readonly seen: number };

/** A scene on its way: what is as before is left out. */
interface PackedScene extends Omit<Scene, "strips" | "log"> {
  /** A strip, or the name of one that the page has. */
  readonly strips: readonly (Strip | string)[];
  /** `null`: as before. */
  readonly log: Scene["log"] | null;
}

type Told =
  | { readonly scene: PackedScene }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly failure: string };

/** What of a scene the other side has. */
class ScenePacker {
  #strips: readonly Strip[] = [];
  #log: Scene["log"] | null = null;

  pack(scene: Scene): { packed: PackedScene; transfer: ArrayBuffer[] } {
    const transfer: ArrayBuffer[] = [];
    const strips = scene.strips.map((strip) => {
      if (this.#strips.includes(strip)) return strip.name;
      const copy = {
        ...strip,
        generations: strip.generations.slice(),
        places: strip.places.slice(),
      };
      transfer.push(copy.generations.buffer, copy.places.buffer);
      return copy;
    });
    const log = scene.log === this.#log ? null : scene.log;
    this.#strips = scene.strips;
    this.#log = scene.log;
    return { packed: { ...scene, strips, log }, transfer };
  }
}

/** The worker's half: one engine, one port. */
class EngineServer {
  readonly #port: MessagePort;
  readonly #engine: LocalEngine;
  readonly #packer = new ScenePacker();
  #sentRevision = -1;
  #isSeen = true;

  constructor(port: MessagePort, engine: LocalEngine) {
    this.#port = port;
    this.#engine = engine;
    port.onmessage = ({ data: request }: MessageEvent<Request>) => {
      if (!("seen" in request)) return void this.#answer(request);
      this.#isSeen = true;
      this.#send();
    };
    engine.onScene(() => this.#send());
    this.#send();
  }

  /** Sends the newest scene, unless the page has not seen the last one. */
  #send(isDue = this.#isSeen): void {
    const { scene } = this.#engine;
    if (!isDue || scene.revision === this.#sentRevision) return;
    const { packed, transfer } = this.#packer.pack(scene);
    this.#sentRevision = scene.revision;
    this.#isSeen = false;
    this.#port.postMessage({ scene: packed } satisfies Told, transfer);
  }

  async #answer(request: Asked & { readonly id: number }): Promise<void> {
    const { id } = request;
    try {
      const result = await this.#perform(request);
      this.#send(true);
      this.#port.postMessage({ id, result } satisfies Told);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#port.postMessage({ id, error: text } satisfies Told);
    }
  }

  #perform(request: Asked): Promise<unknown> {
    switch (request.verb) {
      case "run":
        return this.#engine.run(request.line);
      case "follow":
        return this.#engine.follow(request.link);
      case "give":
        return this.#engine.give(request.name, request.bytes);
      case "inspect":
        return this.#engine.inspect(request.strip, request.chunk);
      case "complete":
        return this.#engine.complete(request.line);
    }
  }
}

/**
 * Opens an engine and serves it. What goes wrong with that is told over the port.
 *
 * @param port The page's port.
 * @param options What the engine is opened with.
 * @returns The engine; `null` when it could not be opened.
 */
export async function serveEngine(
  port: MessagePort,
  options?: EngineOptions,
): Promise<LocalEngine | null> {
  try {
    const engine = await LocalEngine.open(options);
    new EngineServer(port, engine);
    return engine;
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    port.postMessage({ failure } satisfies Told);
    return null;
  }
}

interface Waiter {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** The page's half. */
export class RemoteEngine implements DemoEngine {
  readonly #port: MessagePort;
  readonly #listeners = new Set<(scene: Scene) => void>();
  readonly #waiters = new Map<number, Waiter>();
  #lastId = 0;
  #scene: Scene | null = null;

  private constructor(port: MessagePort) {
    this.#port = port;
  }

  /**
   * Connects to an engine.
   *
   * @param port The other end of the port that it is served on.
   * @returns The engine, once its first scene is there.
   * @throws {Error} When there is none; its message is for people.
   */
  static connect(port: MessagePort): Promise<RemoteEngine> {
    const engine = new RemoteEngine(port);
    return new Promise((resolve, reject) => {
      port.onmessage = ({ data: told }: MessageEvent<Told>) => {
        if ("failure" in told) return reject(new Error(told.failure));
        engine.#hear(told);
        resolve(engine);
      };
    });
  }

  get scene(): Scene {
    if (this.#scene === null) throw new TypeError("The engine has told of no scene");
    return this.#scene;
  }

  onScene(listener: (scene: Scene) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  run(line: string): Promise<Outcome> {
    return this.#ask({ verb: "run", line });
  }

  follow(link: string): Promise<Outcome> {
    return this.#ask({ verb: "follow", link });
  }

  give(name: string, bytes: Blob): Promise<Outcome> {
    return this.#ask({ verb: "give", name, bytes });
  }

  inspect(strip: string, chunk: number): Promise<ChunkStory> {
    return this.#ask({ verb: "inspect", strip, chunk });
  }

  complete(line: string): Promise<readonly string[]> {
    return this.#ask({ verb: "complete", line });
  }

  link(): string {
    const { log, cursor } = this.scene;
    return encodeLines(log.slice(0, cursor).map(({ line }) => line));
  }

  #ask<Result>(asked: Asked): Promise<Result> {
    const id = ++this.#lastId;
    return new Promise<Result>((resolve, reject) => {
      this.#waiters.set(id, { resolve, reject });
      this.#port.postMessage({ ...asked, id } satisfies Request);
    });
  }

  #hear(told: Exclude<Told, { readonly failure: string }>): void {
    if ("scene" in told) return this.#see(told.scene);
    const waiter = this.#waiters.get(told.id);
    this.#waiters.delete(told.id);
    if ("error" in told) waiter?.reject(new Error(told.error));
    else waiter?.resolve(told.result as never);
  }

  #see({ strips, log, ...rest }: PackedScene): void {
    const before = this.#scene;
    const scene = {
      ...rest,
      strips: strips.map((strip) =>
        typeof strip === "string"
          ? before?.strips.find(({ name }) => name === strip) as Strip
          : strip
      ),
      log: log ?? before?.log ?? [],
    };
    this.#scene = scene;
    this.#port.postMessage({ seen: scene.revision } satisfies Request);
    for (const listener of this.#listeners) listener(scene);
  }
}

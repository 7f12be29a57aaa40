/**
 * The engine behind a port: it runs in a worker, and the page has the same interface, by
 * `remote_engine.ts`.
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

import type { Asked, PackedScene, Request, Told } from "./port_messages.ts";
import type { Scene, Strip } from "./scene.ts";
import { type EngineOptions, LocalEngine } from "./engine.ts";

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

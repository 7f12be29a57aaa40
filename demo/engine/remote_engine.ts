/**
 * The page's half of the engine behind a port. It knows nothing of the engine but what is said over
 * the port, so that the page is small: `port.ts` has the worker's half, and what is said.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { linkOf } from "./link.ts";
import type { Asked, PackedScene, Request, Told } from "./port_messages.ts";
import type { ChunkStory, DemoEngine, Outcome, Scene, Strip } from "./scene.ts";

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
    return linkOf(this.scene);
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

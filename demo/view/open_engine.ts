/**
 * Opens the engine in its worker, where the visitor kept things last.
 *
 * | when | the engine is in |
 * |---|---|
 * | the address is a link | memory: a link is a story of its own |
 * | things were kept in IndexedDB or OPFS | that |
 * | that cannot be opened: another tab has it, or it is not allowed | memory, and the page says why |
 *
 * @module
 */
import type { DemoEngine, StorageWord } from "../engine/scene.ts";
import { RemoteEngine } from "../engine/remote_engine.ts";
import type { EngineGreeting } from "../engine/worker.ts";

/** Where the browser remembers it. */
const STORAGE_KEY = "cowdisk-demo-storage";

const STORAGES: readonly string[] = ["memory", "indexeddb", "opfs"] satisfies StorageWord[];

/** An engine, and what is to be said about how it was opened. */
export interface OpenedEngine {
  readonly engine: DemoEngine;
  readonly words: string;
}

function remembered(): StorageWord {
  try {
    const word = localStorage.getItem(STORAGE_KEY) ?? "";
    return STORAGES.includes(word) ? word as StorageWord : "memory";
  } catch {
    return "memory"; // Visitors may forbid it.
  }
}

/**
 * Remembers where things are kept.
 *
 * @param storage The word for it.
 */
export function remember(storage: StorageWord): void {
  try {
    localStorage.setItem(STORAGE_KEY, storage);
  } catch {
    // Then the next visit begins in memory.
  }
}

function connect(storage: StorageWord): Promise<RemoteEngine> {
  const worker = new Worker(new URL("../engine/worker.ts", import.meta.url), { type: "module" });
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ port: port2, options: { storage } } satisfies EngineGreeting, [port2]);
  const failed = new Promise<never>((_, reject) => {
    worker.addEventListener("error", ({ message }) => reject(new Error(message)));
  });
  return Promise.race([RemoteEngine.connect(port1), failed]).catch((error) => {
    worker.terminate();
    throw error;
  });
}

/**
 * Opens it.
 *
 * @param link The address's fragment, with its `#`; empty if there is none.
 * @returns The engine, with its first scene.
 * @throws {Error} When not even one in memory can be had.
 */
export async function openEngine(link: string): Promise<OpenedEngine> {
  if (link !== "") {
    const engine = await connect("memory");
    const { text } = await engine.follow(link);
    return { engine, words: text };
  }
  const storage = remembered();
  try {
    return { engine: await connect(storage), words: "" };
  } catch (error) {
    if (storage === "memory") throw error;
    const words = `Kept in memory for now. ${(error as Error).message}`;
    return { engine: await connect("memory"), words };
  }
}

/**
 * The engine's worker. Its first message brings a port, and what the engine is opened with:
 *
 *     const { port1, port2 } = new MessageChannel();
 *     worker.postMessage({ port: port2, options: { storage: "opfs" } }, [port2]);
 *     const engine = await RemoteEngine.connect(port1);
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import type { EngineOptions } from "./engine.ts";
import { serveEngine } from "./port.ts";

/** The first message. */
export interface EngineGreeting {
  readonly port: MessagePort;
  /** A clock and a storage of one's own do not cross to a worker. */
  readonly options?: Pick<EngineOptions, "name" | "storage">;
}

addEventListener("message", (event) => {
  const { port, options } = (event as MessageEvent<EngineGreeting>).data;
  void serveEngine(port, options);
});

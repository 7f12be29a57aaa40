/// <reference lib="dom" />
/**
 * The page, isolated: by its host's headers, or else by the service worker.
 *
 *     if (await isolateDemo() !== "reloading") await import("./main_parts.ts");
 *
 * Where the host sends the headers nothing is registered. Where neither can be had the page goes on:
 * everything in it works, on clocks that are less fine.
 *
 * @module
 */
import { isolatePage, type PageOutcome } from "cowdisk/range-worker";
import { SERVICE_WORKER } from "./service_worker_name.ts";

/**
 * Sees to it that the page is isolated. To be called first, and to be stopped after when it says
 * `reloading`.
 *
 * @returns What has become of the page.
 */
export async function isolateDemo(): Promise<PageOutcome> {
  const isControlled = "serviceWorker" in navigator && navigator.serviceWorker.controller !== null;
  if (crossOriginIsolated && !isControlled) return "isolated";
  try {
    return await isolatePage(new URL(SERVICE_WORKER, document.baseURI), { type: "classic" });
  } catch {
    return "impossible"; // No worker beside the page, as under Vite's own server, or one that is refused.
  }
}

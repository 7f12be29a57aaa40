/// <reference lib="dom" />
/**
 * A page that wants to be isolated, and puts what has become of it into its title; with what it can do
 * then, and what of its host's answers has come through.
 */
import { isolatePage } from "../../../src/emulator/range_worker.ts";

/** Whether a worker of this page sees memory that is shared with it. */
async function sharesMemory(): Promise<boolean> {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL("./shared.worker.ts", import.meta.url), { type: "module" });
  await new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = ({ message }) => reject(new Error(message || "the worker was not loaded"));
    worker.postMessage(shared);
  });
  return shared[0] === 7;
}

/** The host's answer to a request for a range, through the worker. */
async function rangeOfHost(): Promise<string> {
  const answer = await fetch("/README.md", { headers: { Range: "bytes=4-10" } });
  return `${answer.status} ${answer.headers.get("Content-Range")?.split("/")[0]}`;
}

if (history.state === null) history.replaceState("the page's own", "");
const outcome = await isolatePage("./service.ts");
if (outcome === "isolated") {
  const memory = await sharesMemory() ? "shares memory" : "shares no memory";
  document.title = `isolated, ${memory}, ${await rangeOfHost()}, ${history.state}`;
} else if (outcome === "impossible") {
  document.title = outcome;
} // A page that is about to be loaded again has nothing to tell yet.

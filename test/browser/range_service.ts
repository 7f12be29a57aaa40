/// <reference lib="dom" />
/** The service worker of `range_worker.browser.ts`. It also tells when it was born, to who asks. */
import { serveRanges } from "../../src/emulator/range_worker.ts";

serveRanges({ offerTimeoutMs: 1000 });

const birth = crypto.randomUUID();
addEventListener("message", ({ data: message, ports }) => {
  if (message === "birth") ports[0]!.postMessage(birth);
});

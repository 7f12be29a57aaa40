/// <reference lib="dom" />
/**
 * See `range_page.html`. The disk's path is behind the `#`; past its first 2000 sectors reads never
 * end. The page itself is not under the worker to which it offers.
 */
import { checked } from "../../src/block/checked.ts";
import { offerDevice } from "../../src/emulator/range_worker.ts";
import { fillPattern } from "../../src/testing/mod.ts";

const nothing = () => Promise.resolve();
const device = checked({
  name: "of another page",
  sectorCount: 4000,
  supports: { write: false, discard: false, discardZeroes: false, permanence: true },
  async read(target, sector) {
    if (sector + target.length / 512 > 2000) {
      parent.postMessage("stuck");
      await new Promise(() => {});
    }
    fillPattern(target, 1, sector);
  },
  write: nothing,
  flush: nothing,
  close: nothing,
});
const registration = await navigator.serviceWorker.getRegistration("/?sessionId=");
await offerDevice(registration!, location.hash.slice(1), device, { version: "v1" });
parent.postMessage("offered");

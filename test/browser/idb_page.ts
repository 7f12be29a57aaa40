/// <reference lib="dom" />
/** See `idb_page.html`. The disk's name is behind the `#`. */
import { openIdbDevice } from "../../src/devices/idb.ts";
import { patternOf } from "../../src/testing/mod.ts";

const device = await openIdbDevice(location.hash.slice(1), { whenBusy: "wait" });
const first = Number(sessionStorage.getItem("round") ?? 0);
for (let round = first + 1;; round++) {
  sessionStorage.setItem("round", String(round));
  await device.write(patternOf(round, 0, device.sectorCount), 0);
  await device.flush();
  parent.postMessage(round);
}

/// <reference lib="dom" />
/** A worker that writes a disk over and over, flushes it each time, and says so. */
import { openOpfsDevice } from "../../src/devices/opfs.ts";
import { patternOf } from "../../src/testing/mod.ts";

self.onmessage = async ({ data: path }: MessageEvent<string>) => {
  const device = await openOpfsDevice(path, { whenBusy: "wait" });
  for (let round = 1;; round++) {
    device.writeSync(patternOf(round, 0, device.sectorCount), 0);
    device.flushSync();
    self.postMessage(round);
    if (round % 3 === 0) device.discardSync(0, device.sectorCount);
    // So that the page is heard, and it is not always between the same two requests.
    await new Promise((resolve) => setTimeout(resolve));
  }
};

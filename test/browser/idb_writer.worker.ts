/// <reference lib="dom" />
/** A worker that writes a disk over and over, flushes it each time, and says so. */
import { openIdbDevice } from "../../src/devices/idb.ts";
import { patternOf } from "../../src/testing/mod.ts";

self.onmessage = async ({ data: name }: MessageEvent<string>) => {
  const device = await openIdbDevice(name);
  for (let round = 1;; round++) {
    await device.write(patternOf(round, 0, device.sectorCount), 0);
    await device.flush();
    self.postMessage(round);
  }
};

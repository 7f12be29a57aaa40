/**
 * dm's `delay` target without the delay, for the vector that slows a merge down with it. What is
 * compared of that vector does not depend on time.
 */
import { createLinear } from "../../src/targets/linear.ts";
import type { TargetType } from "../../src/mapper/table/target_types.ts";

/** `delay <device> <sector> <ms> [<device> <sector> <ms>]`, both devices being the same. */
export const delayType: TargetType = {
  name: "delay",
  version: "1.4.0",
  // deno-lint-ignore require-yield
  *plan([word = "", start = "0"], { openDevice, sectorCount, deviceWord }) {
    const startSector = Number(start);
    const device = openDevice(word, { reason: "Device lookup failed", startSector, sectorCount });
    return createLinear({ device, startSector, sectorCount, deviceWord });
  },
};

import { describe, test } from "vitest";
import { checked } from "../../src/block/checked.ts";
import { formatSlotFile, SlotStorage } from "../../src/devices/opfs/slot_storage.ts";
import { Prng } from "../../src/testing/mod.ts";
import { type DeviceFixture, deviceSuite } from "../../src/testing/mod.ts";
import { VolatileFile } from "../unit/devices/opfs/volatile_file.ts";

/** A disk over a file whose cache is lost with the power. */
function fixture(sectorCount: number): DeviceFixture {
  const prng = Prng.fromSeed(`opfs ${sectorCount}`);
  let file = new VolatileFile();
  formatSlotFile(file, sectorCount);
  const open = () => {
    const storage = new SlotStorage("disk", file, true);
    return Object.defineProperties(checked(storage), {
      grow: { value: (size: number) => storage.grow(size) },
    });
  };
  const device = open();
  // Zeroes that have a place in the file, so that there is something of which a read can fail.
  if (sectorCount > 0) device.writeSync(new Uint8Array(512), 0);
  return {
    device,
    reopen: open,
    cutPower() {
      file = file.afterCut(prng);
      return open();
    },
    failReads() {
      file.read = () => {
        throw new DOMException("as a test wants it", "InvalidStateError");
      };
    },
  };
}

describe("a disk in the origin private file system", async () => {
  await deviceSuite({ test, create: fixture, sectorCounts: [0, 1, 7, 300] });
});

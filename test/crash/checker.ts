/**
 * What the checker says of a COW disk after a loss of power: nothing worse than a torn tail. A repair
 * changes nothing that a snapshot shows, and leaves nothing for a second one.
 */
import { runSync } from "../../src/block/plan.ts";
import { planCowCheck, planCowRepair } from "../../src/exception/mod.ts";
import type { SimulatedDisk } from "../../src/testing/simulated_disk.ts";
import { snapshotImage } from "./snapshot_image.ts";

/**
 * Checks a COW disk that nobody has opened, and repairs it.
 *
 * @throws {Error} When the checker finds an error, or the repair does harm.
 */
export function checkAndRepair(origin: SimulatedDisk, cow: SimulatedDisk): void {
  const { state, counts } = runSync(planCowCheck({ origin, cow }));
  if (state === "blank" || state === "invalid") return;
  if (state !== "usable" || counts.errors > 0) {
    throw new Error(
      `The checker says of "${cow.name}" that it is ${state}, errors: ${counts.errors}`,
    );
  }
  const before = snapshotImage(origin, cow);
  const { after } = runSync(planCowRepair({ origin, cow }));
  const { repaired } = runSync(planCowRepair({ origin, cow }));
  if (after.counts.warnings > 0 || repaired.length > 0) {
    throw new Error(`A repair of "${cow.name}" leaves something to repair`);
  }
  const shown = snapshotImage(origin, cow);
  if (before.some((byte, index) => byte !== shown[index])) {
    throw new Error(`A repair of "${cow.name}" changes what the snapshot shows`);
  }
}

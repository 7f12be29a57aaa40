/**
 * cowdisk loses its power: on disks with a volatile cache, among steps taken in a random order.
 *
 * First come some writes and a flush, which must outlive the cut; then either many writes at once or
 * a merge, and the cut somewhere in between.
 */

import { type Plan, writeStep } from "../../src/block/plan.ts";
import { Mapper } from "../../src/mapper/mapper.ts";
import type { Prng } from "../../src/testing/prng.ts";
import { runSeeded } from "../../src/testing/seeded_runner.ts";
import { SimulatedDisk } from "../../src/testing/simulated_disk.ts";
import type { Write } from "./machine.ts";
import type { Pair } from "./pair.ts";
import { type Model, Workload } from "./workload.ts";

/** What was going on. */
export type Activity = "writing" | "merging";

/** What the cut left. */
export interface Remains {
  /** The origin's bytes. */
  readonly origin: Uint8Array;
  /** The COW device's bytes. */
  readonly cow: Uint8Array;
  /** Writes that nobody was told the end of. */
  readonly underWay: readonly Write[];
}

/**
 * Runs cowdisk until its power is cut.
 *
 * @param pair What it works on.
 * @param model Holds the pair's contents; gets the writes before the flush.
 * @param cow What the COW device holds.
 * @param activity What is going on when the power goes.
 * @param prng Chance.
 * @returns What is found afterwards.
 */
export function cutCowdisk(
  pair: Pair,
  model: Model,
  cow: Uint8Array,
  activity: Activity,
  prng: Prng,
): Remains {
  const vda = new SimulatedDisk({ name: "vda", bytes: model.origin, seed: prng.uint32() });
  const vdb = new SimulatedDisk({ name: "vdb", bytes: cow, seed: prng.uint32() });
  const mapper = new Mapper({
    disks: [
      { name: "vda", number: "254:0", device: vda },
      { name: "vdb", number: "254:16", device: vdb },
    ],
  });
  const { origin: { sectorCount }, chunkSectors, store } = pair;
  const words = `/dev/vda /dev/vdb ${store} ${chunkSectors}`;
  mapper.createSync("snap", `0 ${sectorCount} snapshot ${words}`);
  mapper.createSync("live", `0 ${sectorCount} snapshot-origin /dev/vda`);
  const workload = new Workload(prng);
  const options = { originSectors: sectorCount, chunkSectors, spanMax: 10 };
  for (const write of workload.writes({ ...options, count: 12 })) {
    mapper.device(write.device).writeSync(write.bytes, write.sector);
    model.apply(write);
  }
  for (const name of ["snap", "live"]) mapper.device(name).flushSync();
  const underWay = activity === "writing" ? workload.writesApart({ ...options, count: 24 }) : [];
  const plans: Plan[] = underWay.map(({ device, bytes, sector }) =>
    mapper.device(device).planStep(writeStep(mapper.device(device), bytes, sector))
  );
  if (activity === "merging") {
    for (const name of ["live", "snap"]) mapper.removeSync(name);
    plans.push(mapper.plansSync.create("merge", `0 ${sectorCount} snapshot-merge ${words}`));
  }
  runSeeded(plans, { seed: prng.uint32(), leafStepsMax: prng.int(200) });
  return { origin: vda.afterCut(prng).contents(), cow: vdb.afterCut(prng).contents(), underWay };
}

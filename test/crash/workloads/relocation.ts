/**
 * Relocation of bad blocks: sectors break for reads, for writes or for both, beside reads and writes.
 *
 * Every actor has blocks of its own, so that it is known whose write relocated a block.
 */
import type { Plan } from "../../../src/block/plan.ts";
import type { Prng } from "../../../src/testing/prng.ts";
import type { Workload } from "../exploration.ts";
import type { Machine } from "../machine.ts";
import type { RelocationSetting } from "../relocations.ts";
import { flush, read, write } from "../requests.ts";
import { sideBySide } from "./actors.ts";

const ACTORS = 3;

export const relocation: Workload = {
  name: "relocation",
  law: "a block that was relocated is durable where it is, and no read makes anything up",
  setting: (prng) => {
    const blockSectors = prng.pick([1, 4]);
    const blockCount = prng.intBetween(6, 12);
    return {
      originSectors: blockSectors * blockCount,
      snapshots: [],
      relocation: { blockSectors, blockCount, spareCount: 30 },
    };
  },
  *act(machine, prng) {
    yield* sideBySide(
      ...Array.from({ length: ACTORS }, (_, actor) => wearAndUse(machine, prng, actor)),
    );
  },
};

function* wearAndUse(machine: Machine, prng: Prng, actor: number): Plan {
  const { origin, setting: { relocation: places }, relocations } = machine;
  if (places === undefined || relocations === null) return;
  for (let count = 0; count < 6; count++) {
    const [sector, sectorCount] = drawInBlock(places, prng, actor);
    const kind = prng.weighted({ write: 6, fua: 1, read: 2, flush: 1, wear: 4 });
    if (kind === "wear") {
      const writes = prng.bool(0.7);
      relocations.wear(origin.disk, sector, { writes, reads: !writes || prng.bool() });
      yield* write(machine, origin, sector, 1);
    } else if (kind === "flush") yield* flush(machine, origin);
    else if (kind === "read") yield* read(machine, origin, sector, sectorCount);
    else yield* write(machine, origin, sector, sectorCount, { fua: kind === "fua" });
  }
}

/** A stretch of one block that belongs to an actor. */
function drawInBlock(places: RelocationSetting, prng: Prng, actor: number): [number, number] {
  const { blockSectors, blockCount } = places;
  const block = prng.int(Math.floor(blockCount / ACTORS)) * ACTORS + actor;
  const offset = prng.bool() ? 0 : prng.int(blockSectors);
  const sectorCount = offset === 0 && prng.bool() ? blockSectors : 1;
  return [block * blockSectors + offset, sectorCount];
}

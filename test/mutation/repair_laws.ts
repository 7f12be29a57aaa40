/**
 * The laws of a repair. What loads reads the same afterwards, and after a loss of power between or
 * within its writes; a second repair finds nothing left.
 */
import type { CowCheckReport } from "../../src/exception/mod.ts";
import type { Prng } from "../../src/testing/prng.ts";
import type { DiskWrite } from "./fuzzed_disk.ts";
import { type Reading, readNaively } from "./naive_reader.ts";
import type { Subject } from "./subject.ts";
import { isSame, law, read, shownBy, type Workbench } from "./workbench.ts";

/** Repairs; returns what the naive reader says afterwards. */
export function repairImage(
  bench: Workbench,
  subject: Subject,
  before: Reading,
  prng: Prng,
): Reading {
  const { disk, origin } = bench;
  const old = disk.bytes.slice();
  disk.begin(8);
  const { repaired, after } = subject.repair({ cow: disk.device, origin });
  disk.endCounting();
  const { writes } = disk;
  law((writes.length > 0) === (repaired.length > 0), "a repair does something else than it says");
  if (writes.length === 0) {
    law(isSame(disk.bytes, old), "a repair without a repair");
    return before;
  }
  law(writes.at(-1) === null, "a repair is not durable when it ends");
  const now = read(bench);
  expectKept(bench, before, old, now, disk.bytes);
  law(now.state === after.state, `after a repair the checker says ${after.state}`);
  expectNothingLeft(after, now);
  disk.writes = [];
  law(subject.repair({ cow: disk.device, origin }).repaired.length === 0, "a second repair");
  law(disk.writes.length === 0, "a second repair writes");
  expectHarmless(bench, before, old, writes, prng);
  return now;
}

function expectNothingLeft({ counts }: CowCheckReport, now: Reading): void {
  law(now.state === "usable", "a repair leaves what it could not repair");
  law(!now.hasStaleTail && now.hasPlainHeader, "a repair leaves something behind");
  law(counts.errors === 0, "a repair leaves errors");
}

/** What loaded before loads the same; what did not may load now. */
function expectKept(
  bench: Workbench,
  before: Reading,
  old: Uint8Array,
  now: Reading,
  bytes: Uint8Array,
): void {
  if (before.state !== "usable") {
    law(before.state === "refused" && before.why === "unreadable", `a repair of ${before.state}`);
    return;
  }
  law(now.state === "usable", `a repair makes a usable image ${now.state}`);
  const shown = shownBy(bench, before, old).slice();
  law(isSame(shownBy(bench, now, bytes), shown), "a repair changes what the snapshot shows");
  law(now.roomCount === before.roomCount, "a repair changes how much fits");
}

/** Cuts the power somewhere in a repair: each sector not yet flushed is kept or lost. */
function expectHarmless(
  bench: Workbench,
  before: Reading,
  old: Uint8Array,
  writes: readonly DiskWrite[],
  prng: Prng,
): void {
  if (before.state !== "usable") return;
  const cut = prng.int(writes.length);
  const torn = old.slice();
  const lastFlush = writes.slice(0, cut).lastIndexOf(null);
  writes.slice(0, cut + 1).forEach((write, index) => {
    if (write === null) return;
    for (let at = 0; at < write.bytes.length; at += 512) {
      if (index > lastFlush && prng.bool()) continue;
      torn.set(write.bytes.subarray(at, at + 512), write.sector * 512 + at);
    }
  });
  const { originSectors, blockSectors } = bench.base;
  const left = readNaively(torn, { originSectors, blockSectors, badSectors: new Set() });
  expectKept(bench, before, old, left, torn);
}

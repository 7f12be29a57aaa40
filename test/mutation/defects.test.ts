/**
 * What tests the fuzz tests: loaders, checkers and repairs that are broken on purpose, by a rule that
 * is left out or by something put around ours. Each must be caught, shrunk, and be had again.
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { afterEach, expect, test, vi } from "vitest";
import { checked } from "../../src/block/checked.ts";
import { planCowCheck } from "../../src/exception/mod.ts";
import { runSync } from "../../src/block/plan.ts";
import { AreaLayout, decodeHeader } from "../../src/exception/store/disk_format.ts";
import { EntryBounds } from "../../src/exception/store/entry_faults.ts";
import { ExceptionIndex } from "../../src/kernel/mod.ts";
import { Fuzzer } from "./fuzz.ts";
import { OURS, type Subject } from "./subject.ts";

afterEach(() => void vi.restoreAllMocks());

/** Mutants of these bases are tried, in turn, until one fails. */
const BASES = ["few-1", "areas-1", "tail-1", "block-8"];
const IMAGES_MAX = 4000;

/** The seed that fails, and what is said of it. */
function failureOf(subject: Subject, seeds: Iterable<string>): { seed: string; message: string } {
  const fuzzer = new Fuzzer("small", subject);
  for (const seed of seeds) {
    try {
      fuzzer.try(seed);
    } catch (error) {
      return { seed, message: (error as Error).message };
    }
  }
  throw new Error("nothing was caught");
}

function* manySeeds(): Iterable<string> {
  for (let count = 0; count < IMAGES_MAX; count++) yield `${BASES[count % BASES.length]}/${count}`;
}

function expectCaught(subject: Subject, law: RegExp): void {
  const { seed, message } = failureOf(subject, manySeeds());
  expect(message).toMatch(law);
  expect(message).toMatch(/after [0-3] mutations of /);
  expect(message).toMatch(new RegExp(`replay: deno task mutate --seed ${seed}$`));
  expect(failureOf(subject, [seed]).message).toBe(message);
}

test("ours is not caught: whatever is caught below is a defect", () => {
  expect(() => failureOf(OURS, manySeeds())).toThrow("nothing was caught");
});

// Rules left out, for loader and checker alike: only the naive reader can tell.

test("a load without the rule on metadata chunks is caught", () => {
  vi.spyOn(AreaLayout.prototype, "isMetadataChunk").mockReturnValue(false);
  expectCaught(OURS, /the checker disagrees on the state, which is refused/);
});

test("a load without the rule on old chunks is caught", () => {
  vi.spyOn(EntryBounds.prototype, "oldChunkFault").mockReturnValue(null);
  expectCaught(OURS, /disagrees|Cannot look up/);
});

test("a load without the rule on new chunks is caught", () => {
  vi.spyOn(EntryBounds.prototype, "newChunkFault").mockReturnValue(null);
  expectCaught(OURS, /disagrees|Cannot look up/);
});

// Rules left out of the loader alone.

/** Ours, but with a loader while which something is amiss. */
function amiss(spoil: () => () => void): Subject {
  return {
    ...OURS,
    open(opening) {
      const mend = spoil();
      try {
        return OURS.open(opening);
      } finally {
        mend();
      }
    },
  };
}

test("a loader that believes entries on metadata chunks is caught", () => {
  const subject = amiss(() => {
    const spy = vi.spyOn(AreaLayout.prototype, "isMetadataChunk").mockReturnValue(false);
    return () => spy.mockRestore();
  });
  expectCaught(subject, /the loader takes what does not make sense/);
});

test("a loader that believes a chunk standing twice is caught", () => {
  const subject = amiss(() => {
    const insert = ExceptionIndex.prototype.insert;
    const spy = vi.spyOn(ExceptionIndex.prototype, "insert").mockImplementation(
      function (this: ExceptionIndex, ...range) {
        insert.apply(this, range);
        return true;
      },
    );
    return () => spy.mockRestore();
  });
  expectCaught(subject, /the loader takes what does not make sense/);
});

test("a loader that crashes where it should refuse is caught, whatever is put around the crash", () => {
  const subject = amiss(() => {
    const spy = vi.spyOn(EntryBounds.prototype, "oldChunkFault").mockReturnValue(null);
    return () => spy.mockRestore();
  });
  expectCaught(subject, /the loader (fails instead of refusing: RangeError|takes what)/);
});

test("a loader that reads on and on is caught", () => {
  const open: Subject["open"] = (opening) => {
    const { magic, version } = sectorOf(opening.cow);
    while (magic !== 0 && version !== 1) sectorOf(opening.cow);
    return OURS.open(opening);
  };
  expectCaught({ ...OURS, open }, /fails instead of refusing|more than any image needs: requests/);
});

test("a loop that asks for nothing and never ends is ended from outside, with the seed", () => {
  const { href } = new URL("watchdog.ts", `file://${import.meta.dirname}/`);
  const program = `import { Watchdog } from ${JSON.stringify(href)};
    const watchdog = new Watchdog(500);
    watchdog.begin("few-1/7");
    for (;;);`;
  const { status, stderr } = spawnSync(process.execPath, ["eval", program], { encoding: "utf8" });
  expect(stderr).toMatch(/^seed few-1\/7 does not end; replay: deno task mutate --seed few-1\/7$/m);
  expect(status).not.toBe(0);
});

test("a loader that makes a buffer of the size that the header says is caught", () => {
  const open: Subject["open"] = (opening) => {
    const { chunkSectors } = sectorOf(opening.cow);
    new Uint8Array(Math.min(chunkSectors, 2 ** 21) * 512);
    return OURS.open(opening);
  };
  expectCaught({ ...OURS, open }, /more than any image needs: buffers of \d+ bytes/);
});

test("a loader that shows the wrong data for one chunk in use is caught", () => {
  const open: Subject["open"] = (opening) => {
    const { device, status } = OURS.open(opening);
    const isLong = device.sectorCount > 40;
    const wrong = checked({
      name: device.name,
      sectorCount: device.sectorCount,
      limits: device.limits,
      supports: device.supports,
      readSync(target, sector) {
        device.readSync(target, sector);
        if (isLong) target[target.length - 1]! ^= 1;
      },
      writeSync: (source, sector, fua) => device.writeSync(source, sector, { fua }),
      flushSync: () => device.flushSync(),
      closeSync: () => device.closeSync(),
    });
    return { device: wrong, status };
  };
  expectCaught({ ...OURS, open }, /the view reads wrong at sector/);
});

test("a merge that leaves the origin with one sector of its own is caught", () => {
  const merge: Subject["merge"] = (opening) => {
    const { origin } = opening;
    const last = new Uint8Array(512);
    origin.readSync(last, origin.sectorCount - 1);
    const merged = OURS.merge(opening);
    origin.writeSync(last, origin.sectorCount - 1);
    return merged;
  };
  expectCaught({ ...OURS, merge }, /a merge changes what is shown/);
});

test("a loader that writes to what it refuses is caught", () => {
  const open: Subject["open"] = (opening) => {
    try {
      return OURS.open(opening);
    } catch (error) {
      if (opening.cow.sectorCount >= 8) opening.cow.writeSync(new Uint8Array(8 * 512), 0);
      throw error;
    }
  };
  expectCaught({ ...OURS, open }, /a refused image was written to/);
});

function sectorOf(cow: Parameters<Subject["open"]>[0]["cow"]) {
  const block = new Uint8Array(512 * cow.limits.logicalSectors);
  if (cow.sectorCount === 0) return { magic: 0, valid: 0, version: 0, chunkSectors: 1 };
  cow.readSync(block, 0);
  return decodeHeader(block);
}

// Checkers and repairs.

test("a checker that passes over a kind of finding is caught", () => {
  const check: Subject["check"] = ({ onFinding = () => {}, ...options }) =>
    OURS.check({
      ...options,
      onFinding: (finding) => finding.kind === "staleTail" || onFinding(finding),
    });
  expectCaught({ ...OURS, check }, /the checker disagrees on stale bytes/);
});

test("a checker that is always content is caught", () => {
  const check: Subject["check"] = (options) => ({
    ...OURS.check(options),
    state: "usable",
    counts: { errors: 0, warnings: 0, notes: 0 },
  });
  expectCaught({ ...OURS, check }, /the checker disagrees on the state/);
});

test("a repair that clears one entry too many is caught", () => {
  const repair: Subject["repair"] = (options) => {
    const report = OURS.repair(options);
    const { cow } = options;
    const { chunkSectors, exceptionCount } = report.after;
    const { sectorCount } = cow;
    if (report.repaired.length === 0 || chunkSectors !== 1 || sectorCount < 40) return report;
    if (exceptionCount === 0 || exceptionCount > 31) return report;
    const area = new Uint8Array(512);
    void cow.read(area, 1);
    area.fill(0, (exceptionCount - 1) * 16);
    void cow.write(area, 1);
    void cow.flush();
    return { ...report, after: runSync(planCowCheck({ cow })) };
  };
  expectCaught({ ...OURS, repair }, /a repair changes/);
});

test("a repair that says nothing of what it does is caught", () => {
  const repair: Subject["repair"] = (options) => ({ ...OURS.repair(options), repaired: [] });
  expectCaught({ ...OURS, repair }, /a repair does something else than it says/);
});

test("a repair that tears what it must keep is caught, by the power cut", () => {
  // The header first goes, then comes again: right in the end, and not in between.
  const repair: Subject["repair"] = (options) => {
    const report = OURS.repair(options);
    if (report.repaired.length === 0) return report;
    const { cow } = options;
    const block = new Uint8Array(512 * cow.limits.logicalSectors);
    void cow.read(block, 0);
    void cow.write(new Uint8Array(block.length), 0);
    void cow.write(block, 0);
    void cow.flush();
    return report;
  };
  expectCaught({ ...OURS, repair }, /a repair makes a usable image blank/);
});

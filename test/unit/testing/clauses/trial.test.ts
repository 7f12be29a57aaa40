import { describe, expect, test } from "vitest";
import type { BlockDevice } from "../../../../src/block/device.ts";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";
import { type Face, Trial } from "../../../../src/testing/clauses/trial.ts";
import { type DeviceFixture, patternOf, Prng } from "../../../../src/testing/mod.ts";

/** A device that writes down which of its methods are called. */
function recorded(): { device: BlockDevice; log: string[] } {
  const log: string[] = [];
  const device = new Proxy(createMemoryDevice({ sectorCount: 8 }), {
    get(target, name) {
      const member = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...request: unknown[]) => {
        log.push(String(name));
        return member.apply(target, request);
      };
    },
  });
  return { device, log };
}

function trialOf(fixture: DeviceFixture, face: Face = "asynchronous"): Trial {
  return new Trial(fixture, face, Prng.fromSeed(1));
}

describe("a trial uses one face", () => {
  const methods: Record<Face, string[]> = {
    asynchronous: ["write", "read", "writeZeroes", "discard", "flush", "close"],
    synchronous: [
      "writeSync",
      "readSync",
      "writeZeroesSync",
      "discardSync",
      "flushSync",
      "closeSync",
    ],
  };
  for (const face of ["asynchronous", "synchronous"] as const) {
    test(face, async () => {
      const { device, log } = recorded();
      const trial = trialOf({ device }, face);
      const written = await trial.writePattern(3);
      expect(written).toEqual(patternOf(3, 0, 8));
      await trial.verifyHolds(written, "after the write");
      await trial.writeZeroes(0, 1);
      await trial.discard(1, 1);
      await trial.flush();
      await trial.close();
      expect(log).toEqual(methods[face]);
    });
  }
});

test("a synchronous request is performed at the call, and its refusal is a rejection", async () => {
  const { device, log } = recorded();
  const trial = trialOf({ device }, "synchronous");
  const flush = trial.flush();
  expect(log).toEqual(["flushSync"]);
  await flush;
  await expect(trial.read(8, 1)).rejects.toThrow();
});

test("a power puts another device in the place of the first, and one that lacks is an error", async () => {
  const { device, log } = recorded();
  const second = createMemoryDevice({ sectorCount: 9 });
  const third = createMemoryDevice({ sectorCount: 10 });
  const trial = trialOf({ device, reopen: () => second, cutPower: () => Promise.resolve(third) });
  await trial.reopen();
  expect(log).toEqual(["close"]);
  expect(trial.sectorCount).toBe(9);
  await trial.cutPower();
  expect(trial.sectorCount).toBe(10);
  second.readSync(new Uint8Array(512), 0); // Whoever cuts the power does not close.
  expect(() => trial.failReads()).toThrow("the fixture has no failReads");
});

test("contents that differ are told", async () => {
  const trial = trialOf({ device: createMemoryDevice({ sectorCount: 2 }) });
  await expect(trial.verifyHolds(patternOf(1, 0, 2), "fresh")).rejects.toThrow(
    "fresh: sector 0 differs from byte 0 on: want sector 0 of write 1, have zeroes",
  );
});

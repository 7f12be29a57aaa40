/**
 * Clauses on what a device says of itself, and on the form of its methods.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice, SyncBlockDevice } from "../../block/device.ts";
import { isPowerOfTwo, SECTOR_BYTES } from "../../block/units.ts";
import { verify } from "../verify.ts";
import type { Clause } from "./clause.ts";

const SYNC_METHODS = [
  "readSync",
  "writeSync",
  "writeZeroesSync",
  "discardSync",
  "flushSync",
  "closeSync",
] as const;

/** One good request of each kind, and one that must be refused. */
function requestsOf(device: BlockDevice): [string, () => unknown][] {
  const unit = device.limits.logicalSectors;
  const buffer = () => new Uint8Array(unit * SECTOR_BYTES);
  const end = device.sectorCount;
  return [
    ["read", () => device.read(buffer(), 0)],
    ["read past the end", () => device.read(buffer(), end)],
    ["write", () => device.write(buffer(), 0)],
    ["write past the end", () => device.write(buffer(), end)],
    ["writeZeroes", () => device.writeZeroes(0, unit)],
    ["writeZeroes past the end", () => device.writeZeroes(end, unit)],
    ["discard", () => device.discard(0, unit)],
    ["discard past the end", () => device.discard(end, unit)],
    ["flush", () => device.flush()],
    ["close", () => device.close()],
    ["a second close", () => device.close()],
    ["read after close", () => device.read(buffer(), 0)],
  ];
}

/** In order: see the file's head. */
export const declarationClauses: readonly Clause[] = [
  {
    law: "a device has a name, and sizes that are whole numbers",
    run({ device }) {
      verify(typeof device.name === "string" && device.name.length > 0, "it has no name");
      const { sectorCount, limits } = device;
      verify(
        Number.isSafeInteger(sectorCount) && sectorCount >= 0,
        `its size is ${sectorCount} sectors`,
      );
      verify(
        isPowerOfTwo(limits.logicalSectors),
        `its logical block is ${limits.logicalSectors} sectors, no power of two`,
      );
      verify(
        Number.isSafeInteger(limits.preferredSectors) && limits.preferredSectors > 0,
        `it prefers requests of ${limits.preferredSectors} sectors`,
      );
    },
  },
  {
    law: "what a device supports is declared whole, and does not change",
    run({ device }) {
      const { supports, limits } = device;
      for (const name of ["sync", "write", "discard", "discardZeroes", "permanence"] as const) {
        verify(typeof supports[name] === "boolean", `supports.${name} is ${supports[name]}`);
      }
      verify(Object.isFrozen(supports), "supports is not frozen");
      verify(Object.isFrozen(limits), "limits is not frozen");
      verify(supports.discard || !supports.discardZeroes, "it discards to zeroes, but not at all");
      verify(supports.write || !supports.discard, "it discards, but cannot be written");
    },
  },
  {
    law: "a device has the synchronous methods if and only if it says so",
    faces: ["asynchronous"],
    run({ device }) {
      for (const name of SYNC_METHODS) {
        const isThere = typeof (device as SyncBlockDevice)[name] === "function";
        verify(
          isThere === device.supports.sync,
          `supports.sync is ${device.supports.sync}, and ${name} is ${isThere ? "" : "not "}there`,
        );
      }
    },
  },
  {
    law: "an asynchronous method always returns a promise, and throws at no call",
    faces: ["asynchronous"],
    async run({ device }) {
      for (const [name, request] of requestsOf(device)) {
        let answer: unknown;
        try {
          answer = request();
        } catch (error) {
          throw new Error(`${name} threw at the call instead of rejecting: ${error}`);
        }
        verify(answer instanceof Promise, `${name} returned ${answer} instead of a promise`);
        await answer.catch(() => {}); // Which of them are refused is other clauses' business.
      }
    },
  },
  {
    law: "a synchronous method never returns a promise",
    faces: ["synchronous"],
    unitsMin: 1,
    run(trial) {
      const device = trial.device as SyncBlockDevice;
      const buffer = new Uint8Array(trial.unit * SECTOR_BYTES);
      const answers: [string, unknown][] = [
        ["readSync", device.readSync(buffer, 0)],
        ["flushSync", device.flushSync()],
      ];
      if (device.supports.write) {
        answers.push(["writeSync", device.writeSync(buffer, 0)]);
        answers.push(["writeZeroesSync", device.writeZeroesSync(0, trial.unit)]);
      }
      answers.push(["closeSync", device.closeSync()]);
      for (const [name, answer] of answers) {
        verify(answer === undefined, `${name} returned ${answer} instead of nothing`);
      }
    },
  },
];

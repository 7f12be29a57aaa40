/**
 * Reading 4 KiB through a snapshot: an index is asked, and one copy is made.
 *
 * @module
 */
import { type Contest, OPERATIONS, type Runner } from "../harness/contest.ts";
import { type Bare, bareOf, copiedOf, type Rig, type Side, uncopiedOf } from "./many_exceptions.ts";
import { CHUNK_BYTES } from "./places.ts";

/** Reads that a snapshot answers from its COW device. */
export function readCopied(exceptionCount: number): Contest {
  const rig = copiedOf(exceptionCount);
  return createContest("a copied", exceptionCount, rig, bareOf(exceptionCount));
}

/** Reads that a snapshot answers from its origin, which may be larger than its exceptions ask for. */
export function readUncopied(exceptionCount: number, originChunks = 2 * exceptionCount): Contest {
  const rig = uncopiedOf(exceptionCount, originChunks);
  return createContest("an uncopied", exceptionCount, rig, bareOf(originChunks / 2));
}

function createContest(
  which: string,
  exceptionCount: number,
  rig: () => Rig,
  bare: () => Bare,
): Contest {
  const target = new Uint8Array(CHUNK_BYTES);
  const readFrom = (name: string, side: () => Side): Runner => ({
    name,
    prepare: () => void side(),
    run() {
      const { device, sectors } = side();
      for (let count = 0; count < OPERATIONS; count++) device.readSync(target, sectors.next());
    },
  });
  return {
    title: `read ${which} chunk of a snapshot with ${exceptionCount} exceptions`,
    operations: OPERATIONS,
    floor: {
      name: "Uint8Array.set",
      prepare: () => void bare(),
      run() {
        const { region, addresses } = bare();
        for (let count = 0; count < OPERATIONS; count++) {
          const address = addresses.next();
          target.set(region.subarray(address, address + CHUNK_BYTES));
        }
      },
    },
    runners: [
      readFrom("the device below", () => rig().below),
      readFrom("the snapshot", () => rig().snapshot),
    ],
  };
}

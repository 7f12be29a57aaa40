/**
 * Writing 4 KiB where nothing has to be copied any more: through a snapshot, to a chunk that has its
 * exception; through the origin, to a chunk that its snapshot has a copy of.
 *
 * @module
 */
import { type Contest, OPERATIONS, type Runner } from "../harness/contest.ts";
import { bareOf, copiedOf, type Side } from "./many_exceptions.ts";
import { chunkOfBytes } from "./places.ts";

/** Writes through the snapshot. */
export function overwriteSnapshot(exceptionCount: number): Contest {
  return createContest("a snapshot", exceptionCount, () => copiedOf(exceptionCount)().snapshot);
}

/** Writes through the origin. */
export function overwriteOrigin(exceptionCount: number): Contest {
  return createContest("an origin", exceptionCount, () => copiedOf(exceptionCount)().origin);
}

function createContest(where: string, exceptionCount: number, view: () => Side): Contest {
  const bare = bareOf(exceptionCount);
  // The same bytes that are there: the rig stays as it is, whoever else uses it.
  const content = chunkOfBytes("content");
  const writeTo = (name: string, side: () => Side): Runner => ({
    name,
    prepare: () => void side(),
    run() {
      const { device, sectors } = side();
      for (let count = 0; count < OPERATIONS; count++) device.writeSync(content, sectors.next());
    },
  });
  return {
    title: `write a copied chunk of ${where} with ${exceptionCount} exceptions`,
    operations: OPERATIONS,
    floor: {
      name: "Uint8Array.set",
      prepare: () => void bare(),
      run() {
        const { region, addresses } = bare();
        for (let count = 0; count < OPERATIONS; count++) region.set(content, addresses.next());
      },
    },
    runners: [
      writeTo("the device below", () => copiedOf(exceptionCount)().below),
      writeTo(where, view),
    ],
  };
}

/**
 * Writing 4 KiB where nothing has to be copied any more: through a snapshot, to a chunk that has its
 * exception; through the origin, to a chunk that its snapshot has a copy of.
 *
 * @module
 */
import { type Contest, OPERATIONS, type Runner } from "../harness/contest.ts";
import { bareOf, copiedOf, sharedOf, type Side } from "./many_exceptions.ts";
import { chunkOfBytes } from "./places.ts";

/** Writes through the snapshot. */
export function overwriteSnapshot(exceptionCount: number): Contest {
  const { snapshot, below } = sidesOf(exceptionCount);
  return createContest("a snapshot", exceptionCount, below, snapshot);
}

/** Writes through the origin. */
export function overwriteOrigin(exceptionCount: number): Contest {
  const { origin, below } = sidesOf(exceptionCount);
  return createContest("an origin", exceptionCount, below, origin);
}

/** Writes through an origin whose snapshots are several, and have copies all of them. */
export function overwriteShared(exceptionCount: number, snapshots: number): Contest {
  const origin = sharedOf(exceptionCount, snapshots);
  const { below } = sidesOf(exceptionCount);
  return createContest(`an origin of ${snapshots} snapshots`, exceptionCount, below, origin);
}

function sidesOf(exceptionCount: number) {
  const rig = copiedOf(exceptionCount);
  return { snapshot: () => rig().snapshot, origin: () => rig().origin, below: () => rig().below };
}

function createContest(
  where: string,
  exceptionCount: number,
  below: () => Side,
  view: () => Side,
): Contest {
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
      writeTo("the device below", below),
      writeTo(where, view),
    ],
  };
}

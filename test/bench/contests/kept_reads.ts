/**
 * Reading 4 KiB that an earlier read has kept, beside 4 KiB that a write has excepted: to a snapshot
 * they are the same.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { openSnapshotSync } from "../../../src/mapper/stack.ts";
import { type Contest, lazy, OPERATIONS, type Runner } from "../harness/contest.ts";
import { bareOf, type Side } from "./many_exceptions.ts";
import { CHUNK_BYTES, CHUNK_SECTORS, chunkOfBytes, drawPlaces, Walk } from "./places.ts";

const CHUNK_COUNT = 1000;

/** A snapshot whose chunks were excepted in a random order: by reads that were kept, or by writes. */
function createSide(copyOnRead: boolean): Side {
  const places = drawPlaces(CHUNK_COUNT);
  const content = chunkOfBytes("content");
  const origin = createMemoryDevice({ sectorCount: CHUNK_COUNT * CHUNK_SECTORS });
  for (const place of places) origin.writeSync(content, place * CHUNK_SECTORS);
  const cow = createMemoryDevice({ sectorCount: (CHUNK_COUNT + 100) * CHUNK_SECTORS });
  const options = { origin, cow, chunkSectors: CHUNK_SECTORS, copyOnRead };
  const device = openSnapshotSync({ ...options, copyOnReadPercentMax: 100 });
  const bytes = new Uint8Array(CHUNK_BYTES);
  for (const place of places) {
    if (!copyOnRead) device.writeSync(content, place * CHUNK_SECTORS);
    device.readSync(bytes.fill(0), place * CHUNK_SECTORS);
    assertEquals(bytes, content);
    // From here on it can only come from the COW device.
    origin.writeZeroesSync(place * CHUNK_SECTORS, CHUNK_SECTORS);
    device.readSync(bytes.fill(0), place * CHUNK_SECTORS);
    assertEquals(bytes, content);
  }
  return { device, sectors: new Walk(places, (place) => place * CHUNK_SECTORS) };
}

/** Reads that a snapshot with copy-on-read answers from its COW device. */
export function readKept(): Contest {
  const bare = bareOf(CHUNK_COUNT);
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
    title: `read a kept chunk of a snapshot with ${CHUNK_COUNT} exceptions`,
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
      readFrom("a chunk that was written", lazy(() => createSide(false))),
      readFrom("a chunk that was read before", lazy(() => createSide(true))),
    ],
  };
}

/**
 * Snapshots of snapshots: reading what nobody on the way has copied, and what the topmost one has.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { SyncBlockDevice } from "../../../src/block/device.ts";
import { formatSize } from "../../../src/block/units.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { openSnapshotSync } from "../../../src/mapper/stack.ts";
import { type Contest, isSmoke, lazy, OPERATIONS } from "../harness/contest.ts";
import { type Face, runnerBy } from "./faces.ts";
import { written } from "./files.ts";
import { drawPlaces, Walk } from "./places.ts";

/** The size of the disk at the bottom: 128 MiB. */
const DISK_BYTES = isSmoke ? 2 ** 20 : 2 ** 27;

/** What is read or written through what. */
export interface Dive {
  readonly depth: number;
  readonly chunkBytes: number;
  readonly isCopied: boolean;
  readonly face: Face;
}

/** As in most rows. */
export const SHALLOW: Dive = { depth: 1, chunkBytes: 4096, isCopied: false, face: "sync" };

function createStack({ depth, chunkBytes, isCopied }: Dive) {
  const chunkSectors = chunkBytes / 512;
  const chunk = written(chunkBytes);
  const places = drawPlaces(DISK_BYTES / chunkBytes).subarray(0, isSmoke ? 16 : 8192);
  let top: SyncBlockDevice = createMemoryDevice({ sectorCount: DISK_BYTES / 512 });
  for (const place of places) top.writeSync(chunk, place * chunkSectors);
  for (let level = 0; level < depth; level++) {
    const cow = createMemoryDevice({ sectorCount: DISK_BYTES / 512 * 2 });
    top = openSnapshotSync({ origin: top, cow, chunkSectors });
  }
  if (isCopied) { for (const place of places) top.writeSync(chunk, place * chunkSectors); }
  const bytes = new Uint8Array(chunkBytes);
  top.readSync(bytes, (places[0] as number) * chunkSectors);
  assertEquals(bytes, chunk);
  return { top, chunk, sectors: new Walk(places, (place) => place * chunkSectors), places };
}

/** Reading a chunk, or writing one that was copied, at random places. */
export function dive(verb: "read" | "write", where: Dive): Contest {
  const { depth, chunkBytes, isCopied, face } = where;
  const stack = lazy(() => createStack(where));
  const region = lazy(() => written(DISK_BYTES));
  const target = new Uint8Array(chunkBytes);
  const targets = Array.from({ length: 16 }, () => new Uint8Array(chunkBytes));
  const addresses = lazy(() => new Walk(stack().places, (place) => place * chunkBytes));
  const operations = chunkBytes === 4096 ? OPERATIONS : Math.ceil(OPERATIONS / 8);
  const requests = () => {
    const { top, sectors, chunk } = stack();
    return verb === "read"
      ? {
        sync: () => top.readSync(target, sectors.next()),
        async: (_: number, lane: number) => top.read(targets[lane]!, sectors.next()),
      }
      : {
        sync: () => top.writeSync(chunk, sectors.next()),
        async: () => top.write(chunk, sectors.next()),
      };
  };
  const which = `${isCopied ? "a copied" : "an uncopied"} chunk of ${formatSize(chunkBytes)}`;
  const how = face === "sync" ? "" : `, ${face}`;
  return {
    title: `${verb} ${which} through ${depth} ${depth === 1 ? "snapshot" : "snapshots"}${how}`,
    operations,
    floor: {
      name: "Uint8Array.set",
      prepare: () => void region(),
      run() {
        const [bytes, walk, { chunk }] = [region(), addresses(), stack()];
        for (let done = 0; done < operations; done++) {
          const address = walk.next();
          if (verb === "read") target.set(bytes.subarray(address, address + chunkBytes));
          else bytes.set(chunk, address);
        }
      },
    },
    runners: [runnerBy(face, "the topmost snapshot", operations, requests)],
  };
}

/**
 * Opening a snapshot that has many exceptions: all of them are read, checked and indexed.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { openSnapshotSync } from "../../../src/mapper/stack.ts";
import { type Contest, lazy } from "../harness/contest.ts";
import { createCowImage, type Lie } from "./cow_image.ts";
import { CHUNK_BYTES, CHUNK_SECTORS } from "./places.ts";

const ENTRIES_PER_AREA = 256;

/** Opening and closing a snapshot. The floor reads the same areas, and looks at nothing. */
export function load(lie: Lie, exceptionCount: number): Contest {
  const rig = lazy(() => {
    const { cow, originChunks } = createCowImage(exceptionCount, lie);
    const origin = createMemoryDevice({ sectorCount: originChunks * CHUNK_SECTORS });
    const snapshot = openSnapshotSync({ origin, cow });
    const metadataChunks = Math.floor(exceptionCount / ENTRIES_PER_AREA) + 2;
    const status = snapshot.activeTargets?.[0]?.status() ?? "";
    assertEquals(Number(status.split(" ")[1]), metadataChunks * CHUNK_SECTORS);
    snapshot.closeSync();
    return { cow, origin };
  });
  const area = new Uint8Array(CHUNK_BYTES);
  return {
    title: `open a snapshot with ${exceptionCount} exceptions, ${lie === "runs" ? "in runs" : lie}`,
    operations: 1,
    floor: {
      name: "reading the areas",
      prepare: () => void rig(),
      run() {
        const { cow } = rig();
        for (let done = 0; done < exceptionCount; done += ENTRIES_PER_AREA) {
          cow.readSync(
            area,
            (1 + done / ENTRIES_PER_AREA * (ENTRIES_PER_AREA + 1)) * CHUNK_SECTORS,
          );
        }
      },
    },
    runners: [{
      name: "the snapshot",
      prepare: () => void rig(),
      run: () => openSnapshotSync(rig()).closeSync(),
    }],
  };
}

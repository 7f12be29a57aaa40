/** A program that makes a stack and reads from it: what a first read costs who has just begun. */
import { createMemoryDevice, openOrigin, openSnapshotSync } from "../../../src/mod.ts";

const disk = createMemoryDevice({ sectorCount: 2048 });
const cow = createMemoryDevice({ sectorCount: 2048 });
openSnapshotSync({ origin: openOrigin(disk), cow }).readSync(new Uint8Array(4096), 8);

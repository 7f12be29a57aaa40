/** A report of a server, made by hand. */
import type { ServerReport } from "../../../../src/nbd/control/control_verbs.ts";

/** An origin that is being merged into, and a device with an odd name. */
export const report: ServerReport = {
  timeMs: 1000,
  clientCount: 2,
  devices: [
    {
      name: "origin",
      number: "253:0",
      sectorCount: 2048,
      types: ["snapshot-merge"],
      state: "merging",
      usage: {
        chunkSectors: 8,
        exceptions: 10,
        sectors: { allocatedSectors: 256, totalSectors: 1024, metadataSectors: 16 },
        usedPercent: 25,
      },
      cowPath: "/srv/m.cow",
      traffic: { requestCount: 100, readBytes: 4096, writtenBytes: 8192 },
    },
    {
      name: "a\x1bb",
      number: "253:1",
      sectorCount: 2048,
      types: ["zero", "error"],
      state: "active",
      usage: null,
      cowPath: null,
      traffic: { requestCount: 0, readBytes: 0, writtenBytes: 0 },
    },
  ],
  merge: { name: "m", state: "under way", chunkCount: 40, chunksLeft: 10 },
  images: [],
};

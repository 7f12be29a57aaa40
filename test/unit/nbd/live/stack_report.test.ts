import { expect, test } from "vitest";
import { reportStack } from "../../../../src/nbd/live/stack_report.ts";
import { deviceOf, filled, liveRig } from "./rig.ts";

test("a report is all there is to tell, and can be sent as JSON", async () => {
  const { stack } = await liveRig();
  await stack.take({ name: "monday", path: "monday.cow", sectorCount: 1024 });
  await deviceOf(stack, "origin").write(filled(16, 1), 0);
  await stack.dm(["create", "zeroes", "--table", "0 8 zero; 8 8 zero"]);
  await stack.dm(["suspend", "zeroes"]);
  const traffic = { requestCount: 0, readBytes: 0, writtenBytes: 0 };
  const none = { usage: null, cowPath: null, traffic };
  const report = reportStack(stack);
  expect(report).toEqual({
    devices: [
      {
        name: "origin",
        number: "253:0",
        sectorCount: 512,
        types: ["snapshot-origin"],
        ...none,
        state: "active",
      },
      {
        name: "monday",
        number: "253:1",
        sectorCount: 512,
        types: ["snapshot"],
        state: "active",
        usage: {
          chunkSectors: 8,
          exceptions: 2,
          sectors: { allocatedSectors: 32, totalSectors: 1024, metadataSectors: 16 },
          usedPercent: 3.125,
        },
        cowPath: "monday.cow",
        traffic,
      },
      {
        name: "zeroes",
        number: "253:2",
        sectorCount: 16,
        types: ["zero"],
        ...none,
        state: "suspended",
      },
    ],
    merge: null,
    images: [
      { name: "loop0", number: "7:0", path: "disk.img", sectorCount: 512 },
      { name: "loop1", number: "7:1", path: "monday.cow", sectorCount: 1024 },
    ],
  });
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  await stack.close();
});

test("a merge is told of, and so is a snapshot that is full", async () => {
  const { stack } = await liveRig();
  await stack.take({ name: "monday", path: "monday.cow" });
  await stack.take({ name: "small", path: "small.cow", sectorCount: 32 });
  for (const at of [80, 40, 0]) await deviceOf(stack, "origin").write(filled(8, 1), at);
  await stack.merge("monday");
  const { merge, devices } = reportStack(stack);
  expect(merge).toMatchObject({ name: "monday", state: "under way", chunkCount: 3 });
  expect(devices.map(({ state }) => state)).toEqual(["merging", "Invalid"]);
  await stack.close();
});

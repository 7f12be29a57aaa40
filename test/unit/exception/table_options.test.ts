import { expect, test } from "vitest";
import { runSync } from "../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { ExceptionTable, PersistentStore, TransientStore } from "../../../src/exception/mod.ts";

test.each<["P" | "N", string, [number, number]]>([
  ["P", "source", [2 ** 38 + 1, 400]],
  ["P", "cow", [400, 2 ** 38 + 1]],
  ["N", "source", [2 ** 38 + 1, 400]],
  ["N", "cow", [400, 2 ** 38 + 1]],
])("%s: a %s of more chunks than there is room for is refused, and nothing is written", (
  type,
  name,
  [sourceSectors, cowSectors],
) => {
  const source = createMemoryDevice({ sectorCount: sourceSectors, name: "source" });
  const cow = createMemoryDevice({ sectorCount: cowSectors, name: "cow" });
  const store = type === "N"
    ? new TransientStore(cow, 1)
    : new PersistentStore({ cow, source, chunkSectors: 1, hasOverflow: false, log() {} });
  const open = () => runSync(ExceptionTable.open({ source, destination: cow, store }));
  expect(open).toThrow(`"${name}"`);
  expect(open).toThrow("274877906944");
  const header = new Uint8Array(512);
  cow.readSync(header, 0);
  expect(header).toEqual(new Uint8Array(512));
  source.closeSync();
  cow.closeSync();
});

import { expect, test } from "vitest";
import { runSync } from "../../../src/block/plan.ts";
import { chooseContexts, contextsOf } from "../../../src/nbd/meta_context.ts";
import { memoryExports } from "./dialogue.ts";

test("base:allocation says which blocks read as zeroes, and claims no holes", async () => {
  const [disk] = memoryExports(40);
  await disk.device.write(new Uint8Array(512).fill(1), 12);
  const [allocation] = contextsOf(disk);
  expect(allocation?.name).toBe("base:allocation");
  expect(runSync(allocation!.planStatus(0, 40))).toEqual([
    { sectorCount: 8, flags: 2 },
    { sectorCount: 8, flags: 0 },
    { sectorCount: 24, flags: 2 },
  ]);
  expect(runSync(allocation!.planStatus(12, 1))).toEqual([{ sectorCount: 1, flags: 0 }]);
});

test("a long request is answered for 8 MiB of it", () => {
  const [disk] = memoryExports(2 ** 20);
  const [allocation] = contextsOf(disk);
  expect(runSync(allocation!.planStatus(8, 2 ** 20 - 8))).toEqual([
    { sectorCount: 16384, flags: 2 },
  ]);
});

test("an export's own contexts come behind it, and are chosen by name or listed by namespace", () => {
  const [disk] = memoryExports();
  const named = (name: string) => ({
    name,
    *planStatus() {
      return [];
    },
  });
  const all = contextsOf({ ...disk, contexts: [named("x:one"), named("x:two")] });
  expect(all.map(({ name }) => name)).toEqual(["base:allocation", "x:one", "x:two"]);
  expect(chooseContexts(all, ["x:two", "y:", "base:allocation"], false)).toEqual([0, 2]);
  expect(chooseContexts(all, ["x:"], true)).toEqual([1, 2]);
  expect(chooseContexts(all, ["x:"], false)).toEqual([]);
  expect(chooseContexts(all, [], false)).toEqual([]);
});

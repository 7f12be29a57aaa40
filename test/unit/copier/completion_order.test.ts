import { assertEquals, assertThrows } from "@std/assert";
import { test } from "vitest";
import { codeOf } from "../../../src/block/errors.ts";
import { type Plan, runAsync, runSync } from "../../../src/block/plan.ts";
import { Copier } from "../../../src/copier/mod.ts";
import { Rig } from "./rig.ts";

/** Starts copies of one chunk each and tells in which order their callers went on. */
async function endings(seed: number, ordered: (index: number) => boolean): Promise<number[]> {
  const rig = new Rig(seed);
  const source = rig.device("source", 80);
  const target = rig.device("target", 80);
  const copier = new Copier();
  const order: number[] = [];
  function* caller(index: number): Plan {
    const targets = [{ device: target.device, sector: index * 8 }];
    const job = { source: source.device, sector: index * 8, sectorCount: 8, targets };
    yield* copier.copy({ ...job, ordered: ordered(index) });
    order.push(index);
  }
  await rig.settle(Promise.all(Array.from({ length: 10 }, (_, index) => runAsync(caller(index)))));
  return order;
}

test("ordered copies end as they were started, in whatever order their I/O ends", async () => {
  for (let seed = 0; seed < 10; seed++) {
    assertEquals(await endings(seed, () => true), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }
});

test("copies that are not ordered neither wait nor hold up the ordered ones", async () => {
  const order = await endings(3, (index) => index % 2 === 0);
  assertEquals(order.filter((index) => index % 2 === 0), [0, 2, 4, 6, 8]);
  const free = await endings(3, () => false);
  assertEquals(free.toSorted(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(free.join() === free.toSorted().join(), false, "this seed mixes them");
});

test("a failure is told in its turn, and does not hold up those behind it", async () => {
  const rig = new Rig(5);
  rig.failAt = 1;
  const source = rig.device("source", 24);
  const target = rig.device("target", 24);
  const copier = new Copier();
  const order: string[] = [];
  const copy = (index: number) => {
    const targets = [{ device: target.device, sector: index * 8 }];
    const job = {
      source: source.device,
      sector: index * 8,
      sectorCount: 8,
      targets,
      ordered: true,
    };
    return runAsync(copier.copy(job));
  };
  const first = copy(0).then(null, () => order.push("0 failed"));
  const rest = [1, 2].map((index) => copy(index).then(() => order.push(`${index} ended`)));
  await rig.settle(Promise.all([first, ...rest]));
  assertEquals(order, ["0 failed", "1 ended", "2 ended"]);
});

test("a synchronous ordered copy does not overtake: it is refused with EAGAIN", async () => {
  const rig = new Rig();
  const { device } = rig.device("slow", 16);
  const copier = new Copier();
  const targets = [{ device, sector: 8 }];
  const slow = runAsync(
    copier.copy({ source: device, sector: 0, sectorCount: 8, targets, ordered: true }),
  );
  const error = assertThrows(() =>
    runSync(copier.zero({ targets, sectorCount: 0, ordered: true }))
  );
  assertEquals(codeOf(error), "EAGAIN");
  runSync(copier.zero({ targets, sectorCount: 0 }));
  await rig.settle(slow);
  runSync(copier.zero({ targets, sectorCount: 0, ordered: true }));
});

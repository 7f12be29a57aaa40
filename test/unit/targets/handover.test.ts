/** Handover: the exceptions of a snapshot go to another target while both exist. */
import { describe, expect, test } from "vitest";
import { type Plan, runSync } from "../../../src/block/plan.ts";
import { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { planSnapshot } from "../../../src/targets/snapshot.ts";
import type { SnapshotOptions } from "../../../src/targets/snapshot_member.ts";
import { planSnapshotMerge } from "../../../src/targets/snapshot_merge.ts";
import type { Target } from "../../../src/targets/target.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import { layers, type SnapshotSetUp, Stack, statusOf } from "./rig.ts";

describe("handover: the exceptions change hands with the table", () => {
  /** A snapshot with a write of its own and one from the origin; and a target that waits for it. */
  async function setUp(plan: (options: SnapshotOptions) => Plan<Target>, more: SnapshotSetUp = {}) {
    const stack = new Stack();
    const { device, cow } = await stack.snapshot(more);
    await stack.write(device, 2, 8, 4);
    const waiting = new MappedDevice("waiting");
    runSync(waiting.load([runSync(plan(stack.options({ on: cow, ...more })))]));
    await stack.write(stack.origin, 3, 40, 8); // kept, although another target waits
    return { stack, device, waiting, cow };
  }

  test("to another snapshot: nothing is read again, nothing made until then is lost", async () => {
    const { stack, device, waiting } = await setUp(planSnapshot);
    runSync(device.suspend());
    stack.bench.trace = [];
    runSync(waiting.resume());
    expect(stack.bench.takeTrace()).toEqual([]);
    await stack.write(stack.origin, 4, 0, 60);
    await stack.verify(waiting, layers(200, [2, 8, 4]));
    runSync(device.resume());
    expect(statusOf(device)).toBe("Invalid");
    await expect(stack.read(device)).rejects.toMatchObject({ code: "EIO" });
    await device.close();
    await stack.verify(waiting, layers(200, [2, 8, 4]));
  });

  test("to a merge, with exceptions that are not durable yet", async () => {
    const { stack, device, waiting } = await setUp(planSnapshotMerge, { durability: "flush" });
    runSync(device.suspend());
    runSync(waiting.resume());
    await device.close();
    await stack.verify(waiting, layers(200, [2, 8, 4]));
    await stack.run(waiting.background());
    verifySectors(stack.disk.bytes, layers(200, [2, 8, 4]), 0, "the disk");
    expect(statusOf(waiting)).toBe("16/600 16");
  });

  test("from a merge that is suspended back to a snapshot, which goes on as one", async () => {
    const { stack, device, waiting, cow } = await setUp(planSnapshotMerge);
    runSync(device.suspend());
    runSync(waiting.resume());
    runSync(waiting.suspend());
    const third = new MappedDevice("third");
    await device.close();
    runSync(third.load([runSync(planSnapshot(stack.options({ on: cow })))]));
    runSync(third.resume());
    await stack.write(stack.origin, 5, 100, 8);
    await stack.write(third, 6, 120, 8);
    await stack.verify(third, layers(200, [2, 8, 4], [6, 120, 8]));
  });

  test("an overflow goes along", async () => {
    const more = { store: "PO", cowSectors: 32 } as const;
    const { stack, device, waiting } = await setUp(planSnapshot, more);
    await expect(stack.write(device, 4, 100, 8)).rejects.toMatchObject({ code: "EIO" });
    runSync(device.suspend());
    runSync(waiting.resume());
    expect(statusOf(waiting)).toBe("Overflow");
    await stack.verify(waiting, layers(200, [2, 8, 4]));
  });

  test("of an invalid snapshot to a merge: everything goes to the origin", async () => {
    const more = { cowSectors: 32 };
    const { stack, device, waiting } = await setUp(planSnapshotMerge, more);
    await stack.write(stack.origin, 4, 100, 8);
    expect(statusOf(device)).toBe("Invalid");
    runSync(device.suspend());
    runSync(waiting.resume());
    await stack.run(waiting.background());
    expect(statusOf(waiting)).toBe("Invalid");
    await stack.write(waiting, 5, 8, 2);
    await stack.bench.settle(waiting.flush());
    await stack.verify(waiting, layers(200, [3, 40, 8], [4, 100, 8], [5, 8, 2]));
  });

  test("is refused while the source is not suspended, and the source stays as it was", async () => {
    const { stack, device, waiting } = await setUp(planSnapshot);
    expect(() => runSync(waiting.resume())).toThrow(
      expect.objectContaining({
        reason: "Unable to perform snapshot handover until source is suspended.",
      }),
    );
    expect(waiting.inactiveTargets?.length).toBe(1);
    await stack.verify(device, layers(200, [2, 8, 4]));
  });

  test("a source that is suspended is not resumed while another one waits", async () => {
    const { stack, device, waiting } = await setUp(planSnapshot);
    runSync(device.suspend());
    expect(() => runSync(device.resume())).toThrow(
      expect.objectContaining({
        reason: "Unable to resume snapshot source until handover completes.",
      }),
    );
    runSync(waiting.clear());
    runSync(device.resume());
    await stack.verify(device, layers(200, [2, 8, 4]));
  });

  test("a source that ends before it has handed over leaves an invalid one behind", async () => {
    const { stack, device, waiting } = await setUp(planSnapshot);
    await device.close();
    runSync(waiting.resume());
    expect(statusOf(waiting)).toBe("Invalid");
    await expect(stack.read(waiting)).rejects.toMatchObject({ code: "EIO" });
    await stack.write(stack.origin, 4, 0, 8);
    await waiting.close();
  });
});

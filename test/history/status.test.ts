/**
 * Status and events, as dm tells them: every form of the line, and when somebody who waits is woken.
 */
import { expect, test } from "vitest";
import { usagePercent } from "../../src/exception/usage_watch.ts";
import { createRig, filled } from "../unit/mapper/rig.ts";
import { Stack, statusOf } from "../unit/targets/rig.ts";

/** A mapper with a snapshot of vda, in the first part of vdb unless said. */
function snapshotRig(store: string, cowSectors = 4096) {
  const rig = createRig();
  const { mapper } = rig;
  mapper.createSync("cow", `0 ${cowSectors} linear 254:16 0`);
  mapper.createSync("origin", "0 4096 snapshot-origin 254:0");
  mapper.createSync("snap", `0 4096 snapshot 254:0 /dev/mapper/cow ${store} 8`);
  const write = (name: string, chunk: number) =>
    mapper.device(name).writeSync(filled(8, 7), chunk * 8);
  return { ...rig, write, status: () => mapper.status("snap") };
}

test("a snapshot's status line has numbers, or one of dm's words", () => {
  const fresh = snapshotRig("P");
  expect(fresh.mapper.status("origin")).toEqual(["0 4096 snapshot-origin "]);
  expect(fresh.status()).toEqual(["0 4096 snapshot 16/4096 16"]);
  fresh.write("snap", 3);
  fresh.write("origin", 9);
  expect(fresh.status()).toEqual(["0 4096 snapshot 32/4096 16"]);

  const transient = snapshotRig("N", 16);
  expect(transient.status()).toEqual(["0 4096 snapshot 0/16 0"]);
  transient.write("snap", 3);
  expect(transient.status()).toEqual(["0 4096 snapshot 8/16 0"]);

  const full = snapshotRig("PO", 24);
  full.write("snap", 3);
  expect(full.status()).toEqual(["0 4096 snapshot 24/24 16"]);
  expect(() => full.write("snap", 4)).toThrow("is full");
  expect(full.status()).toEqual(["0 4096 snapshot Overflow"]);
  full.write("origin", 5);
  expect(full.status()).toEqual(["0 4096 snapshot Invalid"]);

  const merging = snapshotRig("P");
  merging.write("snap", 3);
  merging.mapper.removeSync("snap");
  merging.mapper.removeSync("origin");
  merging.mapper.createSync("origin", "0 4096 snapshot-merge 254:0 /dev/mapper/cow P 8");
  expect(merging.mapper.status("origin")).toEqual(["0 4096 snapshot-merge 16/4096 16"]);
});

test("a merge that failed says so, and an invalid snapshot that is merged says that it is invalid", async () => {
  const stack = new Stack();
  const merge = await stack.merge(await stack.written([[2, 8, 8]]));
  expect(statusOf(merge)).toBe("24/600 16");
  stack.bench.fault = ({ disk, kind }) => disk === "disk" && kind === "write";
  await stack.run(merge.background());
  expect(statusOf(merge)).toBe("Merge failed");
  stack.bench.fault = () => false;
  const small = await stack.snapshot({ cowSectors: 24 });
  await stack.write(stack.origin, 3, 100, 16);
  await small.device.close();
  await merge.close();
  expect(statusOf(await stack.merge(small.cow))).toBe("Invalid");
});

test("a fresh snapshot is 0 % full and one without room 100 %, with metadata counted", () => {
  const percent = (rig: ReturnType<typeof snapshotRig>) => {
    const [allocatedSectors = 0, totalSectors = 0, metadataSectors = 0] =
      rig.status()[0]?.match(/\d+/g)?.slice(2).map(Number) ?? [];
    return usagePercent({ allocatedSectors, totalSectors, metadataSectors });
  };
  for (const [store, cowSectors, room] of [["P", 80, 8], ["N", 80, 10]] as const) {
    const rig = snapshotRig(store, cowSectors);
    expect(percent(rig)).toBe(0);
    for (let chunk = 0; chunk < room - 1; chunk++) rig.write("snap", chunk);
    expect(percent(rig)).toBe(90);
    rig.write("snap", room);
    expect(percent(rig)).toBe(100);
  }
});

test("an invalidation is one event, whoever asks and however often it is refused", async () => {
  const { mapper, write } = snapshotRig("P", 24);
  write("origin", 1); // It is full now, and has said so.
  const before = mapper.info("snap").eventNumber;
  const waiting = mapper.wait("snap", before);
  write("origin", 2);
  expect(mapper.status("snap")).toEqual(["0 4096 snapshot Invalid"]);
  expect(await waiting).toBe(before + 1);
  for (let chunk = 3; chunk < 8; chunk++) {
    write("origin", chunk);
    expect(() => write("snap", chunk)).toThrow("invalid");
  }
  expect(mapper.info("snap").eventNumber).toBe(before + 1);
});

import { expect, test } from "vitest";
import { Probe } from "../../../../../demo/engine/world/probe.ts";
import { Tempo } from "../../../../../demo/engine/play/tempo.ts";
import { createMemoryDevice } from "../../../../../src/mod.ts";
import { describeSector, patternOf, Prng } from "../../../../../src/testing/mod.ts";
import { noTime } from "../visit.ts";

/** A probe on a device of 16 sectors. */
function probed() {
  const medium = createMemoryDevice({ sectorCount: 16 });
  const tempo = new Tempo(noTime, () => {}, () => {});
  tempo.begin(Infinity);
  const probe = new Probe({
    name: "disk",
    medium,
    tempo,
    tell: ({ verb, sector, sectorCount }) => ({
      ...{ kind: "read", device: "disk", text: verb, isPerformed: false },
      ...{ sector, sectorCount },
    }),
  });
  const stored = (sector: number) => {
    const bytes = new Uint8Array(512);
    medium.readSync(bytes, sector);
    return describeSector(bytes);
  };
  return { probe, tempo, stored };
}

test("a write is read at once, and on the medium after a flush", async () => {
  const { probe, stored } = probed();
  await probe.device.write(patternOf(1, 3, 2), 3);
  const bytes = new Uint8Array(1024);
  await probe.device.read(bytes, 3);
  expect(bytes).toEqual(patternOf(1, 3, 2));
  expect(stored(3)).toBe("zeroes");
  await probe.device.flush();
  expect(stored(3)).toBe("sector 3 of write 1");
});

test("a durable write is on the medium when it ends, and takes nothing else along", async () => {
  const { probe, stored } = probed();
  await probe.device.write(patternOf(1, 0, 1), 0);
  await probe.device.write(patternOf(2, 1, 1), 1, { fua: true });
  expect(stored(0)).toBe("zeroes");
  expect(stored(1)).toBe("sector 1 of write 2");
});

test("a careless device's flush does nothing, and its durable writes overtake", async () => {
  const { probe, stored } = probed();
  probe.isCareless = true;
  await probe.device.write(patternOf(1, 0, 1), 0);
  await probe.device.flush();
  await probe.device.write(patternOf(2, 1, 1), 1, { fua: true });
  expect([stored(0), stored(1)]).toEqual(["zeroes", "sector 1 of write 2"]);
  await probe.drain();
  expect(stored(0)).toBe("sector 0 of write 1");
});

test("a cut keeps what was flushed, and of the rest what the manner says; marks follow", async () => {
  for (const manner of ["nothing", "everything"] as const) {
    const { probe, stored } = probed();
    await probe.device.write(patternOf(1, 0, 4), 0);
    await probe.device.flush();
    await probe.device.write(patternOf(2, 0, 4), 0);
    const report = await probe.cut(Prng.fromSeed("cut"), manner);
    expect(report.volatileSectors).toEqual([0, 1, 2, 3]);
    const left = manner === "nothing" ? 1 : 2;
    expect(report.keptSectors).toHaveLength(manner === "nothing" ? 0 : 4);
    expect(stored(2)).toBe(`sector 2 of write ${left}`);
    expect(probe.marks.chunkMark(0, 4)).toBe(left);
  }
});

test("a bad sector refuses writes and can be read", async () => {
  const { probe } = probed();
  probe.badSectors.add(5);
  await expect(probe.device.write(patternOf(1, 4, 2), 4)).rejects.toMatchObject({ code: "EIO" });
  await probe.device.read(new Uint8Array(512), 5);
  await probe.device.write(patternOf(1, 6, 1), 6);
});

test("bytes are taken at the call, and looked at without a beat", async () => {
  const { probe, tempo } = probed();
  tempo.pause();
  const source = patternOf(1, 0, 1);
  const write = probe.device.write(source, 0);
  source.fill(9);
  const seen = new Uint8Array(512);
  await probe.peek(seen, 0);
  expect(describeSector(seen)).toBe("zeroes");
  tempo.play();
  await write;
  await probe.peek(seen, 0);
  expect(seen).toEqual(patternOf(1, 0, 1));
});

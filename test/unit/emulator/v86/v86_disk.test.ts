import { describe, expect, test } from "vitest";
import { v86Disk, type V86DiskFailure } from "../../../../src/emulator/v86.ts";
import { createMemoryDevice, openOrigin, openSnapshotSync } from "../../../../src/mod.ts";
import { patternOf, verifySectors } from "../../../../src/testing/mod.ts";
import { SlowStorage } from "../../../emulator/slow_device.ts";
import { quiet, SimulatedClock } from "../../../http/simulated_clock.ts";

const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });
const SECTORS = 16;
const BYTES = SECTORS * 512;

describe("a device that answers at once", () => {
  test("is read and written within the call", () => {
    const device = createMemoryDevice({ sectorCount: SECTORS });
    const hda = v86Disk(device);
    const want = patternOf(1, 2, 3);
    let endCount = 0;
    hda.set(1024, want, () => endCount++);
    hda.get(1024, want.length, (bytes) => {
      verifySectors(bytes, want, 2, "what was written");
      endCount++;
    });
    expect(endCount).toBe(2);
    expect(hda.waitingBytes).toBe(0);
  });

  test("may be a snapshot", () => {
    const origin = openOrigin(createMemoryDevice({ sectorCount: 64 }));
    const cow = createMemoryDevice({ sectorCount: 256 });
    const hda = v86Disk(openSnapshotSync({ origin, cow, chunkSectors: 8 }));
    hda.set(0, new Uint8Array(512).fill(3), () => {});
    hda.get(0, 512, (bytes) => expect(bytes[0]).toBe(3));
    const below = new Uint8Array(512).fill(9);
    origin.readSync(below, 0);
    expect(below[0]).toBe(0);
  });

  test("tells its first sector to whom asks for the geometry", () => {
    const device = createMemoryDevice({ sectorCount: SECTORS });
    device.writeSync(patternOf(4, 0, 1), 0);
    expect(v86Disk(device).get_from_cache(0, 512)).toEqual(patternOf(4, 0, 1));
  });
});

describe("a device that takes its time", () => {
  test("has taken a write's bytes when set returns", async () => {
    const slow = new SlowStorage(SECTORS);
    const hda = v86Disk(slow.device);
    const bytes = patternOf(1, 0, 1);
    hda.set(0, bytes, () => {});
    bytes.fill(0);
    await slow.letOne();
    await hda.drain();
    const found = new Uint8Array(512);
    slow.content.readSync(found, 0);
    verifySectors(found, patternOf(1, 0, 1), 0, "what was stored");
  });

  test("is read after every write that came before", async () => {
    const slow = new SlowStorage(SECTORS);
    const hda = v86Disk(slow.device);
    const answers: string[] = [];
    hda.set(0, patternOf(1, 0, 1), () => answers.push("first"));
    hda.set(0, patternOf(2, 0, 1), () => answers.push("second"));
    const read = new Promise<Uint8Array>((resolve) => hda.get(0, 512, resolve));
    expect(hda.waitingBytes).toBe(1024);
    for (let count = 0; count < 3; count++) await slow.letOne();
    verifySectors(await read, patternOf(2, 0, 1), 0, "the read");
    expect(answers).toEqual(["first", "second"]);
    expect(hda.waitingBytes).toBe(0);
  });

  test("is waited for by drain, until the last answer is given", async () => {
    const slow = new SlowStorage(SECTORS);
    const hda = v86Disk(slow.device);
    let isAnswered = false;
    hda.get(0, 512, () => isAnswered = true);
    let isDrained = false;
    const drained = hda.drain().then(() => isDrained = true);
    await quiet();
    expect([isAnswered, isDrained]).toEqual([false, false]);
    await slow.letOne();
    await drained;
    expect(isAnswered).toBe(true);
  });

  test("has its first sector ready once it was asked for", async () => {
    const slow = new SlowStorage(SECTORS);
    slow.isHolding = false;
    slow.content.writeSync(patternOf(4, 0, 1), 0);
    const hda = v86Disk(slow.device);
    expect(hda.get_from_cache(0, 512)).toBeUndefined();
    await new Promise((resolve) => hda.get_and_cache(0, 512, resolve));
    expect(hda.get_from_cache(0, 512)).toEqual(patternOf(4, 0, 1));
  });

  test("is not read any more for a request that was aborted, which is answered all the same", async () => {
    const slow = new SlowStorage(SECTORS);
    const hda = v86Disk(slow.device);
    const abort = new AbortController();
    hda.set(0, patternOf(1, 0, 1), () => {});
    const ended = new Promise((resolve) => hda.get(0, 512, resolve, { signal: abort.signal }));
    abort.abort();
    await slow.letOne();
    await ended;
    expect(slow.log).toEqual(["write 0+1 fua"]);
  });
});

test("the whole disk can be had as one buffer", async () => {
  const device = createMemoryDevice({ sectorCount: 5000 });
  device.writeSync(patternOf(1, 0, 5000), 0);
  const whole = await new Promise<ArrayBuffer | undefined>((resolve) =>
    v86Disk(device).get_buffer(resolve)
  );
  verifySectors(new Uint8Array(whole ?? new ArrayBuffer(0)), patternOf(1, 0, 5000), 0, "the disk");
});

test("a device that cannot write single sectors is refused", () => {
  const slow = new SlowStorage(SECTORS);
  const device = Object.create(slow.device, {
    limits: { value: { logicalSectors: 8, preferredSectors: 8 } },
  });
  expect(() => v86Disk(device)).toThrow(/logical blocks of 8 sectors/);
});

describe("a device that fails, with nobody to tell the guest", () => {
  async function failing(fail: (hda: ReturnType<typeof v86Disk>, slow: SlowStorage) => unknown) {
    const failures: V86DiskFailure[] = [];
    const slow = new SlowStorage(SECTORS);
    const hda = v86Disk(slow.device, { onError: (failure) => failures.push(failure) });
    fail(hda, slow);
    await slow.letOne("EIO");
    await hda.drain();
    return { failures, hda };
  }

  test("does not answer a read, for it has nothing to answer with", async () => {
    let isAnswered = false;
    const { failures } = await failing((hda) => hda.get(1024, 1024, () => isAnswered = true));
    expect(isAnswered).toBe(false);
    const cause = refusal("EIO");
    const where = { sector: 2, sectorCount: 2 };
    expect(failures).toEqual([{ verb: "read", ...where, cause, isToldToGuest: false }]);
  });

  test("ends where it has failed, until another machine is started", async () => {
    const { hda } = await failing((disk) => disk.set(1024, new Uint8Array(512), () => {}));
    expect(hda.byteLength).toBe(1024);
    hda.load();
    expect(hda.byteLength).toBe(BYTES);
  });

  test("lets a machine start whose first sector cannot be read", async () => {
    const slow = new SlowStorage(SECTORS);
    const failures: V86DiskFailure[] = [];
    const hda = v86Disk(slow.device, { onError: (failure) => failures.push(failure) });
    const answer = new Promise((resolve) => hda.get_and_cache(0, 512, resolve));
    await slow.letOne("EIO");
    expect(await answer).toBeUndefined();
    expect(hda.get_from_cache(0, 512)).toBeUndefined();
    expect(failures.length).toBe(1);
  });

  test("never throws, not even when it is closed", async () => {
    const device = createMemoryDevice({ sectorCount: SECTORS });
    const failures: V86DiskFailure[] = [];
    const hda = v86Disk(device, { onError: (failure) => failures.push(failure) });
    device.closeSync();
    hda.get(0, 512, () => {});
    hda.set(0, new Uint8Array(512), () => {});
    hda.get(BYTES, 512, () => {});
    await hda.drain();
    const codes = failures.map(({ cause }) => (cause as { code: string }).code);
    expect(codes).toEqual(["ESHUTDOWN", "ESHUTDOWN", "ESHUTDOWN"]);
  });
});

describe("what was written is durable", () => {
  test("when it is acknowledged: each", async () => {
    const slow = new SlowStorage(SECTORS);
    slow.isHolding = false;
    const hda = v86Disk(slow.device);
    await new Promise<void>((resolve) => hda.set(0, new Uint8Array(512), resolve));
    expect(slow.log).toEqual(["write 0+1 fua"]);
  });

  test("after a while without a write: later", async () => {
    const slow = new SlowStorage(SECTORS);
    slow.isHolding = false;
    const clock = new SimulatedClock(true);
    const hda = v86Disk(slow.device, { durability: "later", clock, idleMs: 100, page: null });
    hda.set(0, new Uint8Array(512), () => {});
    await clock.advance(99);
    expect(slow.log).toEqual(["write 0+1"]);
    await clock.advance(1);
    expect(slow.log).toEqual(["write 0+1", "flush"]);
  });

  test("when the disk is closed", async () => {
    const slow = new SlowStorage(SECTORS);
    slow.isHolding = false;
    const clock = new SimulatedClock(true);
    const hda = v86Disk(slow.device, { durability: "later", clock, page: null });
    hda.set(0, new Uint8Array(512), () => {});
    await hda.close();
    expect(slow.log).toEqual(["write 0+1", "flush"]);
  });

  test("only after a flush that does not fail; who asked for it is told", async () => {
    const slow = new SlowStorage(SECTORS);
    const hda = v86Disk(slow.device);
    const flushed = hda.flush();
    await slow.letOne("ENOSPC");
    await expect(flushed).rejects.toEqual(refusal("ENOSPC"));
  });
});

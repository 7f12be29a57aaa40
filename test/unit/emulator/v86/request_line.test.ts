import { expect, test } from "vitest";
import { RequestLine } from "../../../../src/emulator/v86/request_line.ts";
import { BlockDeviceError, createMemoryDevice, type SyncBlockDevice } from "../../../../src/mod.ts";
import { patternOf, verifySectors } from "../../../../src/testing/mod.ts";
import { SlowStorage } from "../../../emulator/slow_device.ts";

const SECTORS = 8192;

test("what is read at once lies in one buffer, as long as the size is the same", () => {
  const line = new RequestLine(createMemoryDevice({ sectorCount: SECTORS }), {});
  const one = line.readNow(0, 512);
  expect(line.readNow(512, 512)).toBe(one);
  expect(line.readNow(0, 1024)?.buffer).not.toBe(one?.buffer);
  const small = line.readNow(0, 512);
  expect(line.readNow(0, 1024)?.buffer).toBe(small?.buffer);
});

test("what is larger than the buffers that are kept has one of its own", () => {
  const line = new RequestLine(createMemoryDevice({ sectorCount: SECTORS }), {});
  const [limit, more] = [2 * 1024 * 1024, 2 * 1024 * 1024 + 512];
  expect(line.readNow(0, limit)?.buffer).toBe(line.readNow(512, limit)?.buffer);
  expect(line.readNow(0, more)?.buffer).not.toBe(line.readNow(512, more)?.buffer);
});

test("nothing is done at once on a device that takes its time, or that refuses", () => {
  const slow = new RequestLine(new SlowStorage(8).device, {});
  const closed = createMemoryDevice({ sectorCount: 8 });
  closed.closeSync();
  for (const line of [slow, new RequestLine(closed, {})]) {
    expect(line.readNow(0, 512)).toBeNull();
    expect(line.writeNow(0, new Uint8Array(512))).toBe(false);
    expect(line.flushNow()).toBe(false);
  }
});

/** A device that answers at once, unless it is busy; then it takes its time. */
function busyDevice(slow: SlowStorage, isBusy: () => boolean): SyncBlockDevice {
  const { device, content } = slow;
  const atOnce = (work: () => void) => {
    if (isBusy()) throw new BlockDeviceError("EAGAIN", "Cannot answer at once: it is busy");
    work();
  };
  return {
    name: "busy",
    sectorCount: content.sectorCount,
    limits: content.limits,
    supports: { ...device.supports, sync: true },
    read: (target, sector) => device.read(target, sector),
    write: (source, sector, options) => device.write(source, sector, options),
    readSync: (target, sector) => atOnce(() => content.readSync(target, sector)),
    writeSync: (source, sector) => atOnce(() => content.writeSync(source, sector)),
    writeZeroes: (sector, count) => device.writeZeroes(sector, count),
    writeZeroesSync: (sector, count) => atOnce(() => content.writeZeroesSync(sector, count)),
    discard: (sector, count) => device.discard(sector, count),
    discardSync: (sector, count) => content.discardSync(sector, count),
    flush: () => device.flush(),
    flushSync() {},
    close: () => device.close(),
    closeSync() {},
    [Symbol.dispose]() {},
    [Symbol.asyncDispose]: () => device.close(),
  };
}

test("a device that is busy now is waited for, and nothing overtakes", async () => {
  const slow = new SlowStorage(8);
  let isBusy = true;
  const line = new RequestLine(busyDevice(slow, () => isBusy), {});
  expect(line.writeNow(0, patternOf(1, 0, 1))).toBe(false);
  const first = line.take(() => line.write(patternOf(1, 0, 1), 0));
  isBusy = false;
  // It could be done at once, but came later.
  expect(line.writeNow(0, patternOf(2, 0, 1))).toBe(false);
  expect(line.readNow(0, 512)).toBeNull();
  expect(line.flushNow()).toBe(false);
  await slow.letOne();
  await first;
  await line.take(() => Promise.resolve());
  expect(line.writeNow(0, patternOf(2, 0, 1))).toBe(true);
  verifySectors(line.readNow(0, 512)!, patternOf(2, 0, 1), 0, "the sector");
});

test("a request that fails tells whoever asked, and the next one has its turn", async () => {
  const slow = new SlowStorage(8);
  const line = new RequestLine(slow.device, { fua: true });
  const failing = line.take(() => line.read(new Uint8Array(512), 0));
  const next = line.take(() => line.write(new Uint8Array(512), 512));
  const refused = expect(failing).rejects.toMatchObject({ code: "EIO" });
  await slow.letOne("EIO");
  await refused;
  await slow.letOne();
  await next;
  expect(slow.log).toEqual(["read 0+1", "write 1+1 fua"]);
});

import { truncateSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type FileDevice, openFileDevice } from "../../../src/devices/file.ts";
import { type FileIo, nodeFileIo } from "../../../src/devices/file_io.ts";
import { patternOf, verifySectors } from "../../../src/testing/mod.ts";
import { ioWith, systemError, temporaryPath } from "./temporary.ts";

function createWith(verbs: Partial<FileIo>, sectorCount = 16): FileDevice {
  return openFileDevice(temporaryPath(), {
    io: ioWith(verbs),
    create: { sectorCount },
    name: "disk",
  });
}

function readAll(device: FileDevice): Uint8Array {
  const target = new Uint8Array(device.sectorCount * 512).fill(0xa5);
  device.readSync(target, 0);
  return target;
}

test("a transfer that is interrupted or comes in pieces of any size is whole in the end", () => {
  let turn = 0;
  const device = createWith({
    read(file, target, from, byteCount, position) {
      if (turn++ % 3 === 0) throw systemError("EINTR");
      return nodeFileIo.read(file, target, from, Math.min(byteCount, turn % 700), position);
    },
    write(file, source, from, byteCount, position) {
      if (turn++ % 4 === 0) throw systemError("EINTR");
      return nodeFileIo.write(file, source, from, Math.min(byteCount, 1 + turn % 700), position);
    },
  });
  turn = 1;
  device.writeSync(patternOf(1, 0, 16), 0);
  turn = 1;
  verifySectors(readAll(device), patternOf(1, 0, 16), 0, "after short transfers");
  device.closeSync();
});

test("a write that the system takes nothing of fails instead of trying for ever", () => {
  let room = 700;
  const device = createWith({
    write(file, source, from, byteCount, position) {
      const count = nodeFileIo.write(file, source, from, Math.min(byteCount, room), position);
      room -= count;
      return count;
    },
  });
  expect(() => device.writeSync(patternOf(1, 0, 2), 4)).toThrow(expect.objectContaining({
    code: "EIO",
    message: 'Cannot write 2 sectors at sector 4 of "disk": the system took 700 bytes and no more',
  }));
  device.closeSync();
});

test("a full disk is ENOSPC, and says where", () => {
  const device = createWith({
    write() {
      throw systemError("ENOSPC");
    },
  });
  const refusal = {
    code: "ENOSPC",
    device: "disk",
    sector: 3,
    sectorCount: 2,
    message: 'Cannot write 2 sectors at sector 3 of "disk": ENOSPC: as the system says',
  };
  expect(() => device.writeSync(patternOf(1, 3, 2), 3)).toThrow(expect.objectContaining(refusal));
  expect(() => device.writeZeroesSync(0, 16)).toThrow(expect.objectContaining({ code: "ENOSPC" }));
  device.closeSync();
});

describe("a file that is cut short under the device", () => {
  test("fails with EIO where it is missing, and never reads as zeroes", () => {
    const path = temporaryPath();
    const device = openFileDevice(path, { create: { sectorCount: 16 }, name: "disk" });
    device.writeSync(patternOf(1, 0, 16), 0);
    truncateSync(path, 8 * 512 + 100);
    const target = new Uint8Array(4 * 512);
    expect(() => device.readSync(target, 6)).toThrow(expect.objectContaining({
      code: "EIO",
      message: 'Cannot read 4 sectors at sector 6 of "disk": ' +
        "the file ends at byte 4196: it was cut short",
    }));
    device.readSync(target, 4);
    verifySectors(target, patternOf(1, 4, 4), 4, "what is left");
    device.closeSync();
  });

  test("is not mended by growing: what is missing would come back as zeroes", () => {
    const path = temporaryPath();
    const device = openFileDevice(path, { create: { sectorCount: 16 }, name: "disk" });
    truncateSync(path, 8 * 512);
    expect(() => device.grow(32)).toThrow(expect.objectContaining({
      code: "EIO",
      message: 'Cannot grow "disk" to 32 sectors: it was cut short from 16 to 8 sectors',
    }));
    expect(() => device.refreshSize()).toThrow(expect.objectContaining({ code: "EIO" }));
    expect(device.sectorCount).toBe(16);
    device.closeSync();
  });
});

describe("growth while in use", () => {
  test("by the device leaves a hole of zeroes", () => {
    const device = createWith({});
    device.writeSync(patternOf(1, 0, 16), 0);
    device.grow(40);
    const expected = new Uint8Array(40 * 512);
    expected.set(patternOf(1, 0, 16));
    verifySectors(readAll(device), expected, 0, "after growth");
    device.closeSync();
  });

  test("by someone else is taken over when asked for, and not before", () => {
    const path = temporaryPath();
    const device = openFileDevice(path, { create: { sectorCount: 16 } });
    truncateSync(path, 24 * 512 + 7);
    expect(device.sectorCount).toBe(16);
    expect(device.refreshSize()).toBe(24);
    device.writeSync(patternOf(1, 23, 1), 23);
    device.closeSync();
    expect(() => device.refreshSize()).toThrow(expect.objectContaining({ code: "ESHUTDOWN" }));
  });

  test("does not make a file smaller that someone else has made larger still", () => {
    const path = temporaryPath();
    const device = openFileDevice(path, { create: { sectorCount: 16 } });
    truncateSync(path, 64 * 512);
    device.grow(32);
    expect(device.sectorCount).toBe(32);
    expect(device.refreshSize()).toBe(64);
    device.closeSync();
  });

  test("shows nothing of the bytes that were no whole sector", () => {
    const path = temporaryPath();
    writeFileSync(path, new Uint8Array(512 + 300).fill(0xee));
    const device = openFileDevice(path, { roundDown: true });
    expect(device.sectorCount).toBe(1);
    device.grow(3);
    const expected = new Uint8Array(3 * 512).fill(0xee, 0, 512);
    verifySectors(readAll(device), expected, 0, "after growth");
    device.closeSync();
  });

  test("that the disk has no room for is refused, and the device is as before", () => {
    let isFull = false;
    const device = createWith({
      resize(file, byteCount) {
        if (isFull) throw systemError("EFBIG");
        nodeFileIo.resize(file, byteCount);
      },
    });
    isFull = true;
    expect(() => device.grow(40)).toThrow(expect.objectContaining({ code: "ENOSPC" }));
    expect(device.sectorCount).toBe(16);
    device.closeSync();
  });
});

describe("durability", () => {
  function counting() {
    const log: string[] = [];
    const device = createWith({
      write(...transfer) {
        log.push("write");
        return nodeFileIo.write(...transfer);
      },
      sync: () => void log.push("sync"),
      syncLater: () => Promise.resolve(void log.push("sync later")),
    });
    log.length = 0;
    return { device, log };
  }

  test("a flush is a sync, FUA is a sync behind the write, and anything else is none", async () => {
    const { device, log } = counting();
    device.writeSync(patternOf(1, 0, 1), 0);
    device.flushSync();
    await device.flush();
    device.writeSync(patternOf(1, 0, 1), 0, { fua: true });
    await device.write(patternOf(1, 0, 1), 0, { fua: true });
    device.writeZeroesSync(0, 16, { fua: true });
    device.closeSync();
    const order = [
      "write",
      "sync",
      "sync later",
      "write",
      "sync",
      "write",
      "sync",
      "write",
      "sync",
    ];
    expect(log).toEqual(order);
  });

  test("once a flush has failed, none succeeds any more, on either face, nor does FUA", async () => {
    let isBad = true;
    const failing = () => {
      if (isBad) throw systemError("EIO");
    };
    const path = temporaryPath();
    openFileDevice(path, { create: { sectorCount: 16 } }).closeSync();
    // deno-lint-ignore require-await
    const io = ioWith({ sync: failing, syncLater: async () => failing() });
    const device = openFileDevice(path, { io, name: "disk" });
    const failure = {
      code: "EIO",
      message: 'Cannot flush "disk", and what was written since its last flush may be lost: ' +
        "EIO: as the system says",
    };
    await expect(device.flush()).rejects.toMatchObject(failure);
    isBad = false;
    expect(() => device.flushSync()).toThrow(expect.objectContaining(failure));
    await expect(device.flush()).rejects.toMatchObject(failure);
    const fua = () => device.writeSync(new Uint8Array(512), 0, { fua: true });
    expect(fua).toThrow(expect.objectContaining(failure));
    device.writeSync(new Uint8Array(512), 0);
    device.closeSync();
  });

  test("a flush that is interrupted is tried again", () => {
    let attempts = 0;
    const path = temporaryPath();
    openFileDevice(path, { create: { sectorCount: 16 } }).closeSync();
    const io = ioWith({
      sync() {
        if (++attempts < 3) throw systemError("EINTR");
      },
    });
    const device = openFileDevice(path, { io });
    device.flushSync();
    expect(attempts).toBe(3);
    device.closeSync();
  });
});

describe("close", () => {
  function withSlowFlush() {
    const log: string[] = [];
    let endFlush = () => {};
    const device = openFileDevice(temporaryPath(), {
      io: ioWith({
        syncLater: () => new Promise<void>((resolve) => endFlush = resolve),
        close(file) {
          log.push("file closed");
          nodeFileIo.close(file);
        },
      }),
      lockFile: () => ({ release: () => void log.push("lock released") }),
      create: { sectorCount: 1 },
    });
    return { device, log, endFlush: () => endFlush() };
  }

  test("waits for a flush under way, and lets go of the lock last", async () => {
    const { device, log, endFlush } = withSlowFlush();
    const flush = device.flush();
    const close = device.close().then(() => log.push("close ended"));
    await Promise.resolve();
    expect(log).toEqual([]);
    endFlush();
    await Promise.all([flush, close]);
    expect(log).toEqual(["file closed", "lock released", "close ended"]);
  });

  test("at once leaves the file to a flush under way", async () => {
    const { device, log, endFlush } = withSlowFlush();
    const flush = device.flush();
    device.closeSync();
    expect(log).toEqual([]);
    endFlush();
    await flush;
    expect(log).toEqual(["file closed", "lock released"]);
  });

  test("that the system fails says so, and still lets go of the lock", () => {
    let isReleased = false;
    const device = openFileDevice(temporaryPath(), {
      io: ioWith({
        close(file) {
          nodeFileIo.close(file);
          throw systemError("EIO");
        },
      }),
      lockFile: () => ({ release: () => void (isReleased = true) }),
      create: { sectorCount: 1 },
    });
    expect(() => device.closeSync()).toThrow(expect.objectContaining({ code: "EIO" }));
    expect(isReleased).toBe(true);
  });
});

import { readdirSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { type FileDevice, openFileDevice } from "../../../src/devices/file.ts";
import { lockFile } from "../../../src/devices/file_lock.ts";
import { announceLock } from "../../../src/devices/file_lock_announced.ts";
import { startHolder } from "./lock_process.ts";
import { temporaryPath } from "./temporary.ts";

const BUSY = expect.objectContaining({ code: "EBUSY" });

const kinds = [
  ["the system's lock", "system", lockFile],
  ["the announced lock", "announced", announceLock],
] as const;

for (const [name, kind, lock] of kinds) {
  describe(name, () => {
    const create = (): string => {
      const path = temporaryPath();
      openFileDevice(path, { create: { sectorCount: 8 } }).closeSync();
      return path;
    };
    const write = (path: string): FileDevice => openFileDevice(path, { lockFile: lock });
    const read = (path: string): FileDevice =>
      openFileDevice(path, { lockFile: lock, readOnly: true });

    test("lets in one writer, also within one process", () => {
      const path = create();
      const first = write(path);
      expect(() => write(path)).toThrow(BUSY);
      first.closeSync();
      write(path).closeSync();
    });

    test("lets readers in beside readers, and no writer beside any of them", () => {
      const path = create();
      const readers = [read(path), read(path), read(path)];
      expect(() => write(path)).toThrow(BUSY);
      readers.pop()!.closeSync();
      readers.pop()!.closeSync();
      expect(() => write(path)).toThrow(BUSY);
      readers.pop()!.closeSync();
      const writer = write(path);
      expect(() => read(path)).toThrow(BUSY);
      writer.closeSync();
      read(path).closeSync();
    });

    test("is on the file, by whatever name it is opened", () => {
      const path = create();
      symlinkSync(path, `${path}.link`);
      const writer = write(`${path}.link`);
      expect(() => write(path)).toThrow(BUSY);
      writer.closeSync();
    });

    test("is taken by the process that makes the file", () => {
      const path = temporaryPath();
      const maker = openFileDevice(path, { create: { sectorCount: 8 }, lockFile: lock });
      expect(() => write(path)).toThrow(BUSY);
      maker.closeSync();
    });

    test("is not asked for by who does not want it", () => {
      const path = create();
      const writer = write(path);
      openFileDevice(path, { lock: false }).closeSync();
      writer.closeSync();
    });

    test("leaves nothing behind beside the file", () => {
      const path = create();
      write(path).closeSync();
      read(path).closeSync();
      expect(readdirSync(dirname(path))).toEqual(["disk.img"]);
    });

    test("holds between processes, and a process that was killed holds nothing", async () => {
      const path = create();
      const holder = await startHolder(path, "writer", kind);
      expect(holder.answer).toBe("held");
      expect(() => write(path)).toThrow(BUSY);
      expect(() => read(path)).toThrow(BUSY);
      await holder.kill();
      write(path).closeSync();
      expect(readdirSync(dirname(path))).toEqual(["disk.img"]);
    });

    test("refuses the other process as it refuses this one", async () => {
      const path = create();
      const reader = read(path);
      expect((await startHolder(path, "writer", kind)).answer).toBe("refused EBUSY");
      const other = await startHolder(path, "reader", kind);
      expect(other.answer).toBe("held");
      reader.closeSync();
      expect(() => write(path)).toThrow(BUSY);
      await other.end(); // It never closed the device.
      write(path).closeSync();
    });
  });
}

test("the second opener is told in one sentence", () => {
  const path = temporaryPath();
  const first = openFileDevice(path, { create: { sectorCount: 8 } });
  const messageOf = (readOnly: boolean) => {
    try {
      openFileDevice(path, { readOnly });
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(messageOf(false)).toBe(`Cannot open "${path}" for writing: it is open elsewhere`);
  expect(messageOf(true)).toBe(
    `Cannot open "${path}" for reading: it is open for writing elsewhere`,
  );
  first.closeSync();
});

test("a file that is not there cannot be locked", () => {
  const path = temporaryPath();
  for (const lock of [lockFile, announceLock]) {
    expect(() => lock(path, "exclusive")).toThrow();
  }
  expect(() => lockFile(path, "shared")).toThrow(expect.objectContaining({ code: "ENOENT" }));
});

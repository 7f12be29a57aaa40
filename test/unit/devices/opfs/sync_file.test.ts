import { expect, test } from "vitest";
import {
  copyingShared,
  opfsRefusal,
  withSharedMemory,
} from "../../../../src/devices/opfs/sync_file.ts";
import { patternOf, verifySectors } from "../../../../src/testing/mod.ts";
import { VolatileFile } from "./volatile_file.ts";

test("the browser's errors become codes, with the error as cause", () => {
  const codeOf = (name: string) =>
    opfsRefusal(new DOMException("why", name), "Cannot", { device: "disk" }).code;
  expect(
    ["QuotaExceededError", "NoModificationAllowedError", "NotFoundError", "InvalidStateError", "?"]
      .map(codeOf),
  ).toEqual(["ENOSPC", "EBUSY", "ENOENT", "EIO", "EIO"]);
  const cause = new DOMException("why", "NotFoundError");
  expect(opfsRefusal(cause, "Cannot open", {})).toMatchObject({
    message: "Cannot open: NotFoundError: why",
    cause,
  });
});

test("a refusal is not wrapped in another", () => {
  const refusal = opfsRefusal(new Error("first"), "Cannot", {});
  expect(opfsRefusal(refusal, "Cannot again", {})).toBe(refusal);
});

test("a file that takes shared memory is used as it is", () => {
  const file = new VolatileFile();
  expect(withSharedMemory(file)).toBe(file);
});

test("a file that takes none gets copies, whole or as far as it goes", () => {
  const strict = new VolatileFile();
  const refuseShared = ({ buffer }: Uint8Array) => {
    if (buffer instanceof SharedArrayBuffer) throw new TypeError("shared");
  };
  const { read, write } = strict;
  strict.read = (target, options) => (refuseShared(target), read.call(strict, target, options));
  strict.write = (source, options) => (refuseShared(source), write.call(strict, source, options));
  const file = copyingShared(strict);
  const shared = new Uint8Array(new SharedArrayBuffer(4 * 512));
  shared.set(patternOf(1, 0, 4));
  expect(file.write(shared, { at: 0 })).toBe(2048);
  shared.fill(0xa5);
  expect(file.read(shared, { at: 1024 })).toBe(1024);
  verifySectors(shared.slice(0, 1024), patternOf(1, 2, 2), 2, "read");
  expect(shared.slice(1024)).toEqual(new Uint8Array(1024).fill(0xa5));
  file.truncate(512);
  file.flush();
  expect(file.getSize()).toBe(512);
  const own = new Uint8Array(512);
  expect(file.read(own, { at: 0 })).toBe(512);
  file.close();
  expect(strict.isClosed).toBe(true);
});

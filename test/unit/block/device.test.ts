import { expect, test } from "vitest";
import { type BlockDevice, isBusyDevice } from "../../../src/block/device.ts";
import { isKernelMemoryDevice, isSyncDevice } from "../../../src/block/device.ts";

function declaring(sync: boolean, members: object = {}): BlockDevice {
  return { supports: { sync }, ...members } as unknown as BlockDevice;
}

test("a device is synchronous if it says so, whatever methods it has", () => {
  expect(isSyncDevice(declaring(true))).toBe(true);
  expect(isSyncDevice(declaring(false, { readSync() {} }))).toBe(false);
});

test("a device is busy if it says so, or can do nothing at once", () => {
  expect(isBusyDevice(declaring(true))).toBe(false);
  expect(isBusyDevice(declaring(true, { isBusy: true }))).toBe(true);
  expect(isBusyDevice(declaring(false, { isBusy: false }))).toBe(true);
});

test("a device lies in kernel memory if it can copy there", () => {
  expect(isKernelMemoryDevice(declaring(true))).toBe(false);
  expect(isKernelMemoryDevice(declaring(true, { copySectorsSync: () => false }))).toBe(true);
});

/**
 * The library for Emscripten, evaluated with the names that the linker gives it. Compiled and run by
 * the real one it is in `test/emscripten/`.
 */
import { expect, test } from "vitest";
import { BlockDeviceError, ERROR_CODES, type ErrorCode } from "../../../../src/block/errors.ts";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";
import { patternOf } from "../../../../src/testing/mod.ts";
import { loadLibrary } from "../../../emscripten/expected.ts";

const ENODEV = 43;
const EINVAL = 28;

function load(...disks: unknown[]) {
  const HEAPU8 = new Uint8Array(65536);
  const complaints: string[] = [];
  const library = loadLibrary({
    ...{ Module: { cowdisk: disks }, HEAPU8 },
    err: (line) => void complaints.push(line),
  });
  return { library, HEAPU8, complaints };
}

test("sectors go between a disk and the heap", () => {
  const disk = createMemoryDevice({ sectorCount: 100 });
  const { library, HEAPU8 } = load(disk);
  HEAPU8.set(patternOf(1, 5, 3), 1000);
  expect(library.cowdisk_js_write!(0, 5, 1000, 3)).toBe(0);
  expect(library.cowdisk_js_read!(0, 5, 9000, 3)).toBe(0);
  expect(HEAPU8.subarray(9000, 9000 + 1536)).toEqual(patternOf(1, 5, 3));
  expect(library.cowdisk_js_discard!(0, 6, 1)).toBe(0);
  expect(library.cowdisk_js_read!(0, 6, 9000, 1)).toBe(0);
  expect(HEAPU8.subarray(9000, 9512)).toEqual(new Uint8Array(512));
  expect(library.cowdisk_js_flush!(0)).toBe(0);
  expect(library.cowdisk_js_sector_count!(0)).toBe(100);
});

test("every code of a device has its number, and nothing else is taken for one", () => {
  const codes = Object.keys(ERROR_CODES) as ErrorCode[];
  const { library } = load();
  expect(Object.keys(library.$cowdisk.errorNumbers)).toEqual(codes);
  for (const code of codes) {
    const refusing = {
      flushSync() {
        throw new BlockDeviceError(code, "as a test wants it");
      },
    };
    const number = library.$cowdisk.errorNumbers[code]!;
    expect(load(refusing).library.cowdisk_js_flush!(0)).toBe(-number);
  }
});

test("no disk is ENODEV, a bad request EINVAL, and what is no device's error EIO and told", () => {
  const odd = {
    flushSync() {
      throw new TypeError("odd");
    },
  };
  const { library, complaints } = load(createMemoryDevice({ sectorCount: 8 }), odd);
  expect(library.cowdisk_js_read!(2, 0, 0, 1)).toBe(-ENODEV);
  expect(library.cowdisk_js_sector_count!(-1)).toBe(-ENODEV);
  expect(library.cowdisk_js_read!(0, 8, 0, 1)).toBe(-EINVAL);
  expect(complaints).toEqual([]);
  expect(library.cowdisk_js_flush!(1)).toBe(-library.$cowdisk.errorNumbers.EIO!);
  expect(complaints).toEqual(["cowdisk: TypeError: odd"]);
});

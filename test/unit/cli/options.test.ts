import { describe, expect, test } from "vitest";
import { chunkSectorsOf, collect, portOf, secondsOf, sectorsOf } from "../../../src/cli/options.ts";

describe("sectorsOf() reads whole sectors", () => {
  test.for([["512", 1], ["4K", 8], ["1.5M", 3072], ["1G", 2 ** 21], ["3s", 3]] as const)(
    "%s",
    ([text, sectorCount]) => expect(sectorsOf(text)).toBe(sectorCount),
  );
});

test.for(["", "0", "-1", "513", "1.3", "K", "9999999P"])("sectorsOf() refuses %o", (text) => {
  expect(() => sectorsOf(text)).toThrow(/^Want a /);
});

test("chunkSectorsOf() takes powers of two, from one sector to 1 GiB", () => {
  expect(chunkSectorsOf("512")).toBe(1);
  expect(chunkSectorsOf("1G")).toBe(2 ** 21);
  for (const text of ["256", "1536", "2G", "0"]) {
    expect(() => chunkSectorsOf(text)).toThrow(/^Want a /);
  }
});

test("collect() keeps what was given before", () => {
  expect(collect("b", collect("a"))).toEqual(["a", "b"]);
});

test("portOf() reads a port, and refuses what is none", () => {
  expect([portOf("0"), portOf("10809"), portOf("65535")]).toEqual([0, 10809, 65535]);
  for (const text of ["", "-1", "65536", "1e3", "http"]) {
    expect(() => portOf(text)).toThrow(/^Want a port from 0 to 65535/);
  }
});

test("secondsOf() reads a time, and refuses what is none", () => {
  expect([secondsOf("0"), secondsOf("0.5"), secondsOf("86400")]).toEqual([0, 0.5, 86_400]);
  for (const text of ["", "-1", "1e9", "86401", "5s"]) {
    expect(() => secondsOf(text)).toThrow(/^Want seconds/);
  }
});

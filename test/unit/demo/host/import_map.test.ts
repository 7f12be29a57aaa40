/** Names of the import map as Vite finds them. */
import { expect, test } from "vitest";
import { importAliases, ROOT } from "../../../../demo/host/import_map.ts";

const found = (name: string) =>
  importAliases().filter(({ find }) => find.test(name)).map(({ replacement }) => replacement);

test("a name stands for a package, or for a file in one, whatever its version", () => {
  expect(found("v86")).toEqual(["v86"]);
  expect(found("@vitest/browser-playwright")).toEqual(["@vitest/browser-playwright"]);
  expect(found("@std/assert")).toEqual(["deno-std/assert/mod.js"]);
});

test("a door of this package is a file of the repository", () => {
  expect(found("cowdisk")).toEqual([`${ROOT}src/mod.ts`]);
  expect(found("cowdisk/v86")).toEqual([`${ROOT}src/emulator/v86.ts`]);
});

test("a name is taken whole", () => {
  expect(found("v86/build/v86.wasm")).toEqual([]);
  expect(found("cowdisk/nothing")).toEqual([]);
});

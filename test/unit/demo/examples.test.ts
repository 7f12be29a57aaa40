import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("a page with a disk that outlives it has no more than thirty lines beside its head", () => {
  const source = readFileSync(new URL("../../../demo/examples/disk.ts", import.meta.url), "utf8");
  const body = source.slice(source.indexOf(" */\n") + " */\n".length);
  const lines = body.split("\n").filter((line) => line.trim() !== "");
  expect(lines[0]).toMatch(/^import /);
  expect(lines.length).toBeLessThanOrEqual(30);
});

/**
 * Documentation as a test: whatever a user can import says what it is, what it takes, what it
 * gives. The rules are in `test/docs/documentation.ts`; `deno test --doc` runs the examples.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { deadLinks, Inspection, readDocumentation } from "./docs/documentation.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const config = JSON.parse(readFileSync(`${root}deno.json`, "utf8"));
const doors = Object.entries<string>(config.exports);

test.each(doors)("what is exported as %s is documented", (_door, path) => {
  const inspection = new Inspection(root);
  inspection.inspect(path, readDocumentation(`${root}${path}`));
  const { findings } = inspection;
  if (findings.length > 0) throw new Error(`${findings.length} missing:\n${findings.join("\n")}`);
});

test("what is linked to can be imported", () => {
  expect(deadLinks(doors.map(([, path]) => readDocumentation(`${root}${path}`)))).toEqual([]);
});

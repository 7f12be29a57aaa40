/** The guests' bytes are kept, so that a browser needs no assembler: here they are assembled again. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { assemble, type GuestName, GUESTS, keptPath } from "./guests/assemble.ts";

test.for(Object.keys(GUESTS) as GuestName[])("%s is what its source says", (name) => {
  expect([...readFileSync(keptPath(name))]).toEqual([...assemble(name)]);
});

test("the notebook is a boot sector", () => {
  const bytes = readFileSync(keptPath("notebook"));
  expect(bytes.length).toBe(512);
  expect([...bytes.subarray(510)]).toEqual([0x55, 0xaa]);
});

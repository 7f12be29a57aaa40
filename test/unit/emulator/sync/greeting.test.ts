import { expect, test } from "vitest";
import { noSharedMemory } from "../../../../src/emulator/sync/greeting.ts";

test("what cannot be done without isolation is refused with what to do", () => {
  const cause = new Error("as the browser says it");
  expect(noSharedMemory(cause)).toMatchObject({ code: "ENOTSUP", cause });
  expect(noSharedMemory().message).toContain("cross-origin isolated");
  expect(noSharedMemory()).not.toHaveProperty("cause");
});

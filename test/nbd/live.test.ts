/** Stacks that change while clients write, by seed, the same ones in every run; `deno task fuzz:nbd` draws others. */
import { test } from "vitest";
import { tryLiveStack } from "./live_laws.ts";

const RUN_COUNT = 40;

test("snapshots are taken, written, dropped and merged while clients write, and all read as they should", async () => {
  for (let count = 0; count < RUN_COUNT; count++) await tryLiveStack(`${count}`);
});

import { expect, test } from "vitest";
import { run, visit } from "../visit.ts";

test("a word is completed by what can stand there", async () => {
  const engine = await visit();
  await run(engine, "snapshot monday");
  const completions: Record<string, string[]> = {
    "": [],
    snap: ["snapshot"],
    "write m": ["monday"],
    "write ": ["origin", "monday"],
    "merge ": ["monday"],
    "write origin ": [],
    "snapshot x --st": ["--store"],
    "snapshot x --store ": ["P", "PO", "N"],
    "snapshot x --store P --c": ["--chunk"],
    "careless o": ["on", "off"],
    "diff origin m": ["monday"],
    "download cow ": ["monday"],
    "help mer": ["merge"],
    "nonsense ": [],
    merge: [],
  };
  for (const [line, words] of Object.entries(completions)) {
    if (line === "") continue;
    expect(await engine.complete(line), line).toEqual(words);
  }
  expect((await engine.complete("")).length).toBeGreaterThan(25);
});

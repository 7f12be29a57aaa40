/// <reference lib="dom" />
/** The benchmark in the demo: it ends, its tables make sense, and a link has what they say. */
import { expect, test } from "vitest";
import { DemoVisit } from "./demo_visit.ts";
import type { VisitorFacts } from "./demo_visitor.ts";

/** Begins a visit to the tab, and waits until it is there. */
async function begin(hash = "#bench", facts: VisitorFacts = {}): Promise<DemoVisit> {
  const visit = await DemoVisit.begin({ ...facts, hash });
  await visit.waitFor(`document.querySelector('[data-verb="quick"]') !== null`);
  return visit;
}

const click = (visit: DemoVisit, verb: string) =>
  visit.ask(`document.querySelector('[data-verb="${verb}"]').click()`);
const cellsOf = (visit: DemoVisit, table: string, owner = "") =>
  visit.ask<string[]>(
    `[...document.querySelectorAll("${table} tbody ${owner} b")].map(({ textContent }) => textContent)`,
  );

test("a quick run fills both tables with numbers, which a link carries to others", async () => {
  await using visit = await begin();
  await click(visit, "quick");
  await visit.waitFor(`document.querySelector("#bench-storages") !== null`);
  const ratios = await cellsOf(visit, "#bench-bytes");
  expect(ratios).toHaveLength(16);
  for (const ratio of ratios) expect(parseFloat(ratio), ratio).toBeGreaterThan(0);
  // Hashes and comparisons are what the kernel is there for; a busy machine does not change that.
  expect(Math.max(...ratios.slice(4).map(parseFloat))).toBeGreaterThan(1);
  const times = await cellsOf(visit, "#bench-storages");
  expect(times).toHaveLength(9);
  for (const time of times) expect(time).toMatch(/^[\d.]+ (µs|ms)$/);
  await visit.waitFor(`document.querySelector("#bench-plot canvas") !== null`);
  await visit.check();

  await click(visit, "share");
  await visit.waitFor(`location.hash.startsWith("#bench?r=1.")`);
  await visit.reload(await visit.ask<string>("location.hash"));
  await visit.waitFor(`document.querySelector("#bench-storages") !== null`);
  expect(await cellsOf(visit, "#bench-bytes", ".theirs")).toEqual(ratios);
  expect(await cellsOf(visit, "#bench-storages", ".theirs")).toEqual(times);
});

test("a run that is cancelled leaves no results and can be begun again", async () => {
  await using visit = await begin("#bench", { width: 360, height: 740, colorScheme: "dark" });
  await click(visit, "thorough");
  await visit.waitFor(`document.querySelector("progress")?.value > 0`);
  await click(visit, "cancel");
  expect(await visit.textOf(".bench-state")).toBe("Cancelled.");
  expect(await visit.ask(`document.querySelector("#bench-bytes")`)).toBeNull();
  await click(visit, "quick");
  await visit.waitFor(`document.querySelector("#bench-storages") !== null`);
  expect(await visit.ask("document.documentElement.scrollWidth")).toBe(360);
  await visit.check();
});

test("a link that makes no sense is a page without results", async () => {
  await using visit = await begin("#bench?r=1.W10");
  expect(await visit.ask(`document.querySelector("#bench table")`)).toBeNull();
});

/// <reference lib="dom" />
/** The machine in the demo, as a visitor lives with it: noted, wrecked, brought back, reloaded. */
import { expect, test } from "vitest";
import { DemoVisit } from "./demo_visit.ts";
import type { VisitorFacts } from "./demo_visitor.ts";

const TAB = `document.querySelector(".machine-place > div")`;
const SCREEN = `document.querySelector(".machine-text").innerText.replaceAll("\\u00a0", " ")`;
const SAID = `document.querySelector(".machine-said")?.textContent`;

/** Begins a visit to the tab, and waits until the machine runs. */
async function begin(facts: VisitorFacts = {}): Promise<DemoVisit> {
  const visit = await DemoVisit.begin({ ...facts, hash: "#machine" });
  await runs(visit);
  return visit;
}

const runs = (visit: DemoVisit) => visit.waitFor(`${TAB}?.dataset.state === "ready"`);
const shows = (visit: DemoVisit, text: RegExp) => visit.waitFor(`${text}.test(${SCREEN})`);
const says = (visit: DemoVisit, text: RegExp) => visit.waitFor(`${text}.test(${SAID})`);
const click = (visit: DemoVisit, verb: string) =>
  visit.ask(`document.querySelector('[data-verb="${verb}"]').click()`);
const momentsOf = (visit: DemoVisit) =>
  visit.ask<string[]>(
    `[...document.querySelectorAll(".machine-label")].map(({ textContent }) => textContent)`,
  );

test("a machine is wrecked and brought back in one click, and a reload finds it so", async () => {
  await using visit = await begin();
  await click(visit, "type");
  await visit.press(..."milk", "Enter");
  await shows(visit, /> milk\s*saved/);

  await click(visit, "wreck");
  await says(visit, /^Noise over the first 64 sectors/);
  await shows(visit, /No bootable device/);
  await visit.waitFor(`/8 chunks changed since “before the wreck”/.test(${TAB}.innerText)`);

  await click(visit, "back");
  await says(visit, /^Back at “before the wreck” in (\d+ ms|[\d.]+ s), machine and disk together/);
  await shows(visit, /> milk\s*saved\s*>/);
  await visit.waitFor(`/0 chunks changed since “before the wreck”/.test(${TAB}.innerText)`);
  await visit.press(..."eggs", "Enter");
  await shows(visit, /> eggs\s*saved/);

  await visit.reload("#machine");
  await runs(visit);
  await shows(visit, /NOTEBOOK\s*\* milk\s*\* eggs\s*>/);
  expect(await momentsOf(visit)).toEqual(["before the wreck", "as it began"]);
  await click(visit, "back");
  await says(visit, /^Back at “before the wreck”/);
  await visit.press("Enter");
  await shows(visit, /NOTEBOOK\s*\* milk\s*>\s*$/);
});

test("a moment that is kept stays until it is forgotten, and takes its snapshot with it", async () => {
  await using visit = await begin();
  await click(visit, "keep");
  await says(visit, /^Kept: moment 2/);
  expect(await momentsOf(visit)).toEqual(["kept by you", "as it began"]);
  for (const left of [1, 0]) {
    await visit.ask(`document.querySelector('[aria-label^="Forget"]').click()`);
    await visit.waitFor(
      `${TAB}.dataset.state === "ready" && document.querySelectorAll(".machine-label").length === ${left}`,
    );
  }
  expect(await visit.ask(`document.querySelector('[data-verb="back"]').disabled`)).toBe(true);
  const layers = () =>
    visit.ask<string[]>(`indexedDB.databases().then((all) =>
      all.map(({ name }) => name).filter((name) => /^cowdisk demo notebook.layer/.test(name)))`);
  await expect.poll(layers).toHaveLength(1);
});

test("the keyboard is the machine's until Escape, and the page's otherwise", async () => {
  await using visit = await begin();
  await visit.press("q");
  await visit.tabTo('[data-verb="type"]');
  await visit.press("Enter");
  expect(await visit.ask(`${TAB}.dataset.keyboard`)).toBe("machine");
  await visit.press(..."tea", "Tab", "Escape");
  expect(await visit.ask(`${TAB}.dataset.keyboard`)).toBe("page");
  expect(await visit.ask(`document.activeElement.dataset.verb`)).toBe("type");
  await visit.press("x");
  await click(visit, "type");
  await visit.press("Enter");
  // Tab was the guest's as well, which shows some sign for it; the two letters were the page's.
  await shows(visit, /> tea\S?\s*saved/);
});

test("a page that was built without a BIOS says so, and the rest of it works", async () => {
  await using visit = await DemoVisit.begin({ hash: "#machine", lacks: "**/bios-*.bin" });
  await says(visit, /^This page was built without a BIOS, so no machine can start here/);
  await visit.ask(`location.hash = "#bench"`);
  await visit.waitFor(`document.querySelector('[data-verb="quick"]')?.checkVisibility()`);
});

test.each(
  [
    { width: 1280, height: 900, colorScheme: "light" },
    { width: 360, height: 740, colorScheme: "dark" },
  ] as const,
)("axe finds no barrier and nothing moves by itself: %o", async (facts) => {
  await using visit = await begin(facts);
  expect(await visit.ask("document.documentElement.scrollWidth")).toBe(facts.width);
  await visit.check();
});

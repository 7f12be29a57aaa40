/** The demo is for everybody: on every screen, in every scheme, without a mouse, without scripts. */
import { expect, test } from "vitest";
import { DemoVisit } from "./demo_visit.ts";

test.each(
  [
    { width: 1280, height: 900, colorScheme: "light" },
    { width: 1280, height: 900, colorScheme: "dark" },
    { width: 360, height: 740, colorScheme: "light", isCalm: true },
  ] as const,
)("axe finds no barrier and nothing moves by itself: %o", async (facts) => {
  await using visit = await DemoVisit.begin(facts);
  expect(await visit.ask("document.documentElement.scrollWidth")).toBe(facts.width);
  await visit.check();
});

test("without scripts the four beats are a table, and no control is shown that would do nothing", async () => {
  await using visit = await DemoVisit.begin({ hasScripts: false });
  const text = await visit.textOf("main");
  for (const beat of ["read old", "copy out", "commit", "write in place"]) {
    expect(text).toContain(beat);
  }
  expect(
    await visit.ask(
      `[...document.querySelectorAll("button")].filter((button) => button.checkVisibility()).length`,
    ),
  ).toBe(0);
});

test("the first load is less than 150 kB: page, styles, code, and the engine's worker", async () => {
  await using visit = await DemoVisit.begin();
  const fetched = await visit.fetched();
  const paths = Object.keys(fetched);
  for (const part of [/\/$/, /\.css$/, /\/index-.*\.js$/, /\/worker-.*\.js$/]) {
    expect(paths.some((path) => part.test(path)), `${part} is counted`).toBe(true);
  }
  const total = Object.values(fetched).reduce((sum, size) => sum + size, 0);
  expect(total, JSON.stringify(fetched, null, 1)).toBeLessThan(150_000);
  expect(paths.filter((path) => /v86|mount|bench|uPlot/.test(path))).toEqual([]);
});

test("the other tabs are fetched when they are looked at, and hide one another", async () => {
  await using visit = await DemoVisit.begin();
  for (const tab of ["machine", "bench"]) {
    await visit.tabTo(`a[data-tab="${tab}"]`);
    await visit.press("Enter");
    await visit.waitFor(`document.querySelector("#${tab} h2") !== null`);
    expect(await visit.ask(`document.getElementById("snapshot").checkVisibility()`)).toBe(false);
  }
  expect(Object.keys(await visit.fetched()).some((path) => /v86/.test(path))).toBe(true);
  await visit.tabTo(`a[data-tab="snapshot"]`, "Shift+Tab");
  await visit.press("Enter");
  await visit.waitFor(`document.getElementById("snapshot").checkVisibility()`);
});

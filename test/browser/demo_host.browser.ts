/// <reference lib="dom" />
/** The page on its hosts: with headers and without, and wherever its folder is put. */
import { expect, inject, test } from "vitest";
import { DemoVisit } from "./demo_visit.ts";

test("under a path, on a host with headers or without, the page is isolated and its parts are there", async () => {
  await using visit = await DemoVisit.begin({
    hash: "#bench",
    under: "/some/where/",
  });
  expect(await visit.ask("crossOriginIsolated")).toBe(true);
  // On a host that sends the headers nothing is registered; on another one a worker for this folder.
  const scopes = await visit.ask<string[]>(
    "navigator.serviceWorker.getRegistrations().then((all) => all.map(({ scope }) => scope))",
  );
  expect(scopes.map((scope) => new URL(scope).pathname)).toEqual(
    inject("isIsolated") ? [] : ["/some/where/"],
  );
  // The address has come through the reload, and the machine's parts are found from there.
  expect(await visit.ask("location.hash")).toBe("#bench");
  await visit.ask(`location.hash = "#machine"`);
  await visit.waitFor(
    `/NOTEBOOK/.test(document.querySelector(".machine-text")?.innerText ?? "")`,
  );
  const shown = `[...document.querySelectorAll(".tab")].filter((tab) => tab.checkVisibility())`;
  expect(await visit.ask(`${shown}.map(({ id }) => id)`)).toEqual(["machine"]);
});

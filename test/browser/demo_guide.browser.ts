/** The guided path, walked by keyboard alone, there and back. */
import { expect, test } from "vitest";
import { GUIDE } from "../../demo/engine/guide.ts";
import { DemoVisit } from "./demo_visit.ts";

const PLACE = `document.querySelector(".guide-place").innerText`;
const FEET = `["guide-back", "guide-next"].map((id) => {
  const { x, y } = document.getElementById(id).getBoundingClientRect();
  return [x, y];
}).join()`;

/** Waits until a step has begun. */
async function arrives(visit: DemoVisit, place: string): Promise<void> {
  const isBusy = `document.getElementById("guide").ariaBusy === "true"`;
  await visit.waitFor(`${PLACE} === "${place}" && !(${isBusy})`);
}

test("seven steps there, each done by its button, and seven back; the buttons stay where they are", async () => {
  await using visit = await DemoVisit.begin({ isCalm: true });
  const feet = await visit.ask<string>(FEET);
  for (const [at, step] of GUIDE.entries()) {
    await arrives(visit, `${at + 1} of ${GUIDE.length}`);
    const text = await visit.textOf("#guide");
    for (const words of [step.title, step.sentence, step.task, step.question]) {
      expect(text).toContain(words);
    }
    expect(text).not.toContain("done");
    if (step.beatMs > 0) await visit.run("pace 40");
    await visit.tabTo("#guide-do");
    await visit.press("Enter");
    await visit.waitFor(`!document.querySelector(".guide-done").hidden`);
    await visit.tabTo("#guide summary");
    await visit.press("Enter");
    expect(await visit.textOf("#guide details")).toContain(step.answer);
    expect(await visit.ask(FEET)).toBe(feet);
    await visit.tabTo("#guide-next");
    await visit.press("Enter");
  }
  await arrives(visit, "The sandbox");
  await visit.tabTo("#guide-back", "Shift+Tab");
  for (let at = GUIDE.length; at >= 1; at--) {
    await visit.press("Enter");
    await arrives(visit, `${at} of ${GUIDE.length}`);
    expect(await visit.ask(FEET)).toBe(feet);
    expect(await visit.ask(`document.querySelector(".guide-done").hidden`)).toBe(true);
  }
  await visit.check();
});

test("what a visitor has made outlives the guide: in memory it is brought back, elsewhere it stays", async () => {
  await using visit = await DemoVisit.begin({ isCalm: true });
  const isBack = `document.getElementById("guide-return") === null`;
  await visit.run("write origin 9");
  await visit.tabTo("#guide-next", "Shift+Tab");
  await visit.press("Enter");
  await arrives(visit, "2 of 7");
  expect(await visit.textOf(".guide-aside")).toContain("Your disk, of 4 commands, is put aside.");
  await visit.check();
  await visit.tabTo("#guide-return", "Shift+Tab");
  await visit.press("Enter");
  await visit.waitFor(isBack);
  await arrives(visit, "The sandbox");
  expect(await visit.textOf("#history")).toContain("4 of 4");

  await visit.run("storage indexeddb");
  await visit.tabTo("#guide-back", "Shift+Tab");
  await visit.press("Enter");
  await arrives(visit, "7 of 7");
  const chosen = `document.querySelector("#keeping input:checked").value`;
  expect(await visit.ask(chosen)).toBe("memory");
  expect(await visit.textOf(".guide-aside")).toContain("Your disk, of 4 commands, is kept.");
  await visit.reload();
  await arrives(visit, "The sandbox");
  expect(await visit.ask(chosen)).toBe("indexeddb");
  expect(await visit.textOf("#history")).toContain("4 of 4");
});

/** The demo, used: beats and the plug, the command line, links, files, and what a reload finds. */
import { expect, test } from "vitest";
import { SCENARIOS } from "../../demo/view/lines.ts";
import { createMemoryDevice, openSnapshotSync } from "../../src/mod.ts";
import { verifySectors } from "../../src/testing/mod.ts";
import { DemoVisit } from "./demo_visit.ts";

/** A disk with something on it, and a snapshot of it. */
const BEGINNING = "#do=write+origin+0-63~snapshot+monday";

/** A visit to that, whose beats are not shown for long. */
async function beginStory(): Promise<DemoVisit> {
  const visit = await DemoVisit.begin({ hash: BEGINNING });
  await visit.run("pace 0");
  return visit;
}

/** The beat that is awaited or was performed last, by the bar. */
const BEAT = `document.querySelector(".beat[aria-current=step] .beat-name")?.innerText`;

/** What is said of it. */
const TEXT = `document.getElementById("beat-text").innerText`;

/** What is read out at a chunk of a strip. */
const chunkOf = (strip: string, chunk: number) =>
  `(() => {
    const cells = document.querySelector('.cells[aria-label^="Chunks of ${strip}"]');
    cells.focus();
    cells.dispatchEvent(new KeyboardEvent("keydown", { key: "Home", cancelable: true }));
    for (let at = 0; at < ${chunk}; at++) {
      cells.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", cancelable: true }));
    }
    return cells.getAttribute("aria-valuetext");
  })()`;

test("a write is four beats; pulling the plug between any two leaves the snapshot as it was", async () => {
  await using visit = await beginStory();
  const beats = [
    ["Read old", "reads chunk 1"],
    ["Copy out", "copies chunk 1 out"],
    ["Commit", "flushes monday-cow"],
    ["Commit", "commits 1 → 2"],
    ["Write in place", "overwrites chunk 1"],
  ];
  for (const [stepCount, [name, text]] of beats.entries()) {
    await visit.run("pause");
    await visit.begins("write origin 1");
    await visit.waitFor(`${BEAT} === "Read old"`);
    for (let step = 0; step < stepCount; step++) await visit.run("step");
    await visit.waitFor(`${BEAT} === "${name}" && ${TEXT}.startsWith("Next: ${text}")`);
    await visit.run("pull");
    await visit.waitFor(`document.querySelector(".plug").innerText === "Plug in"`);
    await visit.run("play");
    await visit.run("plug");
    await visit.waitFor(`document.querySelector(".plug").innerText === "Pull the plug"`);
    expect(await visit.textOf("#survivors")).toContain("monday reads as it did: all 64 chunks");
    expect(await visit.ask(chunkOf("monday", 1))).toContain("write 1");
    await visit.run("goto 2");
  }
});

test("in careless order the same plug makes a snapshot read wrong, and the page says so", async () => {
  await using visit = await beginStory();
  await visit.tabTo("input[role=switch]", "Shift+Tab");
  await visit.press("Space");
  await visit.waitFor(`document.querySelector(".answer:last-child.done pre") !== null`);
  await visit.run("write origin 3; pull --after 4 --keep nothing");
  await visit.run("plug");
  expect(await visit.textOf("#survivors")).toContain("monday READS WRONG in chunk 3");
});

/** What is read out of all strips. */
const STRIPS = `[...document.querySelectorAll(".strip")].map((each) => each.ariaLabel).join("\\n")`;

/** What all strips read out at the end of each scene. */
const SCENE_ENDS: Readonly<Record<string, RegExp>> = {
  "Several snapshots": /^friday-cow: /m,
  "Full: Invalid": /^monday: .* invalid$/m,
  "Full: Overflow": /^monday: .* overflow$/m,
  "Merge": /^monday: .* merged$/m,
  "Bad block": /^origin: 64 chunks, 1 relocated$/m,
  "Copy on read": /^monday: .* 8 kept by reads$/m,
};

test("every scene ends as it says, whatever was shown before it", async () => {
  await using visit = await beginStory();
  for (const { name, lines } of SCENARIOS) {
    await visit.ask(
      `[...document.querySelectorAll(".scenes button")].find((each) => each.innerText === "${name}")
        .click()`,
    );
    const answered = `document.querySelector(".answer:last-child:not(.running) .answer-line")`;
    await visit.waitFor(`${answered}?.innerText === "${lines.at(-1)}"`);
    expect(await visit.ask(STRIPS), name).toMatch(SCENE_ENDS[name]!);
  }
});

test("the command line completes, remembers, and says what is wrong", async () => {
  await using visit = await beginStory();
  await visit.ask(`document.querySelector("#command input").focus()`);
  const value = `document.querySelector("#command input").value`;
  await visit.type("wri");
  await visit.press("Tab");
  await visit.waitFor(`${value} === "write "`);
  await visit.type("mon");
  await visit.press("Tab");
  await visit.waitFor(`${value}.startsWith("write monday")`);
  await visit.type(" 3");
  await visit.press("Enter");
  await visit.waitFor(`document.querySelector(".answer:last-child.done") !== null`);
  await visit.run("snapshot monday");
  expect(await visit.textOf(".answer:last-child.failed")).toContain(`There is a device "monday"`);

  await visit.press("ArrowUp", "ArrowUp");
  expect(await visit.ask(value)).toMatch(/^write monday +3$/);
  await visit.press("ArrowDown");
  expect(await visit.ask(value)).toBe("snapshot monday");
  await visit.press("ArrowDown");
  expect(await visit.ask(value)).toBe("");
  // With nothing to complete, Tab leaves.
  await visit.press("Tab");
  expect(await visit.ask("document.activeElement.id")).toBe("answers");
});

test("going back in time shows the past, and acting there forks", async () => {
  await using visit = await beginStory();
  await visit.run("write origin 3");
  expect(await visit.ask(chunkOf("monday", 3))).toContain("copied");
  await visit.tabTo("#history input", "Tab");
  await visit.press("ArrowLeft");
  await visit.waitFor(`document.getElementById("history").innerText.includes("2 of 3")`);
  expect(await visit.ask(chunkOf("origin", 3))).toContain("write 1");
  await visit.run("write origin 9");
  expect(await visit.textOf("#history")).toContain("3 of 3");
  expect(await visit.ask(chunkOf("origin", 3))).toContain("write 1");
  expect(await visit.ask(chunkOf("origin", 9))).toContain("write 2");
});

test("a link has the whole state: opened, it shows the same", async () => {
  await using visit = await beginStory();
  await visit.run("write origin 3-5");
  await visit.run("write monday 7; pull --after 2 --seed 5");
  await visit.run("plug");
  const before = await visit.ask<string>(STRIPS);
  await visit.ask(`document.getElementById("link").click()`);
  await visit.waitFor(`document.getElementById("link-state").textContent !== ""`);
  const hash = await visit.ask<string>("location.hash");
  await visit.reload();
  expect(await visit.ask(STRIPS)).not.toBe(before);
  await visit.reload(hash);
  expect(await visit.ask(STRIPS)).toBe(before);
});

test.each(["indexeddb", "opfs"])(
  "a reload in the middle finds everything in %s",
  async (storage) => {
    await using visit = await beginStory();
    await visit.run(`storage ${storage}`);
    await visit.run("reset");
    await visit.run("write origin 0-9");
    await visit.run("snapshot friday");
    await visit.run("write origin 4");
    await visit.run("pause");
    await visit.begins("write origin 5");
    await visit.waitFor(`${BEAT} === "Read old"`);
    await visit.run("step");
    await visit.run("step");
    await visit.reload();
    expect(await visit.ask(`document.querySelector("#keeping input:checked").value`)).toBe(storage);
    expect(await visit.ask(chunkOf("friday", 4))).toContain("write 1, copied");
    // The write that was under way had not ended: what is shown is what was before it.
    expect(await visit.textOf("#history")).toContain("3 of 3");
    expect(await visit.ask(chunkOf("friday", 5))).toContain("in the origin");
    expect(await visit.ask(chunkOf("origin", 5))).toContain("write 1");
  },
);

test("a second page goes on in memory, says why, and leaves the next visit what it was", async () => {
  await using first = await beginStory();
  await first.run("storage indexeddb");
  const chosen = `document.querySelector("#keeping input:checked").value`;
  {
    await using second = await first.another();
    expect(await second.ask(chosen)).toBe("memory");
    expect(await second.textOf("#answers")).toMatch(/Kept in memory for now\..*elsewhere/);
    await second.run("write origin 5");
  }
  await first.reload();
  expect(await first.ask(chosen)).toBe("indexeddb");
  expect(await first.textOf("#history")).toContain("2 of 2");
});

const [IMAGE, LIST] = ["merge-crash.vda.img.gz", "merge-crash.vdb.img.gz"] as const;

/** An image that Linux made. Vite tells that it is compressed, and the browser undoes it. */
async function imageOf(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await fetch(`/test/golden/vectors/${file}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** What the plain stack reads through an image and a COW file. */
function viewOf(image: Uint8Array<ArrayBuffer>, list: Uint8Array<ArrayBuffer>): Uint8Array {
  const origin = createMemoryDevice({ sectorCount: image.length / 512, content: image });
  const cow = createMemoryDevice({ sectorCount: list.length / 512, content: list });
  const snapshot = openSnapshotSync({ origin, cow });
  const bytes = new Uint8Array(image.length);
  snapshot.readSync(bytes, 0);
  for (const device of [snapshot, origin, cow]) device.closeSync();
  return bytes;
}

const press = (file: string) => `document.querySelector('[data-file="${file}"]').click()`;

test("what Linux made is opened here, dropped or chosen, and what is kept here is what the plain stack reads", async () => {
  const [image, list] = await Promise.all([imageOf(IMAGE), imageOf(LIST)]);
  await using visit = await beginStory();
  const isTaken = `document.querySelector(".answer:last-child.done .answer-line")?.innerText`;
  expect(await visit.drop("vda.img", IMAGE)).toBe(true);
  expect(await visit.ask(`document.body.matches(".dragging")`)).toBe(false);
  expect(await visit.textOf(".answer:last-child.done")).toContain("a disk of 4 MiB");
  await visit.give("linux.cow", LIST);
  await visit.waitFor(`${isTaken} === "give linux.cow"`);
  expect(await visit.textOf(`.strip[data-role="snapshot"] .strip-status`)).toContain("snapshot");
  verifySectors(await visit.download(press("linux-cow")), list, 0, "the COW file, unchanged");

  await visit.run("write origin 0-3");
  const origin = await visit.download(press("origin"));
  const cow = await visit.download(press("linux-cow"));
  const before = viewOf(image, list);
  verifySectors(viewOf(origin, cow), before, 0, "the snapshot, from what was kept");
});

/// <reference lib="dom" />
/** A strip on the page: what is painted, what is read out, and what keys and the pointer do. */
import { afterEach, expect, test } from "vitest";
import { PLACES, type Strip } from "../../demo/engine/scene.ts";
import { StripView } from "../../demo/view/strip/strip_view.ts";
import { stripOf } from "../unit/demo/strip/strips.ts";
import "../../demo/style/tokens.css";
import "../../demo/style/strips.css";

const place = (word: typeof PLACES[number]) => PLACES.indexOf(word);

/** A strip, drawn, and what it has asked for. */
function show(strip: Strip, width = 853) {
  const asked: string[] = [];
  const view = new StripView(strip, {
    select: (name, chunk) => void asked.push(`select ${name} ${chunk}`),
    write: (name, chunk) => void asked.push(`write ${name} ${chunk}`),
  });
  view.element.style.width = `${width}px`;
  document.body.append(view.element);
  view.resize(width);
  view.draw();
  const cells = view.element.querySelector<HTMLCanvasElement>(".cells")!;
  const press = (key: string) =>
    cells.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
  return { view, cells, asked, press };
}

/** The colour of a cell, near its upper edge where no number is. */
function colourOf(cells: HTMLCanvasElement, chunk: number): string {
  const pen = cells.getContext("2d")!;
  const { devicePixelRatio: ratio } = globalThis;
  return pen.getImageData((chunk * 24 + 6) * ratio, 4 * ratio, 1, 1).data.join();
}

afterEach(() => document.body.replaceChildren());

test("content has one colour wherever it is, and a paler one where it is only shared", () => {
  const snapshot = stripOf({ role: "snapshot", chunkCount: 8 });
  const cow = stripOf({ role: "cow", chunkCount: 8 });
  const origin = stripOf({ role: "origin", chunkCount: 8 });
  snapshot.generations.set([1, 1, 2]);
  snapshot.places.set([place("own"), place("shared"), place("own")]);
  cow.generations[3] = 1;
  cow.places[3] = place("data");
  origin.generations[5] = 1;
  const [ofSnapshot, ofCow, ofOrigin] = [snapshot, cow, origin].map((strip) => show(strip).cells);
  const one = colourOf(ofSnapshot!, 0);
  expect(colourOf(ofCow!, 3)).toBe(one);
  expect(colourOf(ofOrigin!, 5)).toBe(one);
  expect(colourOf(ofSnapshot!, 1)).not.toBe(one);
  expect(colourOf(ofSnapshot!, 2)).not.toBe(one);
});

test("no two places look alike, in cells of any size", () => {
  for (const width of [24 * 12, 8 * 12]) {
    for (const role of ["snapshot", "cow"] as const) {
      const strip = stripOf({ role, chunkCount: PLACES.length });
      strip.generations.fill(1);
      strip.places.set([...PLACES.keys()]);
      const { cells } = show(strip, width);
      const side = 20 * devicePixelRatio;
      const seen = new Set(
        PLACES.keys().map((chunk) => {
          const columns = Math.floor(width / 24);
          const at = [chunk % columns, Math.floor(chunk / columns)].map((part) =>
            part * 24 * devicePixelRatio
          ) as [number, number];
          return cells.getContext("2d")!.getImageData(...at, side, side).data.join();
        }),
      );
      // A chunk of its own looks the same on both strips: it is the same bytes.
      expect(seen.size).toBe(PLACES.length - 1);
    }
  }
});

test("arrow keys go along the cells, and what one is at is read out", () => {
  const strip = stripOf({ name: "monday", role: "snapshot", chunkCount: 64 });
  strip.generations[33] = 7;
  strip.places[33] = place("own");
  const { cells, asked, press } = show(strip);
  press("ArrowRight");
  press("ArrowDown");
  expect(cells.getAttribute("aria-valuenow")).toBe("33");
  expect(cells.getAttribute("aria-valuetext")).toBe(
    "chunk 33 of 64: write 7, copied, on the COW device",
  );
  press("Enter");
  expect(asked).toEqual([
    ...["select monday 1", "select monday 33", "select monday 33", "write monday 33"],
  ]);
});

test("pressing a cell writes that chunk; beside the cells nothing is written", () => {
  const { cells, asked } = show(stripOf({ name: "origin", role: "origin", chunkCount: 37 }));
  const { left, top } = cells.getBoundingClientRect();
  const press = (x: number, y: number) =>
    cells.dispatchEvent(new MouseEvent("click", { clientX: left + x, clientY: top + y }));
  press(2 * 24 + 5, 5);
  press(5, 24 + 5);
  press(13 * 24, 24 + 5);
  expect(asked.filter((words) => words.startsWith("write"))).toEqual([
    ...["write origin 2", "write origin 24"],
  ]);
});

test("a COW device is looked at and never written", () => {
  const { asked, press } = show(stripOf({ name: "monday-cow", role: "cow", chunkCount: 16 }));
  press("ArrowRight");
  press("Enter");
  expect(asked.some((words) => words.startsWith("write"))).toBe(false);
});

test("of a million chunks the last one is a key away, and the overview shows where it is", () => {
  const strip = stripOf({ role: "origin", chunkCount: 2 ** 20 });
  strip.generations[2 ** 20 - 1] = 2;
  const { view, cells, press } = show(strip);
  const overview = view.element.querySelector<HTMLCanvasElement>(".overview")!;
  expect(overview.hidden).toBe(false);
  press("End");
  view.draw();
  expect(cells.getAttribute("aria-valuenow")).toBe(String(2 ** 20 - 1));
  const pen = overview.getContext("2d")!;
  const at = (x: number) => pen.getImageData(x, overview.height / 2, 1, 1).data.join();
  expect(at(overview.width - 1)).not.toBe(at(2));
});

test("it is laid out anew for another width, in whole device pixels", () => {
  const { view, cells } = show(stripOf({ role: "origin", chunkCount: 64 }));
  const before = cells.height;
  view.resize(328);
  view.draw();
  expect(cells.width).toBe(Math.round(328 * devicePixelRatio));
  expect(cells.height).toBeGreaterThan(before);
});

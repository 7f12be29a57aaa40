/**
 * The legend, drawn with the very pictures that the strips are made of.
 *
 * @module
 */
import type { Place } from "../../engine/scene.ts";
import { PLACES } from "../../engine/scene.ts";
import { readPalette } from "../strip/palette.ts";
import { Sprites } from "../strip/sprites.ts";

/** Pixels of a cell. */
const SIDE = 15;

/** What is explained, and with which ink it is drawn. */
const ENTRIES: readonly { place: Place; ink: number; isPlain?: boolean; words: string }[] = [
  { place: "shared", ink: 1, isPlain: true, words: "in place" },
  { place: "shared", ink: 1, words: "shared: read from the origin" },
  { place: "own", ink: 1, words: "copied: on the COW device" },
  { place: "cached", ink: 3, words: "kept by a read" },
  { place: "header", ink: 0, words: "header" },
  { place: "area", ink: 0, words: "metadata area" },
  { place: "stale", ink: 2, words: "left over" },
  { place: "free", ink: 0, words: "free" },
  { place: "bad", ink: 0, words: "bad block" },
  { place: "relocated", ink: 4, words: "relocated" },
];

/**
 * Fills an element with the legend, and keeps it in the scheme's colours.
 *
 * @param host A list.
 */
export function fillLegend(host: HTMLElement): void {
  const draw = () => {
    const ratio = devicePixelRatio;
    const side = Math.round(SIDE * ratio);
    const sprites = new Sprites(side, readPalette(host));
    host.replaceChildren(...ENTRIES.map(({ place, ink, isPlain = false, words }) => {
      const item = document.createElement("li");
      const cell = document.createElement("canvas");
      cell.width = cell.height = side;
      cell.setAttribute("aria-hidden", "true");
      const sprite = sprites.get(PLACES.indexOf(place), ink, isPlain);
      cell.getContext("2d")!.drawImage(sprite, 0, 0);
      item.append(cell, words);
      return item;
    }));
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

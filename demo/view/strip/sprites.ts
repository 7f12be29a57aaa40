/**
 * Cells, drawn once for each place and colour, and stamped from then on: a strip of thousands of
 * chunks is thousands of copies of a few small pictures.
 *
 * Shape is place, colour is content:
 *
 * | place | shape |
 * |---|---|
 * | `shared` | pale: the bytes are in the origin; on the origin's own strip, plain |
 * | `own`, `data` | full, with an edge: on the COW device |
 * | `cached` | full, with a dotted edge: there because it was read |
 * | `header`, `area` | dark, with a hole; ruled like a table |
 * | `stale` | hatched: written, and named by nothing |
 * | `free` | a dot |
 * | `bad`, `relocated` | crossed out; full, with a folded corner |
 *
 * @module
 */
import { type Place, PLACES } from "../../engine/scene.ts";
import { INK_COUNT, type Palette } from "./palette.ts";

/** What is drawn with. */
type Pen = OffscreenCanvasRenderingContext2D;

/** A shape: draws one cell of a side in device pixels. */
type Shape = (pen: Pen, side: number, ink: string, palette: Palette) => void;

/** Below this many device pixels a shape has no room for its details. */
const DETAIL_MIN = 9;

function box(pen: Pen, side: number, inset = 0): void {
  pen.beginPath();
  pen.roundRect(inset, inset, side - 2 * inset, side - 2 * inset, Math.max(0, side / 6 - inset));
}

function fill(pen: Pen, side: number, colour: string, alpha = 1): void {
  pen.globalAlpha = alpha;
  pen.fillStyle = colour;
  box(pen, side);
  pen.fill();
  pen.globalAlpha = 1;
}

/** An edge inside of the cell. */
function edge(pen: Pen, side: number, colour: string, dash: number[] = []): void {
  if (side < DETAIL_MIN) return;
  const width = Math.max(1, Math.round(side / 14));
  pen.lineWidth = width;
  pen.strokeStyle = colour;
  pen.globalAlpha = 0.8;
  pen.setLineDash(dash.map((part) => part * width));
  box(pen, side, width / 2);
  pen.stroke();
  pen.globalAlpha = 1;
  pen.setLineDash([]);
}

/** Lines, each from one point to another, in parts of the side. */
function strokes(pen: Pen, side: number, colour: string, lines: number[][]): void {
  pen.lineWidth = Math.max(1, Math.round(side / 12));
  pen.strokeStyle = colour;
  pen.beginPath();
  for (const [x1, y1, x2, y2] of lines as [number, number, number, number][]) {
    pen.moveTo(x1 * side, y1 * side);
    pen.lineTo(x2 * side, y2 * side);
  }
  pen.stroke();
}

const SHAPES: Readonly<Record<Place | "plain", Shape>> = {
  plain: (pen, side, ink) => fill(pen, side, ink),
  shared(pen, side, ink) {
    fill(pen, side, ink, 0.34);
  },
  own(pen, side, ink, { text }) {
    fill(pen, side, ink);
    edge(pen, side, text);
  },
  data(pen, side, ink, { text }) {
    fill(pen, side, ink);
    edge(pen, side, text);
  },
  cached(pen, side, ink, { text }) {
    fill(pen, side, ink);
    edge(pen, side, text, [1, 2]);
  },
  header(pen, side, _, { text, paper }) {
    fill(pen, side, text);
    pen.fillStyle = paper;
    const hole = Math.round(side / 3);
    pen.fillRect(hole, hole, side - 2 * hole, side - 2 * hole);
  },
  area(pen, side, _, { muted, paper }) {
    fill(pen, side, muted);
    if (side < DETAIL_MIN) return;
    strokes(pen, side, paper, [[.22, .32, .78, .32], [.22, .52, .78, .52], [.22, .72, .78, .72]]);
  },
  stale(pen, side, ink, { muted }) {
    fill(pen, side, ink, 0.2);
    pen.save();
    box(pen, side);
    pen.clip();
    pen.globalAlpha = 0.6;
    strokes(pen, side, muted, [[0, .5, .5, 0], [0, 1, 1, 0], [.5, 1, 1, .5]]);
    pen.restore();
  },
  free(pen, side, _, { line }) {
    const dot = Math.max(1, Math.round(side / 5));
    pen.fillStyle = line;
    const at = Math.floor((side - dot) / 2);
    pen.fillRect(at, at, dot, dot);
  },
  bad(pen, side, ink, { danger }) {
    fill(pen, side, ink, 0.25);
    strokes(pen, side, danger, [[.2, .2, .8, .8], [.8, .2, .2, .8]]);
  },
  relocated(pen, side, ink, { text, paper }) {
    fill(pen, side, ink);
    edge(pen, side, text);
    pen.fillStyle = paper;
    pen.beginPath();
    pen.moveTo(side * 0.55, 0);
    pen.lineTo(side, 0);
    pen.lineTo(side, side * 0.45);
    pen.fill();
  },
};

/** All cells of one size, in one scheme. */
export class Sprites {
  readonly #side: number;
  readonly #palette: Palette;
  readonly #made = new Map<number, OffscreenCanvas>();

  /**
   * Makes none yet.
   *
   * @param side Device pixels of a cell, its gap not included.
   * @param palette The scheme.
   */
  constructor(side: number, palette: Palette) {
    this.#side = side;
    this.#palette = palette;
  }

  /**
   * The picture of a cell.
   *
   * @param place An index into `PLACES`.
   * @param ink An index into the palette's inks.
   * @param isPlain Whether what is `shared` is at home: on the origin's strip.
   * @returns The same canvas for the same cell.
   */
  get(place: number, ink: number, isPlain: boolean): OffscreenCanvas {
    const word = PLACES[place] ?? "free";
    const shape = isPlain && word === "shared" ? "plain" : word;
    const key = (shape === "plain" ? PLACES.length : place) * INK_COUNT + ink;
    let sprite = this.#made.get(key);
    if (sprite === undefined) {
      sprite = new OffscreenCanvas(this.#side, this.#side);
      SHAPES[shape](sprite.getContext("2d")!, this.#side, this.#palette.inks[ink]!, this.#palette);
      this.#made.set(key, sprite);
    }
    return sprite;
  }
}

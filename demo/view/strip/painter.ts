/**
 * Paints the cells of a strip that are in its window.
 *
 * @module
 */
import { PLACES, type Strip } from "../../engine/scene.ts";
import { cornerOf, type Grid } from "./grid.ts";
import { inkOf, labelOf, type Palette } from "./palette.ts";
import type { Sprites } from "./sprites.ts";

/** What is painted. */
export interface Window {
  readonly strip: Strip;
  readonly grid: Grid;
  readonly firstRow: number;
  /** The cell under the pointer, or in focus. */
  readonly marked: number | undefined;
  /** The cell that a copy under way touches. */
  readonly pending: readonly number[];
}

/** What is painted with. */
export interface Brush {
  readonly pen: CanvasRenderingContext2D;
  readonly sprites: Sprites;
  readonly palette: Palette;
  /** Device pixels to a CSS pixel. */
  readonly ratio: number;
}

/** Room for a number needs cells of this many pixels. */
const LABEL_PITCH = 18;

/**
 * Pixels between two cells.
 *
 * @param pitch From one cell to the next.
 * @returns The part of it that is left empty.
 */
export function gapOf(pitch: number): number {
  return pitch >= 18 ? 3 : pitch >= 12 ? 2 : 1;
}

/** A frame around a cell, outside of it. */
function frame({ pen, ratio }: Brush, { grid, firstRow }: Window, chunk: number, colour: string) {
  const { x, y } = cornerOf(grid, firstRow, chunk);
  const side = grid.pitch - gapOf(grid.pitch);
  pen.strokeStyle = colour;
  pen.lineWidth = 2 * ratio;
  pen.beginPath();
  pen.roundRect(x * ratio, y * ratio, side * ratio, side * ratio, (side * ratio) / 6);
  pen.stroke();
}

/** The numbers in the cells. */
function label({ pen, palette, ratio }: Brush, window: Window, from: number, to: number): void {
  const { strip, grid, firstRow } = window;
  if (grid.pitch < LABEL_PITCH) return;
  const side = grid.pitch - gapOf(grid.pitch);
  pen.font = `500 ${Math.round(side * 0.5 * ratio)}px ui-sans-serif, system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (let chunk = from; chunk < to; chunk++) {
    const text = labelOf(strip.generations[chunk]!);
    if (text === "" || text.length > 3) continue;
    const { x, y } = cornerOf(grid, firstRow, chunk);
    const isPale = strip.role === "snapshot" && PLACES[strip.places[chunk]!] === "shared";
    pen.fillStyle = isPale ? palette.muted : palette.label;
    pen.fillText(text, (x + side / 2) * ratio, (y + side / 2 + 0.5) * ratio);
  }
}

/**
 * Paints all of it anew.
 *
 * @param brush With what.
 * @param window What.
 */
export function paint(brush: Brush, window: Window): void {
  const { pen, sprites, palette, ratio } = brush;
  const { strip, grid, firstRow, marked, pending } = window;
  pen.clearRect(0, 0, pen.canvas.width, pen.canvas.height);
  const from = firstRow * grid.columns;
  const to = Math.min(strip.chunkCount, from + grid.rowsSeen * grid.columns);
  const step = grid.pitch * ratio;
  const isPlain = strip.role === "origin";
  for (let chunk = from; chunk < to; chunk++) {
    const row = Math.floor((chunk - from) / grid.columns);
    const column = chunk - from - row * grid.columns;
    const ink = inkOf(strip.generations[chunk]!);
    const sprite = sprites.get(strip.places[chunk]!, ink, isPlain);
    pen.drawImage(sprite, Math.round(column * step), Math.round(row * step));
  }
  label(brush, window, from, to);
  for (const chunk of pending) frame(brush, window, chunk, palette.accent);
  if (marked !== undefined) frame(brush, window, marked, palette.text);
}

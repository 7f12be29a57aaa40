/**
 * One strip: a heading with dm's two lines, the cells, and the overview when not all cells are seen.
 *
 * The cells are one canvas that behaves as a slider does: arrow keys move along it, what it is at is
 * read out, Enter writes. Pointing selects; pressing writes. Strips of COW devices are only looked at.
 *
 * @module
 */
import type { PendingCopy, Strip } from "../../engine/scene.ts";
import { chunkAt, clampRow, cornerOf, type Grid, layOut, moveBy, rowToSee } from "./grid.ts";
import { firstChunkOf, summarize } from "./overview.ts";
import { type Brush, gapOf, paint } from "./painter.ts";
import { type Palette, readPalette } from "./palette.ts";
import { Sprites } from "./sprites.ts";
import { chunkWords, stripWords } from "./words.ts";

/** What a strip asks of the page. */
export interface StripEvents {
  select(strip: string, chunk: number): void;
  write(strip: string, chunk: number): void;
}

/** Height of the overview. */
const OVERVIEW_PX = 12;

function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  element.className = className;
  return element;
}

/** A strip on the page. */
export class StripView {
  readonly element = make("section", "strip");
  readonly #name = make("h2", "strip-name");
  readonly #health = make("span", "strip-health");
  readonly #table = make("code", "strip-table");
  readonly #status = make("code", "strip-status");
  readonly #cells = make("canvas", "cells");
  readonly #overview = make("canvas", "overview");
  readonly #events: StripEvents;
  #strip: Strip;
  #pending: number[] = [];
  #grid: Grid = layOut(0, 1);
  #firstRow = 0;
  #focus = 0;
  #marked: number | undefined;
  #width = 0;
  #palette: Palette | undefined;
  #sprites: { readonly key: string; readonly made: Sprites } | undefined;
  #summed: Strip | undefined;

  /**
   * Makes it; it is drawn by {@linkcode draw}.
   *
   * @param strip The device.
   * @param events What the page does.
   */
  constructor(strip: Strip, events: StripEvents) {
    this.#strip = strip;
    this.#events = events;
    const head = make("div", "strip-head");
    const title = make("div", "strip-title");
    title.append(this.#name, this.#health);
    head.append(title, this.#table, this.#status);
    this.#overview.setAttribute("aria-hidden", "true");
    this.element.append(head, this.#overview, this.#cells);
    this.#cells.tabIndex = 0;
    this.#cells.setAttribute("role", "slider");
    this.#cells.setAttribute("aria-valuemin", "0");
    this.#listen();
    this.#show(strip);
  }

  /** The device that is shown. */
  get strip(): Strip {
    return this.#strip;
  }

  /** Shows another state of it. An engine gives the same object again for a strip as it was. */
  update(strip: Strip, pending: readonly PendingCopy[]): void {
    this.#pending = pending.map((copy) => strip.role === "cow" ? copy.newChunk : copy.oldChunk);
    if (strip !== this.#strip) this.#show(strip);
  }

  #show(strip: Strip): void {
    this.#strip = strip;
    const { element } = this;
    element.dataset.role = strip.role;
    element.dataset.health = strip.health;
    element.setAttribute("aria-label", stripWords(strip));
    this.#name.textContent = strip.name;
    this.#health.textContent = strip.health === "valid" ? "" : strip.health;
    this.#table.textContent = strip.table;
    this.#table.title = strip.table;
    this.#status.textContent = strip.status === strip.table ? "" : strip.status;
    this.#status.title = strip.status;
    this.#focus = Math.min(this.#focus, Math.max(0, strip.chunkCount - 1));
    const verb = strip.role === "cow" ? "" : "; Enter writes";
    this.#cells.setAttribute("aria-label", `Chunks of ${strip.name}${verb}`);
    this.#cells.setAttribute("aria-valuemax", String(Math.max(0, strip.chunkCount - 1)));
    this.#tellFocus();
    this.#summed = undefined;
    if (this.#width > 0) this.resize(this.#width);
  }

  /** Lays it out for a width in CSS pixels. */
  resize(width: number): void {
    this.#width = width;
    this.#grid = layOut(this.#strip.chunkCount, width);
    this.#firstRow = clampRow(this.#grid, this.#firstRow);
    const { rowsSeen, pitch, rows } = this.#grid;
    this.#cells.style.height = `${rowsSeen * pitch}px`;
    this.#overview.hidden = rowsSeen === rows;
  }

  /** Marks a cell, or none. */
  mark(chunk: number | undefined): void {
    this.#marked = chunk;
  }

  /** Forgets colours: the scheme is another one. */
  recolour(): void {
    this.#palette = undefined;
    this.#sprites = undefined;
  }

  /** The middle of a cell on the screen, at the strip's edge if it is not seen. */
  middleOf(chunk: number): { x: number; y: number } {
    const { pitch, rowsSeen } = this.#grid;
    const half = (pitch - gapOf(pitch)) / 2;
    const { x, y } = cornerOf(this.#grid, this.#firstRow, chunk);
    const { left, top } = this.#cells.getBoundingClientRect();
    const seen = Math.max(-half, Math.min(rowsSeen * pitch - half, y));
    return { x: left + x + half, y: top + seen + half };
  }

  /** Draws what there is now. */
  draw(): void {
    if (this.#width === 0) return;
    const ratio = devicePixelRatio;
    const { pitch, rowsSeen } = this.#grid;
    const pen = fit(this.#cells, this.#width, rowsSeen * pitch, ratio);
    this.#palette ??= readPalette(this.element);
    const side = Math.round((pitch - gapOf(pitch)) * ratio);
    const key = `${side}`;
    if (this.#sprites?.key !== key) {
      this.#sprites = { key, made: new Sprites(side, this.#palette) };
    }
    const brush: Brush = { pen, sprites: this.#sprites.made, palette: this.#palette, ratio };
    paint(brush, {
      strip: this.#strip,
      grid: this.#grid,
      firstRow: this.#firstRow,
      marked: this.#marked,
      pending: this.#pending,
    });
    if (!this.#overview.hidden) this.#drawOverview(this.#palette, ratio);
  }

  #drawOverview(palette: Palette, ratio: number): void {
    const { chunkCount } = this.#strip;
    const pen = fit(this.#overview, this.#width, OVERVIEW_PX, ratio);
    const { width, height } = pen.canvas;
    const { ownShares, inks } = this.#summary(width);
    this.#summed = this.#strip;
    pen.clearRect(0, 0, width, height);
    for (let x = 0; x < width; x++) {
      const own = ownShares[x]!;
      pen.fillStyle = palette.inks[inks[x]!]!;
      pen.globalAlpha = 0.3;
      pen.fillRect(x, 0, 1, height);
      pen.globalAlpha = 1;
      // One chunk of thousands is seen, too.
      const tall = own === 0 ? 0 : Math.max(ratio * 2, Math.round(height * own));
      pen.fillRect(x, height - tall, 1, tall);
    }
    const { columns, rowsSeen } = this.#grid;
    const from = (this.#firstRow * columns * width) / chunkCount;
    const wide = Math.max(4 * ratio, (rowsSeen * columns * width) / chunkCount);
    pen.strokeStyle = palette.text;
    pen.lineWidth = ratio;
    pen.strokeRect(
      from + ratio / 2,
      ratio / 2,
      Math.min(wide, width - from) - ratio,
      height - ratio,
    );
  }

  #lastSummary: ReturnType<typeof summarize> | undefined;

  /** Summing up millions takes milliseconds: once for each state. */
  #summary(columns: number): ReturnType<typeof summarize> {
    const isKnown = this.#summed === this.#strip && this.#lastSummary?.inks.length === columns;
    if (!isKnown) this.#lastSummary = summarize(this.#strip, columns);
    return this.#lastSummary!;
  }

  #tellFocus(): void {
    this.#cells.setAttribute("aria-valuenow", String(this.#focus));
    const words = this.#strip.chunkCount === 0 ? "no chunks" : chunkWords(this.#strip, this.#focus);
    this.#cells.setAttribute("aria-valuetext", words);
  }

  #goTo(chunk: number): void {
    this.#focus = chunk;
    this.#firstRow = rowToSee(this.#grid, this.#firstRow, chunk);
    this.#tellFocus();
    this.#events.select(this.#strip.name, chunk);
  }

  #write(chunk: number): void {
    this.#goTo(chunk);
    if (this.#strip.role !== "cow") this.#events.write(this.#strip.name, chunk);
  }

  #listen(): void {
    const cells = this.#cells;
    const under = ({ offsetX, offsetY }: MouseEvent) =>
      chunkAt(this.#grid, this.#firstRow, offsetX, offsetY);
    cells.addEventListener("pointermove", (event) => {
      const chunk = under(event);
      if (chunk === undefined || chunk === this.#marked) return;
      this.#focus = chunk;
      this.#tellFocus();
      this.#events.select(this.#strip.name, chunk);
    });
    cells.addEventListener("click", (event) => {
      const chunk = under(event);
      if (chunk !== undefined) this.#write(chunk);
    });
    cells.addEventListener("focus", () => {
      if (cells.matches(":focus-visible")) this.#goTo(this.#focus);
    });
    cells.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || this.#strip.chunkCount === 0) return;
      const isWrite = event.key === "Enter" || event.key === " ";
      const chunk = isWrite ? this.#focus : moveBy(this.#grid, this.#focus, event.key);
      if (chunk === undefined) return;
      event.preventDefault();
      if (isWrite) this.#write(chunk);
      else this.#goTo(chunk);
    });
    cells.addEventListener("wheel", (event) => this.#pan(event), { passive: false });
    for (const name of ["pointerdown", "pointermove"] as const) {
      this.#overview.addEventListener(name, (event) => this.#jump(event));
    }
  }

  /** The wheel moves the window, until its end; then it moves the page. */
  #pan(event: WheelEvent): void {
    const firstRow = clampRow(this.#grid, this.#firstRow + Math.sign(event.deltaY));
    if (firstRow === this.#firstRow) return;
    event.preventDefault();
    this.#firstRow = firstRow;
    this.#events.select(this.#strip.name, this.#focus);
  }

  /** Pressing or dragging on the overview moves the window there. */
  #jump(event: PointerEvent): void {
    if (event.buttons === 0) return;
    const { columns, rowsSeen } = this.#grid;
    const chunk = firstChunkOf(event.offsetX, this.#width, this.#strip.chunkCount);
    this.#firstRow = clampRow(this.#grid, Math.floor(chunk / columns) - rowsSeen / 2);
    this.#events.select(this.#strip.name, this.#focus);
  }
}

/** A canvas of that many device pixels. */
function fit(canvas: HTMLCanvasElement, width: number, height: number, ratio: number) {
  const wide = Math.round(width * ratio);
  const high = Math.round(height * ratio);
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  return canvas.getContext("2d")!;
}

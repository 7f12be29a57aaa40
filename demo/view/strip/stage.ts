/**
 * The stage: all strips, one below the other, and the arcs between them.
 *
 * @module
 */
import type { PendingCopy, Scene, Strip } from "../../engine/scene.ts";
import { html, render, svg } from "../html.ts";
import type { Selection } from "../page.ts";
import { type StripEvents, StripView } from "./strip_view.ts";

/** An arc, from one point to another, in pixels of the stage. */
interface Arc {
  readonly from: { readonly x: number; readonly y: number };
  readonly to: { readonly x: number; readonly y: number };
  /** Of the stage. */
  readonly width: number;
  readonly isCommitted: boolean;
}

/** Bows to the side, into the stage, so that arcs of several COW devices do not cover one another. */
function pathOf({ from, to, width }: Arc): string {
  const reach = Math.min(90, 24 + Math.abs(to.y - from.y) / 3);
  const bow = Math.max(from.x, to.x) + reach > width ? -reach : reach;
  return `M${from.x} ${from.y}C${from.x + bow} ${from.y + 30} ${to.x + bow} ${
    to.y - 30
  } ${to.x} ${to.y}`;
}

const arcTemplate = (arc: Arc) =>
  svg`<g class=${arc.isCommitted ? "arc committed" : "arc"}>
    <path d=${pathOf(arc)} />
    <circle class="arc-end" cx=${arc.to.x} cy=${arc.to.y} r="9" />
    ${
    arc.isCommitted
      ? svg`<path class="tick" d=${`M${arc.to.x - 4} ${arc.to.y}l3 3.5 5.5 -7`} />`
      : svg`<circle class="arc-mote" r="4" style=${`offset-path:path("${pathOf(arc)}")`} />`
  }
  </g>`;

/** The strips on the page. */
export class Stage {
  readonly #host: HTMLElement;
  readonly #arcs: HTMLElement;
  readonly #events: StripEvents;
  readonly #views = new Map<string, StripView>();
  #scene: Scene | undefined;
  #isAwaited = false;

  /**
   * Fills an element.
   *
   * @param host Where strips go.
   * @param events What pointing and pressing do.
   */
  constructor(host: HTMLElement, events: StripEvents) {
    this.#host = host;
    this.#events = events;
    this.#arcs = document.createElement("div");
    this.#arcs.className = "arcs";
    host.append(this.#arcs);
    new ResizeObserver(() => this.#resize()).observe(host);
    for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) {
      matchMedia(query).addEventListener("change", () => {
        for (const view of this.#views.values()) view.recolour();
        this.redraw();
      });
    }
  }

  /** Shows a scene. */
  show(scene: Scene, selected: Selection | undefined): void {
    this.#scene = scene;
    const gone = new Set(this.#views.keys());
    let before: Element = this.#arcs;
    for (const strip of scene.strips) {
      gone.delete(strip.name);
      const view = this.#viewOf(strip);
      view.update(strip, scene.pending.filter((copy) => touches(copy, strip)));
      view.mark(selected?.strip === strip.name ? selected.chunk : undefined);
      // An element that stays where it is keeps its focus.
      if (before.nextElementSibling !== view.element) before.after(view.element);
      before = view.element;
    }
    for (const name of gone) {
      this.#views.get(name)!.element.remove();
      this.#views.delete(name);
    }
    this.redraw();
  }

  /** Draws at the next frame. */
  redraw(): void {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    requestAnimationFrame(() => {
      this.#isAwaited = false;
      for (const view of this.#views.values()) view.draw();
      this.#drawArcs();
    });
  }

  #viewOf(strip: Strip): StripView {
    let view = this.#views.get(strip.name);
    if (view === undefined) {
      view = new StripView(strip, this.#events);
      view.resize(this.#width);
      this.#views.set(strip.name, view);
    }
    return view;
  }

  get #width(): number {
    const style = getComputedStyle(this.#host);
    return this.#host.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  }

  #resize(): void {
    for (const view of this.#views.values()) view.resize(this.#width);
    this.redraw();
  }

  #drawArcs(): void {
    const arcs = (this.#scene?.pending ?? []).flatMap((copy) => this.#arcOf(copy));
    render(html`<svg>${arcs.map(arcTemplate)}</svg>`, this.#arcs);
  }

  #arcOf({ snapshot, oldChunk, newChunk, isCommitted }: PendingCopy): Arc[] {
    const view = this.#views.get(snapshot);
    const origin = this.#views.get(view?.strip.origin ?? "");
    const cow = this.#views.get(view?.strip.partner ?? "");
    if (view === undefined || origin === undefined || cow === undefined) return [];
    const { left, top, width } = this.#arcs.getBoundingClientRect();
    const moved = ({ x, y }: { x: number; y: number }) => ({ x: x - left, y: y - top });
    const first = Math.floor((oldChunk * view.strip.chunkBytes) / origin.strip.chunkBytes);
    const from = moved(origin.middleOf(first));
    return [{ from, to: moved(cow.middleOf(newChunk)), width, isCommitted }];
  }
}

/** Whether a copy is from or to this strip. */
function touches({ snapshot }: PendingCopy, { name, partner, role }: Strip): boolean {
  return role === "cow" ? partner === snapshot : name === snapshot;
}

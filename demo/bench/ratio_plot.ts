/// <reference lib="dom" />
/**
 * Ratios by size as a plot. The table beside it has the same numbers in words. uPlot is fetched when
 * there is something to plot.
 *
 * @module
 */
import type uPlot from "uplot";
import { readPalette } from "../view/strip/palette.ts";
import { nameOfSize, ratioOf } from "./result_tables.ts";
import { BYTE_VERBS, type ByteRow, type Results, SIZES } from "./results.ts";

const HEIGHT = 220;
/** What tells the verbs apart besides colour. */
const DASHES: readonly number[][] = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

/** A logarithmic axis leaves out what has no room. */
const timesOf = (split: number | null) => split === null ? "" : `${split}×`;

/** One line for each verb: ratios in the order of the sizes. */
export function linesOf(bytes: readonly ByteRow[]): number[][] {
  return BYTE_VERBS.map((verb) =>
    SIZES.map((size) => {
      const row = bytes.find(({ verb: other, byteCount }) => other === verb && byteCount === size);
      return row === undefined ? NaN : ratioOf(row);
    })
  );
}

/** The plot. */
export class RatioPlot {
  readonly #host: HTMLElement;
  readonly #schemes = matchMedia("(prefers-color-scheme: dark)");
  readonly #renew = () => void this.#draw();
  readonly #resized: ResizeObserver;
  #plot: uPlot | undefined;
  #results: Results | undefined;

  /**
   * Draws nothing yet.
   *
   * @param host Where the plot goes.
   */
  constructor(host: HTMLElement) {
    this.#host = host;
    this.#schemes.addEventListener("change", this.#renew);
    this.#resized = new ResizeObserver(() => {
      this.#plot?.setSize({ width: host.clientWidth, height: HEIGHT });
    });
    this.#resized.observe(host);
  }

  /** Shows results. */
  show(results: Results): void {
    if (results === this.#results) return;
    this.#results = results;
    void this.#draw();
  }

  /** Lets go of the page. */
  end(): void {
    this.#schemes.removeEventListener("change", this.#renew);
    this.#resized.disconnect();
    this.#plot?.destroy();
  }

  async #draw(): Promise<void> {
    const results = this.#results;
    if (results === undefined) return;
    const [{ default: Plot }] = await Promise.all([
      import("uplot"),
      import("uplot/dist/uPlot.min.css"),
    ]);
    if (results !== this.#results) return;
    this.#plot?.destroy();
    const places = SIZES.map((_, at) => at);
    const columns = [places, ...linesOf(results.bytes)] as uPlot.AlignedData;
    this.#plot = new Plot(this.#options(), columns, this.#host);
  }

  #options(): uPlot.Options {
    const { inks, muted, line, text } = readPalette(this.#host);
    const axis = {
      stroke: muted,
      grid: { stroke: line, width: 1 },
      ticks: { show: false },
      font: "11px ui-sans-serif, system-ui, sans-serif",
    };
    const strokes = [text, ...inks.slice(1)];
    return {
      width: this.#host.clientWidth,
      height: HEIGHT,
      scales: {
        x: { time: false, range: [-0.3, SIZES.length - 0.7] },
        y: { distr: 3, log: 2 },
      },
      axes: [
        {
          ...axis,
          size: 24,
          splits: () => SIZES.map((_, at) => at),
          values: (_, splits) => splits.map((at) => nameOfSize(SIZES[at]!)),
        },
        { ...axis, size: 48, values: (_, splits) => splits.map(timesOf) },
      ],
      series: [
        {},
        ...BYTE_VERBS.map((verb, at) => ({
          label: verb,
          stroke: strokes[at]!,
          width: 2,
          dash: DASHES[at]!,
          points: { size: 6 },
        })),
      ],
      cursor: { show: false },
      legend: { show: true, live: false },
    };
  }
}

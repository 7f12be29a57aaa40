/**
 * What each command cost, over the log. uPlot is fetched when there is something to plot.
 *
 * @module
 */
import type { LogLine } from "../../engine/scene.ts";
import { readPalette } from "../strip/palette.ts";
import type uPlot from "uplot";

type Plot = uPlot;

/** Height of the plot, its axis included. */
const HEIGHT = 132;

/** Sums from the first line on: plots of what is spent only rise. */
function columnsOf(log: readonly LogLine[]): [number[], number[], number[]] {
  let copied = 0;
  const at = [0];
  const copies = [0];
  const used = [log[0]?.usedSectors ?? 0];
  log.forEach((line, index) => {
    copied += line.copiedSectors;
    at.push(index + 1);
    copies.push(copied);
    used.push(line.usedSectors);
  });
  return [at, copies, used];
}

/** The plot. */
export class Plots {
  readonly #host: HTMLElement;
  #plot: Plot | undefined;
  #log: readonly LogLine[] = [];
  #isFetching = false;

  /**
   * Draws nothing yet.
   *
   * @param host Where the plot goes: its height is the style sheet's already.
   */
  constructor(host: HTMLElement) {
    this.#host = host;
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#renew());
    new ResizeObserver(() => {
      this.#plot?.setSize({ width: host.clientWidth, height: HEIGHT });
    }).observe(host);
  }

  /** Shows a log. While nothing was copied there is nothing to be plotted, and nothing is fetched. */
  show(log: readonly LogLine[]): void {
    this.#log = log;
    if (this.#plot !== undefined) this.#plot.setData(columnsOf(log));
    else if (log.some(({ copiedSectors }) => copiedSectors > 0)) this.#renew();
  }

  async #renew(): Promise<void> {
    if (this.#isFetching) return;
    this.#isFetching = true;
    const [{ default: Plot }] = await Promise.all([
      import("uplot"),
      import("uplot/dist/uPlot.min.css"),
    ]);
    this.#isFetching = false;
    this.#plot?.destroy();
    const { accent, muted, line, danger } = readPalette(this.#host);
    const axis = {
      stroke: muted,
      grid: { stroke: line, width: 1 },
      ticks: { show: false },
      font: "11px ui-sans-serif, system-ui, sans-serif",
    };
    const series = (label: string, stroke: string, dash: number[]) => ({
      label,
      stroke,
      width: 1.5,
      dash,
      points: { show: false },
    });
    const options: uPlot.Options = {
      width: this.#host.clientWidth,
      height: HEIGHT,
      scales: { x: { time: false } },
      axes: [{ ...axis, size: 24, incrs: [1, 2, 5, 10, 20, 50, 100, 1000] }, { ...axis, size: 44 }],
      series: [{}, series("copied", accent, []), series("in use", danger, [4, 3])],
      cursor: { show: false },
      legend: { show: false },
    };
    this.#plot = new Plot(options, columnsOf(this.#log), this.#host);
  }
}

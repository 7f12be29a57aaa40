/// <reference lib="dom" />
/**
 * The tab with the benchmark: begun, watched, cancelled, shared.
 *
 *     idle ──run──▶ running ──▶ idle, with results
 *       ▲              └──cancel, or a failure──▶ idle, as before
 *       └── a link's results are shown beside one's own
 *
 * @module
 */
import { html, nothing, render, type TemplateResult } from "../view/html.ts";
import type { BenchNews, BenchOrder } from "./bench.worker.ts";
import { RatioPlot } from "./ratio_plot.ts";
import { byteTable, type Owned, storageTable } from "./result_tables.ts";
import { readResults, type Results, writeResults } from "./results.ts";

/** How thorough it is: about two seconds, about ten. */
const ORDERS: Readonly<Record<"quick" | "thorough", BenchOrder>> = {
  quick: { bytes: { roundMs: 2, rounds: 5 }, storages: { budgetMs: 700, roundsMax: 7 } },
  thorough: { bytes: { roundMs: 6, rounds: 15 }, storages: { budgetMs: 4000, roundsMax: 101 } },
};

/** The browser's name and version, and how many processors it sees. */
export function machineName(agent: string, processors: number): string {
  const name = /(Firefox|Edg|OPR|Chrome)\/(\d+)/.exec(agent) ?? /(Version)\/(\d+)/.exec(agent);
  const browser = name === null ? "a browser" : `${name[1]} ${name[2]}`;
  return `${browser.replace("Version", "Safari")}, ${processors} processors`;
}

/** The benchmark in its tab. */
export class BenchTab {
  readonly #element: HTMLElement;
  #worker: Worker | undefined;
  #progress: Extract<BenchNews, { kind: "progress" }> | undefined;
  #said = "";
  #mine: Results | undefined;
  #theirs: Results | undefined;
  #plot: RatioPlot | undefined;

  /**
   * Fills an element.
   *
   * @param element The element.
   */
  constructor(element: HTMLElement) {
    this.#element = element;
    this.readLink();
  }

  /** Shows what the address has of another's results. */
  readLink(): void {
    const found = readResults(location.hash);
    const isOwn = this.#mine !== undefined && location.hash.endsWith(writeResults(this.#mine));
    if (found !== null && !isOwn) this.#theirs = found;
    this.#show();
  }

  /** Ends what runs, and lets go of the page. */
  end(): void {
    this.#worker?.terminate();
    this.#plot?.end();
  }

  #run(order: BenchOrder): void {
    this.#said = "";
    const worker = new Worker(new URL("./bench.worker.ts", import.meta.url), { type: "module" });
    this.#worker = worker;
    worker.addEventListener("message", ({ data: news }: MessageEvent<BenchNews>) => {
      if (worker === this.#worker) this.#hear(news);
    });
    worker.addEventListener("error", ({ message }) => {
      this.#stop(`The benchmark has failed: ${message || "its worker was not loaded"}`);
    });
    worker.postMessage(order);
    this.#show();
  }

  #hear(news: BenchNews): void {
    if (news.kind === "progress") {
      this.#progress = news;
      return this.#show();
    }
    if (news.kind === "failed") return this.#stop(`The benchmark has failed: ${news.message}`);
    const { bytes, storages } = news;
    const machine = machineName(navigator.userAgent, navigator.hardwareConcurrency);
    const found = { machine, isIsolated: crossOriginIsolated, bytes, storages };
    // As a link has them, so that both of its ends show the same.
    this.#mine = readResults(`?${writeResults(found)}`) ?? found;
    this.#stop("Done.");
  }

  #stop(said: string): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#progress = undefined;
    this.#said = said;
    this.#show();
  }

  /** Puts one's results into the address, and into the clipboard where that is allowed. */
  async #share(results: Results): Promise<void> {
    const url = new URL(location.href);
    url.hash = `bench?${writeResults(results)}`;
    history.replaceState(history.state, "", url);
    const isCopied = await navigator.clipboard?.writeText(url.href).then(() => true, () => false);
    this.#said = isCopied ? "Link copied." : "The link is in the address bar.";
    this.#show();
  }

  #show(): void {
    render(this.#template(), this.#element);
    const shown = this.#mine ?? this.#theirs;
    if (shown === undefined) return;
    this.#plot ??= new RatioPlot(this.#element.querySelector("#bench-plot")!);
    this.#plot.show(shown);
  }

  #template(): TemplateResult {
    const isRunning = this.#worker !== undefined;
    const all: Owned[] = [
      ...this.#mine === undefined ? [] : [{ owner: "yours", results: this.#mine } as const],
      ...this.#theirs === undefined ? [] : [{ owner: "theirs", results: this.#theirs } as const],
    ];
    const press = (verb: string, name: string, kind: string, isOff: boolean, act: () => void) =>
      html`
        <button data-verb=${verb} class=${kind} ?disabled=${isOff}
          @click=${act}>${name}</button>
      `;
    const mine = this.#mine;
    return html`
      <section class="bench" aria-label="How fast is it here?">
        <h2>How fast is it here?</h2>
        <p class="quiet">
          Everything is measured on your machine, in a worker: by turns, medians of rounds. Compare
          ratios; a machine that does other things is slower, and both sides with it.
        </p>
        ${footnote()}
        <div class="bench-verbs">
          ${press(
            "thorough",
            "Run, about 10 s",
            "primary",
            isRunning,
            () => this.#run(ORDERS.thorough),
          )}
          ${press("quick", "Quick run, about 2 s", "", isRunning, () => this.#run(ORDERS.quick))}
          ${isRunning
            ? press("cancel", "Cancel", "", false, () => this.#stop("Cancelled."))
            : press("share", "Link to my results", "", mine === undefined, () =>
              void (mine && this.#share(mine)))}
        </div>
        <div class="bench-state">
          ${this.#progressBar()}
          <p role="status">${this.#said}</p>
        </div>
        ${all.map(ownerLine)}
        <figure class="bench-figure" ?hidden=${all.length === 0}>
          <figcaption>Times as fast as without the kernel, by size</figcaption>
          <div id="bench-plot" aria-hidden="true"></div>
        </figure>
        ${all.length === 0 ? nothing : html`
          <div class="bench-tables">${byteTable(all)} ${storageTable(all)}</div>
        `}
      </section>
    `;
  }

  #progressBar(): TemplateResult | typeof nothing {
    if (this.#worker === undefined) return nothing;
    const { done, all, what } = this.#progress ?? { done: 0, all: 1, what: "starting" };
    return html`
      <label>
        <progress max=${all} .value=${done}></progress>
        <span>${what}</span>
      </label>
    `;
  }
}

const ownerLine = ({ owner, results: { machine, isIsolated } }: Owned) =>
  html`
    <p class="quiet">
      ${owner === "yours" ? "Yours" : "Theirs"}: ${machine}, ${isIsolated
        ? "cross-origin isolated"
        : "not isolated, so its clock is coarse"}
    </p>
  `;

const footnote = () =>
  html`
    <p class="quiet bench-note">
      Without the kernel: <code>Uint8Array.set</code> for copy, loops over 32-bit words for compare and is
      zero, hash-wasm for XXH3-64. First touch: the first write to a chunk after a snapshot, which
      copies it; overwrite: the next one; flush: making 64 chunks durable.
    </p>
  `;

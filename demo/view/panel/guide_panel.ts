/**
 * The guided path: one step at a time, with its place among all of them. Behind the last step is the
 * sandbox.
 *
 * A step begins with a disk of its own, so Back and Next lead to the same picture from either side.
 *
 * @module
 */
import { enterStep, GUIDE, type GuideStep } from "../../engine/guide.ts";
import { html, nothing, render, type TemplateResult } from "../html.ts";
import { LINES, PACE_MS, SCENARIOS } from "../lines.ts";
import type { Page } from "../page.ts";

/** Where the tab remembers its step. */
const STEP_KEY = "cowdisk-demo-step";

function rememberedStep(): number {
  try {
    const step = Number(sessionStorage.getItem(STEP_KEY) ?? 0);
    return Number.isInteger(step) && step >= 0 && step <= GUIDE.length ? step : 0;
  } catch {
    return 0; // Visitors may forbid it.
  }
}

/** What there is behind the last step: scenes to begin with. */
function afterwards(page: Page): TemplateResult {
  return html`
    <h2>The sandbox</h2>
    <p class="guide-sentence">The rest is yours: press chunks, type help, or begin with a scene.</p>
    <div class="scenes">
      ${SCENARIOS.map(({ name, about, lines }) =>
        html`
          <button title=${about} @click=${() => page.play(lines)}>${name}</button>
        `
      )}
    </div>
  `;
}

/** The panel. */
export class GuidePanel {
  readonly #host: HTMLElement;
  readonly #page: Page;
  #at: number = rememberedStep();
  /** What went wrong with the step's beginning. */
  #failure = "";
  /** Steps are entered one after the other, however quickly one goes on. */
  #entering: Promise<void> = Promise.resolve();

  /**
   * At the step where the visitor was.
   *
   * @param host The element, of a height that holds the longest step.
   * @param page The page.
   */
  constructor(host: HTMLElement, page: Page) {
    this.#host = host;
    this.#page = page;
  }

  /** Goes to the sandbox: what is there already is no step's. */
  leave(): void {
    this.#at = GUIDE.length;
    this.show();
  }

  /** Makes the disk what the step begins with. */
  enter(): Promise<void> {
    this.#host.ariaBusy = "true";
    this.#entering = this.#entering.then(() => this.#enter(this.#at));
    return this.#entering;
  }

  async #enter(at: number): Promise<void> {
    const { engine } = this.#page;
    if (at < GUIDE.length) {
      const { isDone, text } = await enterStep(engine, at);
      this.#failure = isDone ? "" : text;
    }
    if (at === 0 || at === GUIDE.length) await engine.run(LINES.pace(PACE_MS));
    if (at !== this.#at) return;
    this.#host.ariaBusy = "false";
    this.show();
  }

  /** Shows the step, which may have been done. */
  show(): void {
    const step = GUIDE[this.#at];
    const place = step === undefined ? "The sandbox" : `${this.#at + 1} of ${GUIDE.length}`;
    render(
      html`
        <div class="guide-step">${step === undefined
          ? afterwards(this.#page)
          : this.#step(step)}</div>
        <div class="guide-foot">
          <button id="guide-back" ?disabled=${this.#at === 0} @click=${() =>
            this.#go(-1)}>Back</button>
          <span class="guide-place">${place}</span>
          <button
            id="guide-skip"
            class="plain"
            ?disabled=${step === undefined}
            @click=${() => this.#go(GUIDE.length)}
          >
            Skip
          </button>
          <button
            id="guide-next"
            class="primary"
            ?disabled=${step === undefined}
            @click=${() => this.#go(1)}
          >
            Next
          </button>
        </div>
      `,
      this.#host,
    );
  }

  async #go(by: number): Promise<void> {
    this.#at = Math.max(0, Math.min(GUIDE.length, this.#at + by));
    try {
      sessionStorage.setItem(STEP_KEY, String(this.#at));
    } catch {
      // Then a reload begins at the first step.
    }
    this.show();
    this.#host.querySelector("details")?.removeAttribute("open");
    const step = GUIDE[this.#at];
    this.#page.say(step === undefined ? "The sandbox" : `Step ${this.#at + 1}: ${step.title}`);
    this.#keepFocus();
    await this.enter();
  }

  /** A button that has become disabled loses the focus: the other one takes it. */
  #keepFocus(): void {
    if (document.activeElement !== document.body) return;
    this.#host.querySelector<HTMLElement>(".guide-foot button:not(:disabled)")?.focus();
  }

  async #do({ lines }: GuideStep): Promise<void> {
    for (const line of lines) await this.#page.run(line);
  }

  #step(step: GuideStep): TemplateResult {
    // While its beginning is being made the scene is still the last step's.
    const isDone = this.#host.ariaBusy !== "true" && step.isDone(this.#page.scene);
    return html`
      <h2>${step.title}</h2>
      <p class="guide-sentence">${step.sentence}</p>
      <p class="guide-task">
        <button id="guide-do" class="guide-do" @click=${() => this.#do(step)}>${step.task}</button>
        <span class="guide-done" ?hidden=${!isDone}>✓ done</span>
      </p>
      ${this.#failure === "" ? nothing : html`<p class="guide-failure">${this.#failure}</p>`}
      <details class="guide-question">
        <summary>${step.question}</summary>
        <p>${step.answer}</p>
      </details>
    `;
  }
}

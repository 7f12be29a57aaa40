/**
 * The guided path: one step at a time, with its place among all of them. Behind the last step is the
 * sandbox.
 *
 * A step begins with a disk of its own, so Back and Next lead to the same picture from either side.
 * What was shown is put aside before, and a line above the buttons brings it back.
 *
 * @module
 */
import { enterStep, GUIDE, type GuideStep } from "../../engine/guide.ts";
import type { Outcome } from "../../engine/scene.ts";
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

/** The panel. */
export class GuidePanel {
  readonly #host: HTMLElement;
  readonly #page: Page;
  #at: number = rememberedStep();
  /** What the scene is about that one has looked at last. */
  #about = "Each of them begins with a disk of its own.";
  /** What went wrong with the step's beginning. */
  #failure = "";
  /** Steps are entered one after the other, however quickly one goes on. */
  #entering: Promise<unknown> = Promise.resolve();

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
    return this.#inTurn(() => this.#enter(this.#at));
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#entering.then(work);
    this.#entering = done;
    return done;
  }

  async #enter(at: number): Promise<void> {
    const { engine, aside } = this.#page;
    if (at < GUIDE.length) {
      const left = await aside.leave();
      this.#fail(left.isDone ? await enterStep(engine, at) : left);
    }
    if (at === 0 || at === GUIDE.length) await engine.run(LINES.pace(PACE_MS));
    if (at !== this.#at) return;
    this.#host.ariaBusy = "false";
    this.show();
  }

  #fail({ isDone, text }: Outcome): void {
    this.#failure = isDone ? "" : text;
  }

  /** Begins a scene. */
  async #begin(lines: readonly string[]): Promise<void> {
    const left = await this.#inTurn(() => this.#page.aside.leave());
    this.#fail(left);
    if (left.isDone) await this.#page.play(lines);
    this.show();
  }

  /** Shows what was put aside; it is no step's. */
  async #bringBack(): Promise<void> {
    this.#at = GUIDE.length;
    this.#fail(await this.#inTurn(() => this.#page.aside.bringBack()));
    this.#page.say(this.#failure === "" ? "Your disk is back" : this.#failure);
    this.show();
    this.#keepFocus();
  }

  /** Shows the step, which may have been done. */
  show(): void {
    const step = GUIDE[this.#at];
    const place = step === undefined ? "The sandbox" : `${this.#at + 1} of ${GUIDE.length}`;
    render(
      html`
        <div class="guide-step">${step === undefined ? this.#sandbox() : this.#step(step)}</div>
        ${this.#aside()}
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

  #aside(): TemplateResult | typeof nothing {
    const { words } = this.#page.aside;
    if (words === undefined) return nothing;
    return html`
      <p class="guide-aside">
        <span>${words}</span>
        <button id="guide-return" @click=${() => this.#bringBack()}>Bring it back</button>
      </p>
    `;
  }

  /** What there is behind the last step: scenes to begin with. */
  #sandbox(): TemplateResult {
    return html`
      <h2>The sandbox</h2>
      <p class="guide-sentence">
        The rest is yours: press chunks, type help, or begin with a scene.
      </p>
      <div class="scenes">
        ${SCENARIOS.map(({ name, about, lines }) =>
          html`
            <button
              aria-describedby="guide-about"
              @focus=${() => this.#describe(about)}
              @pointerenter=${() => this.#describe(about)}
              @click=${() => this.#begin(lines)}
            >
              ${name}
            </button>
          `
        )}
      </div>
      <p id="guide-about" class="quiet">${this.#about}</p>
      ${this.#told()}
    `;
  }

  #describe(about: string): void {
    this.#about = `${about}.`;
    this.show();
  }

  #told(): TemplateResult | typeof nothing {
    return this.#failure === "" ? nothing : html`<p class="guide-failure">${this.#failure}</p>`;
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
      ${this.#told()}
      <details class="guide-question">
        <summary>${step.question}</summary>
        <p>${step.answer}</p>
      </details>
    `;
  }
}

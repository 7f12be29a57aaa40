/**
 * The command line: history on the arrow keys, completion on Tab, and what was answered.
 *
 * | key | does |
 * |---|---|
 * | Enter | runs the line |
 * | Up, Down | the line before, the line after |
 * | Tab | completes the last word; on an empty line, or after Escape, it leaves as ever |
 *
 * @module
 */
import { html, render, type TemplateResult } from "../html.ts";
import type { Answer, Page } from "../page.ts";

const answerTemplate = ({ line, text, outcome }: Answer) =>
  html`
    <li class=${`answer ${outcome}`}>
      <code class="answer-line">${line}</code>
      ${text === "" ? "" : html`<pre>${text}</pre>`}
    </li>
  `;

/** The part that all candidates begin with. */
export function commonStart(words: readonly string[]): string {
  let start = words[0] ?? "";
  for (const word of words) while (!word.startsWith(start)) start = start.slice(0, -1);
  return start;
}

/** The line, with its last word replaced by what it was completed to. */
export function completed(line: string, candidates: readonly string[]): string {
  const start = line.slice(0, line.lastIndexOf(" ") + 1);
  const last = line.slice(start.length);
  const common = commonStart(candidates);
  return start + (common.length > last.length ? common : last) +
    (candidates.length === 1 ? " " : "");
}

/** The input and its log. */
export class CommandLine {
  readonly #page: Page;
  readonly #input: HTMLInputElement;
  readonly #log: HTMLElement;
  readonly #hints: HTMLElement;
  readonly #lines: string[] = [];
  /** Which line of the history is shown; its length for the one that is being typed. */
  #at = 0;
  #typed = "";
  #isLeaving = false;
  #answerCount = 0;

  /**
   * Takes over the form that is in the page.
   *
   * @param form It has an input, an output for hints, and a list for answers follows it.
   * @param log Where answers go.
   * @param page What runs lines.
   */
  constructor(form: HTMLFormElement, log: HTMLElement, page: Page) {
    this.#page = page;
    this.#log = log;
    this.#input = form.querySelector("input")!;
    this.#hints = form.querySelector("output")!;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const line = this.#input.value.trim();
      if (line === "") return;
      this.#input.value = "";
      this.#hint([]);
      page.run(line);
    });
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#input.addEventListener("input", () => this.#hint([]));
  }

  /** Shows what was run, by whomever. */
  show(answers: readonly Answer[]): void {
    for (const { line } of answers.slice(this.#answerCount)) {
      if (line !== this.#lines.at(-1)) this.#lines.push(line);
      this.#at = this.#lines.length;
    }
    this.#answerCount = answers.length;
    const shown: TemplateResult[] = answers.slice(-60).map(answerTemplate);
    render(html`${shown}`, this.#log);
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #key(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      this.#isLeaving = true;
      this.#hint([]);
    } else if (event.key === "Tab" && !event.shiftKey) {
      if (this.#input.value.trim() === "" || this.#isLeaving) return;
      event.preventDefault();
      this.#complete();
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      this.#recall(event.key === "ArrowUp" ? -1 : 1);
    } else {
      this.#isLeaving = false;
    }
  }

  #recall(by: number): void {
    if (this.#at === this.#lines.length) this.#typed = this.#input.value;
    this.#at = Math.max(0, Math.min(this.#lines.length, this.#at + by));
    this.#input.value = this.#lines[this.#at] ?? this.#typed;
    this.#input.setSelectionRange(this.#input.value.length, this.#input.value.length);
  }

  async #complete(): Promise<void> {
    const line = this.#input.value;
    const candidates = await this.#page.engine.complete(line);
    if (this.#input.value !== line) return;
    if (candidates.length > 0) this.#input.value = completed(line, candidates);
    this.#hint(candidates.length > 1 ? candidates : []);
  }

  #hint(words: readonly string[]): void {
    this.#hints.textContent = words.slice(0, 12).join("  ");
  }
}

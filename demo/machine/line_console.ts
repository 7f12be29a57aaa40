/// <reference lib="dom" />
/**
 * A console of lines, for a guest that is spoken to over its serial port: what it said, and a line to
 * type.
 *
 * @module
 */
import type { V86 } from "v86";
import { html, render } from "../view/html.ts";
import { readable } from "./said.ts";

/** As much as is shown. */
const SAID_MAX = 20_000;
/** The console. */
export class LineConsole {
  readonly #log: HTMLElement;
  #said = "";
  #isDrawn = true;
  #emulator: V86 | undefined;

  /**
   * Puts a console into an element.
   *
   * @param element Where.
   */
  constructor(element: HTMLElement) {
    render(
      html`
        <pre class="machine-log" tabindex="0" role="log" aria-label="What the machine says"></pre>
        <form class="machine-line" @submit=${(event: SubmitEvent) => this.#send(event)}>
          <label>
            <span class="machine-prompt" aria-hidden="true">#</span>
            <input
              name="line"
              aria-label="A command for the machine"
              autocomplete="off"
              autocapitalize="off"
              spellcheck="false"
            >
          </label>
          <button>Run</button>
        </form>
      `,
      element,
    );
    this.#log = element.querySelector<HTMLElement>(".machine-log")!;
  }

  /** Connects a machine. */
  connect(emulator: V86): void {
    this.#emulator = emulator;
  }

  /** Shows what the guest said, once for all that it says until the next frame. */
  said(text: string): void {
    this.#said = (this.#said + text).slice(-SAID_MAX);
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    requestAnimationFrame(() => {
      this.#isDrawn = true;
      this.#log.textContent = readable(this.#said);
      this.#log.scrollTop = this.#log.scrollHeight;
    });
  }

  /** Gives the keyboard to the machine: to its line. */
  focus(): void {
    this.#log.parentElement?.querySelector("input")?.focus();
  }

  #send(event: SubmitEvent): void {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const line = String(new FormData(form).get("line") ?? "");
    form.reset();
    this.said(`# ${line}\n`);
    this.#emulator?.serial0_send(`${line}\n`);
  }
}

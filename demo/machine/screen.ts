/// <reference lib="dom" />
/**
 * The machine's screen, and the keyboard that is either the machine's or the page's.
 *
 *     page's ──click, or the button──▶ machine's ──Escape, or a click elsewhere──▶ page's
 *
 * v86 hears every key of the window while it is enabled; so it is enabled only while the field over the
 * screen has the focus. The field is a text area, for phones have a keyboard for nothing else. Tab is
 * the guest's then, so Tab alone never leads there. Escape is the way out for whoever has no mouse, so
 * the guest never has it.
 *
 * @module
 */
import type { V86 } from "v86";
import { html, render } from "../view/html.ts";

/** The keyboard's two owners. */
export type KeyboardOwner = "page" | "machine";

/** A screen, with its keyboard. */
export class Screen {
  readonly #container: HTMLElement;
  readonly #field: HTMLTextAreaElement;
  readonly #onOwner: (owner: KeyboardOwner) => void;
  #emulator: V86 | undefined;

  /**
   * Puts a screen into an element.
   *
   * @param element Where.
   * @param onOwner Told whenever the keyboard changes hands.
   */
  constructor(element: HTMLElement, onOwner: (owner: KeyboardOwner) => void) {
    this.#onOwner = onOwner;
    render(
      html`
        <div class="machine-display" @click=${() => this.focus()}>
          <div class="machine-text"></div>
          <canvas hidden></canvas>
          <textarea
            class="phone_keyboard"
            tabindex="-1"
            aria-label="The machine’s keyboard. Escape gives it back to the page."
            autocomplete="off"
            autocapitalize="off"
            spellcheck="false"
          ></textarea>
        </div>
      `,
      element,
    );
    this.#container = element.querySelector<HTMLElement>(".machine-display")!;
    this.#field = element.querySelector("textarea")!;
    this.#field.addEventListener("focus", () => this.#give("machine"));
    this.#field.addEventListener("blur", () => this.#give("page"));
    this.#field.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation(); // v86 listens at the window.
      event.preventDefault();
      this.#field.blur();
      this.#onEscape();
    });
  }

  /** What v86 draws on. */
  get container(): HTMLElement {
    return this.#container;
  }

  /** Connects a machine. */
  connect(emulator: V86, onEscape: () => void): void {
    this.#emulator = emulator;
    this.#onEscape = onEscape;
  }

  /** Gives the keyboard to the machine. */
  focus(): void {
    this.#field.focus({ preventScroll: true });
  }

  #onEscape: () => void = () => {};

  #give(owner: KeyboardOwner): void {
    this.#field.value = "";
    this.#emulator?.keyboard_set_enabled(owner === "machine");
    this.#onOwner(owner);
  }
}

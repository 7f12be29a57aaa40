/// <reference lib="dom" />
/**
 * The tab with the machine: what is shown, and what its buttons do.
 *
 *     starting ──▶ ready ◀──▶ busy           one verb at a time; buttons wait meanwhile
 *        └──▶ failed                         a sentence says why, and a button tries again
 *
 * @module
 */
import { html, nothing, render, type TemplateResult } from "../view/html.ts";
import { diskPanel, momentList } from "./disk_panel.ts";
import type { Guest } from "./guest.ts";
import { LineConsole } from "./line_console.ts";
import { type DiskFacts, MachineSession } from "./machine_session.ts";
import type { Moment } from "./moments.ts";
import type { MachineParts } from "./parts.ts";
import { type KeyboardOwner, Screen } from "./screen.ts";

/** Writes come in crowds; the disk is looked at when they are over. */
const SETTLE_MS = 250;

const messageOf = (error: unknown) => error instanceof Error ? error.message : String(error);

/** How long something took, for people. */
function timeOf(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

type TabState = "starting" | "ready" | "busy" | "failed";

/** One guest in its tab. */
export class MachineTab {
  readonly #guest: Guest;
  readonly #element: HTMLElement;
  readonly #fetch: () => Promise<MachineParts>;
  readonly #ending = new AbortController();
  #session: MachineSession | undefined;
  #console: Screen | LineConsole | undefined;
  #state: TabState = "starting";
  #said = "";
  #owner: KeyboardOwner = "page";
  #facts: DiskFacts | undefined;
  #settling: ReturnType<typeof setTimeout> | undefined;

  /**
   * A tab that shows nothing yet.
   *
   * @param element What is filled.
   * @param guest Who lives in it.
   * @param fetch Fetches what machines are built of.
   */
  constructor(element: HTMLElement, guest: Guest, fetch: () => Promise<MachineParts>) {
    this.#element = element;
    this.#guest = guest;
    this.#fetch = fetch;
  }

  /** Begins the guest; what fails is shown. */
  async start(): Promise<void> {
    this.#say("starting", "Fetching the machine …");
    try {
      await this.#begin(await this.#fetch());
      if (this.#session!.moments.length === 0) await this.#session!.keep("as it began");
      this.#say("ready", "The machine runs.");
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      await this.#session?.end().catch(() => {}); // What has failed already is told.
      this.#session = undefined;
      this.#say("failed", messageOf(error));
    }
    await this.#look();
  }

  /** Switches the machine off. The disk and its moments stay. */
  async end(): Promise<void> {
    this.#ending.abort(new DOMException("The tab was closed", "AbortError"));
    clearTimeout(this.#settling);
    await this.#session?.end();
    this.#session = undefined;
  }

  async #begin(parts: MachineParts): Promise<void> {
    this.#ending.signal.throwIfAborted();
    this.#say("starting", "The machine starts …");
    const place = document.createElement("div");
    this.#element.querySelector(".machine-screen")!.replaceChildren(place);
    const screen = this.#guest.console === "screen"
      ? new Screen(place, (owner) => this.#keyboardIs(owner))
      : new LineConsole(place);
    this.#console = screen;
    const session = await MachineSession.start({
      guest: this.#guest,
      parts,
      screen: screen instanceof Screen ? screen.container : place,
      listener: {
        onWrite: () => this.#settle(),
        onSaid: (text) => screen instanceof LineConsole && screen.said(text),
        onTrouble: (sentence) => this.#say(this.#state, sentence),
      },
    });
    this.#session = session;
    screen.connect(session.emulator, () => this.#button("type")?.focus());
    await session.greet(this.#ending.signal);
  }

  #button(verb: string): HTMLButtonElement | null {
    return this.#element.querySelector(`[data-verb="${verb}"]`);
  }

  #keyboardIs(owner: KeyboardOwner): void {
    this.#owner = owner;
    this.#show();
  }

  /** Does one thing, and says how it went. */
  async #do(verb: (session: MachineSession) => Promise<string>): Promise<void> {
    const session = this.#session;
    if (session === undefined || this.#state !== "ready") return;
    this.#say("busy", this.#said);
    try {
      this.#say("ready", await verb(session));
    } catch (error) {
      this.#say("ready", messageOf(error));
    }
    await this.#look();
  }

  #keep(): Promise<void> {
    return this.#do(async (session) => {
      const { number } = await session.keep("kept by you");
      return `Kept: moment ${number}, the machine and its disk. No sector was copied.`;
    });
  }

  #wreck(): Promise<void> {
    return this.#do((session) => session.wreck("before the wreck"));
  }

  #bringBack(moment: Moment): Promise<void> {
    return this.#do(async (session) => {
      const ms = await session.bringBack(moment);
      this.#console?.focus();
      return `Back at “${moment.label}” in ${timeOf(ms)}, machine and disk together.`;
    });
  }

  #forget(moment: Moment): Promise<void> {
    return this.#do(async (session) => {
      await session.forget(moment);
      return `Forgotten: “${moment.label}” and its snapshot.`;
    });
  }

  #reset(): Promise<void> {
    return this.#do(async (session) => {
      await session.reset();
      this.#console?.focus();
      return "Reset.";
    });
  }

  #settle(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => void this.#look(), SETTLE_MS);
  }

  /** Looks at the disk. One that was switched off meanwhile has nothing to show. */
  async #look(): Promise<void> {
    try {
      this.#facts = await this.#session?.facts() ?? this.#facts;
    } catch {
      return;
    }
    this.#show();
  }

  #say(state: TabState, said: string): void {
    this.#state = state;
    this.#said = said;
    this.#show();
  }

  #show(): void {
    if (this.#ending.signal.aborted) return;
    this.#element.dataset.state = this.#state;
    this.#element.dataset.keyboard = this.#owner;
    render(this.#template(), this.#element);
  }

  #template(): TemplateResult {
    const moments = this.#session?.moments ?? [];
    const isBusy = this.#state !== "ready";
    const newest = moments.at(-1);
    const press = (verb: string, name: string, kind: string, isOff: boolean, act: () => void) =>
      html`
        <button data-verb=${verb} class=${kind} ?disabled=${isOff}
          @click=${act}>${name}</button>
      `;
    const isTyping = this.#owner === "machine";
    return html`
      <p class="machine-about">${this.#guest.about}</p>
      <div class="machine-verbs">
        ${press("type", "Type into it", "", isBusy || isTyping, () => this.#console?.focus())}
        ${press("keep", "Keep this moment", "", isBusy, () => void this.#keep())}
        ${press("wreck", "Wreck it", "danger", isBusy, () => void this.#wreck())}
        ${press(
          "back",
          "Bring it back",
          "primary",
          isBusy || newest === undefined,
          () => void (newest && this.#bringBack(newest)),
        )}
        ${press("reset", "Reset", "", isBusy, () => void this.#reset())}
      </div>
      <p class="machine-said" role="status">${this.#said}</p>
      ${this.#state === "failed"
        ? html`<button @click=${() => void this.start()}>Try again</button>`
        : nothing}
      <div class="machine-desk">
        <div class="machine-monitor">
          <div class="machine-screen"></div>
          ${this.#keyboardHint(isTyping)}
        </div>
        <div class="machine-disk">
          <h3>Its disk</h3>
          ${diskPanel(this.#facts, newest)}
          <h3>Moments</h3>
          ${momentList(moments, isBusy, {
            bringBack: (moment) => void this.#bringBack(moment),
            forget: (moment) => void this.#forget(moment),
          })}
        </div>
      </div>
    `;
  }

  #keyboardHint(isTyping: boolean): TemplateResult | typeof nothing {
    if (this.#guest.console !== "screen") return nothing;
    return html`
      <p class="machine-quiet">
        ${isTyping
          ? html`The keyboard is the machine’s. <kbd>Esc</kbd> gives it back to the page.`
          : "The keyboard is the page’s. Click the screen to type into the machine."}
      </p>
    `;
  }
}

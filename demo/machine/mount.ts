/// <reference lib="dom" />
/**
 * The tab "Machine": a computer in the page whose disk has snapshots. Wreck it, bring it back.
 *
 * Loaded when the tab is opened; the emulator and the BIOS are fetched then.
 *
 * @module
 */
import { html, nothing, render } from "../view/html.ts";
import type { Guest } from "./guest.ts";
import type { LinuxFacts } from "./linux_facts.ts";
import { findLinux, linux } from "./linux_guest.ts";
import { MachineTab } from "./machine_tab.ts";
import { notebook } from "./notebook_guest.ts";
import { fetchParts, type MachineParts } from "./parts.ts";
import { loadStyle } from "../view/style.ts";

function colophon(facts: LinuxFacts | undefined) {
  return html`
    <footer class="machine-colophon">
      <p>
        The machine is <a href="https://github.com/copy/v86">v86</a>, its BIOS
        <a href="https://www.seabios.org/">SeaBIOS</a> from Debian:
        <a href="licenses.md">licenses and sources</a>.
      </p>
      ${facts === undefined ? nothing : html`
        <details>
          <summary>What the Linux was made of</summary>
          <ul>
            ${facts.packages.map(({ name, version, source }) =>
              html`<li><a href=${source}>${name} ${version}</a></li>`
            )}
          </ul>
          <p>Each package’s license is in it; each link leads to its source.</p>
        </details>
      `}
    </footer>
  `;
}

/**
 * Fills an element with the machine.
 *
 * @param element The element; it is empty.
 * @returns What switches the machine off and empties the element.
 */
export async function mount(element: HTMLElement): Promise<() => void> {
  const [facts] = await Promise.all([findLinux(), loadStyle(STYLE)]);
  const guests = [notebook, ...facts === undefined ? [] : [linux(facts)]];
  let parts: Promise<MachineParts> | undefined;
  let tab: MachineTab | undefined;

  const fetchOnce = () => {
    parts ??= fetchParts();
    parts.catch(() => parts = undefined); // Another try may have more luck.
    return parts;
  };
  const begin = async (guest: Guest) => {
    await tab?.end();
    const own = document.createElement("div");
    element.querySelector(".machine-place")!.replaceChildren(own);
    tab = new MachineTab(own, guest, fetchOnce);
    void tab.start();
  };
  const choose = (event: Event) => {
    const { value } = event.target as HTMLSelectElement;
    const guest = guests.find(({ name }) => name === value);
    if (guest !== undefined) void begin(guest);
  };
  render(
    html`
      <section class="machine" aria-label="A machine that comes back">
        <h2>A machine that comes back</h2>
        <p>
          A computer in this page, whose disk is kept in your browser. Wreck it, and bring machine and
          disk back together: a snapshot is taken without a copy, and going back takes milliseconds.
        </p>
        ${guests.length === 1 ? nothing : html`
          <label class="machine-choice">
            Guest
            <select @change=${choose}>
              ${guests.map(({ name, title }) => html`<option value=${name}>${title}</option>`)}
            </select>
          </label>
        `}
        <div class="machine-place"></div>
        ${colophon(facts)}
      </section>
    `,
    element,
  );
  await begin(notebook);
  return () => {
    void tab?.end();
    render(nothing, element);
  };
}

const STYLE = new URL("./machine.css", import.meta.url);

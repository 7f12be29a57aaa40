/**
 * The bill: what it has cost so far, in dm's words and in sizes, beside what full copies would have.
 *
 * @module
 */
import type { Page } from "../page.ts";
import { html, type TemplateResult } from "../html.ts";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/**
 * A number of sectors as a size.
 *
 * @param sectors Of 512 bytes.
 * @returns "12 KiB".
 */
export function sizeOf(sectors: number): string {
  let size = sectors * 512;
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${size >= 100 || Number.isInteger(size) ? Math.round(size) : size.toFixed(1)} ${
    UNITS[unit]
  }`;
}

const row = (name: string, sectors: number) =>
  html`
    <tr>
      <th scope="row">${name}</th>
      <td>${sectors}</td>
      <td>${sizeOf(sectors)}</td>
    </tr>
  `;

/**
 * The bill as tables.
 *
 * @param page The page.
 * @returns What is shown.
 */
export function billPanel({ scene }: Page): TemplateResult {
  const { copiedSectors, writtenSectors, fullCopySectors, commits, flushes, usage } = scene.bill;
  const share = fullCopySectors === 0 ? 0 : Math.min(1, copiedSectors / fullCopySectors);
  const percent = (share * 100).toFixed(share < 0.1 ? 1 : 0);
  return html`
    <h2>The bill</h2>
    <table class="bill">
      <thead>
        <tr>
          <th scope="col"><span class="unseen">What</span></th>
          <th scope="col">sectors</th>
          <th scope="col">size</th>
        </tr>
      </thead>
      <tbody>
        ${row("Written by you", writtenSectors)} ${row("Copied out", copiedSectors)}
        ${row("Full copies would be", fullCopySectors)}
      </tbody>
    </table>
    <div
      class="share"
      role="img"
      aria-label=${`Copied so far: ${percent} % of what full copies would take`}
    >
      <span style=${`inline-size:${share * 100}%`}></span>
    </div>
    <p class="quiet">
      ${percent} % of full copies; ${commits} ${commits === 1 ? "commit" : "commits"}, ${flushes}
      ${flushes === 1 ? "flush" : "flushes"}
    </p>
    <table class="bill usage">
      <thead>
        <tr>
          <th scope="col">snapshot</th>
          <th scope="col">used/total metadata</th>
        </tr>
      </thead>
      <tbody>
        ${Object.entries(usage).map(([name, words]) =>
          html`
            <tr>
              <th scope="row">${name}</th>
              <td><code>${words}</code></td>
            </tr>
          `
        )}
      </tbody>
    </table>
  `;
}

/// <reference lib="dom" />
/**
 * The disk beside the screen: how large, how much of it was written, what differs from the newest
 * moment, and the moments themselves.
 *
 * @module
 */
import { sizeOf } from "../view/panel/bill.ts";
import { html, svg, type TemplateResult } from "../view/html.ts";
import type { DiskFacts } from "./machine_session.ts";
import type { Moment } from "./moments.ts";

/** Names of snapshots are long, and told apart by their first letters. */
const NAME_SHOWN = "machine-".length + 6;

/** What keeps the place until it is known. */
const UNKNOWN: DiskFacts = {
  sectorCount: 0,
  chunkSectors: 8,
  changedChunks: 0,
  occupiedSectors: 0,
  snapshots: [],
  sinceMoment: [],
};

const count = (number: number, word: string) => `${number} ${word}${number === 1 ? "" : "s"}`;

/** The whole disk as a bar, in which what differs stands out. */
function strip({ sectorCount, sinceMoment }: DiskFacts, words: string): TemplateResult {
  return html`
    <svg
      class="machine-strip"
      role="img"
      aria-label=${words}
      viewBox=${`0 0 ${sectorCount} 1`}
      preserveAspectRatio="none"
    >
      <rect class="same" width=${sectorCount} height="1" />
      ${sinceMoment.map(({ sector, sectorCount }) =>
        svg`<rect class="differs" x=${sector} width=${sectorCount} height="1" />`
      )}
    </svg>
  `;
}

/**
 * The disk.
 *
 * @param facts What there is to say; nothing before it is known.
 * @param newest The newest moment.
 */
export function diskPanel(
  facts: DiskFacts | undefined,
  newest: Moment | undefined,
): TemplateResult {
  const known = facts ?? UNKNOWN;
  const { sectorCount, chunkSectors, changedChunks, occupiedSectors, sinceMoment } = known;
  const differing = sinceMoment.reduce((sum, extent) => sum + extent.sectorCount, 0);
  const since = newest === undefined ? "since it was empty" : `since “${newest.label}”`;
  const sizesOf = (sectors: number) => `${sectors} sectors, ${sizeOf(sectors)}`;
  const rows = [
    ["Size", sizesOf(sectorCount)],
    ["Written", `${count(changedChunks, "chunk")} of ${sizeOf(chunkSectors)}`],
    ["On COW devices", sizesOf(occupiedSectors)],
    ["As full copies", sizeOf(sectorCount * (known.snapshots.length + 1))],
  ];
  const words = `${count(differing / chunkSectors, "chunk")} changed ${since}`;
  return html`
    <p class="machine-since">${words}</p>
    ${strip(known, words)}
    <dl class="machine-facts">
      ${rows.map(([name, value]) =>
        html`
          <div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>
        `
      )}
    </dl>
  `;
}

/** What may be done with a moment. */
export interface MomentVerbs {
  bringBack(moment: Moment): void;
  forget(moment: Moment): void;
}

/**
 * The moments, the newest first.
 *
 * @param moments All of them, the oldest first.
 * @param isBusy Whether nothing may be done now.
 * @param verbs What the buttons do.
 */
export function momentList(
  moments: readonly Moment[],
  isBusy: boolean,
  verbs: MomentVerbs,
): TemplateResult {
  if (moments.length === 0) {
    return html`<p class="machine-quiet">None yet. “Keep this moment” makes one.</p>`;
  }
  return html`
    <ol class="machine-moments" reversed>
      ${moments.toReversed().map((moment) =>
        html`
          <li>
            <span class="machine-label">${moment.label}</span>
            <code class="machine-quiet" title=${moment.snapshot}>${moment.snapshot.slice(
              0,
              NAME_SHOWN,
            )}…</code>
            <button
              ?disabled=${isBusy}
              aria-label=${`Go back to ${moment.label}, number ${moment.number}`}
              @click=${() => verbs.bringBack(moment)}
            >
              Go back
            </button>
            <button
              ?disabled=${isBusy}
              aria-label=${`Forget ${moment.label}, number ${moment.number}`}
              @click=${() => verbs.forget(moment)}
            >
              Forget
            </button>
          </li>
        `
      )}
    </ol>
  `;
}

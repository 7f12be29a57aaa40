/**
 * The chunk that one points at: the way of a read through the stack, and the bytes.
 *
 * @module
 */
import { html, type TemplateResult } from "../html.ts";
import type { Page } from "../page.ts";
import { cellWords } from "../strip/words.ts";

/**
 * A hex dump as wide as the panel: eight bytes a line in place of sixteen.
 *
 * @param dump As the command line prints it.
 * @returns The same bytes; lines that are not of sixteen bytes as they are.
 */
export function narrowDump(dump: string): string {
  const eight = "((?:[0-9a-f]{2} ){7}[0-9a-f]{2})";
  const line = new RegExp(`^([0-9a-f]{8})  ${eight}  ${eight}  \\|(.{8})(.{8})\\|$`, "gm");
  return dump.replace(line, (_, offset: string, first, second, start, end) => {
    const next = (parseInt(offset, 16) + 8).toString(16).padStart(8, "0");
    return `${offset}  ${first}  |${start}|\n${next}  ${second}  |${end}|`;
  });
}

/** The words of the page, where there is nothing else to be told. */
const GLOSSARY = [
  ["origin", "the disk that is written"],
  ["snapshot", "the origin at one moment"],
  ["copy-on-write", "a chunk is copied just before it is overwritten"],
  ["COW device", "where the copies are"],
  ["exception", "an entry in the list of what was copied, and where to"],
] as const;

/**
 * The panel.
 *
 * @param page The page.
 * @returns What is shown; always of the same height.
 */
export function inspector({ scene, selected, story }: Page): TemplateResult {
  const strip = scene.strips.find(({ name }) => name === selected?.strip);
  if (strip === undefined || selected === undefined || selected.chunk >= strip.chunkCount) {
    return html`
      <h2>A chunk</h2>
      <p class="quiet">Point at a chunk, or go to it with Tab and the arrow keys.</p>
      <dl class="glossary">
        ${GLOSSARY.map(([word, meaning]) =>
          html`
            <dt>${word}</dt>
            <dd>${meaning}</dd>
          `
        )}
      </dl>
    `;
  }
  return html`
    <h2>${strip.name}, chunk ${selected.chunk}</h2>
    <p class="quiet chunk-words">${cellWords(strip, selected.chunk)}</p>
    <ol class="path" aria-label="The way of a read">
      ${(story?.path ?? []).map((line) => html`<li><code>${line}</code></li>`)}
    </ol>
    <pre class="dump" tabindex="0" aria-label="Its first bytes">${narrowDump(
      story?.dump ?? "",
    )}</pre>
  `;
}

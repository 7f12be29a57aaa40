/**
 * Which colour a generation has, and the scheme's other colours, for canvases.
 *
 * Colours are the style sheet's, as custom properties: a canvas cannot use those by itself. Six
 * tints in turn tell neighbours in time apart; the number in the cell tells the rest.
 *
 * @module
 */

/** Tints that follow one another. */
const TINTS = 6;
/** Greys for bytes that came from elsewhere. */
const GREYS = 4;
/** From here on a generation is a hash of bytes that no write of this page made. */
const FOREIGN = 0x8000;

/** How many colours of content there are. */
export const INK_COUNT = 1 + TINTS + GREYS;

/**
 * The colour of a generation's bytes.
 *
 * @param generation As a scene has it.
 * @returns 0 for zeroes, then tints, then greys: an index into {@linkcode Palette.inks}.
 */
export function inkOf(generation: number): number {
  if (generation === 0) return 0;
  if (generation >= FOREIGN) return 1 + TINTS + generation % GREYS;
  return 1 + (generation - 1) % TINTS;
}

/**
 * What is written in a cell, where there is room.
 *
 * @param generation As a scene has it.
 * @returns The number of the write, or nothing for zeroes and for bytes from elsewhere.
 */
export function labelOf(generation: number): string {
  return generation === 0 || generation >= FOREIGN ? "" : String(generation);
}

/** The scheme's colours. */
export interface Palette {
  readonly inks: readonly string[];
  readonly paper: string;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly accent: string;
  readonly danger: string;
  /** What is written on a tint. */
  readonly label: string;
}

/**
 * Reads the colours that hold now.
 *
 * @param element Any element of the page.
 * @returns The palette; ask again when the scheme changes.
 */
export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    inks: Array.from({ length: INK_COUNT }, (_, at) => colour(`ink-${at}`)),
    paper: colour("panel"),
    text: colour("text"),
    muted: colour("muted"),
    line: colour("line"),
    accent: colour("accent"),
    danger: colour("danger"),
    label: colour("label"),
  };
}

/**
 * The four beats of a write, which one it is at, and what one may do between two of them.
 *
 * @module
 */
import type { Beat, Scene } from "../../engine/scene.ts";
import { html, live, nothing, type TemplateResult } from "../html.ts";
import { LINES } from "../lines.ts";
import type { Page } from "../page.ts";

/** The bar's places, and which beats of the engine happen at each. */
const STEPS: readonly {
  readonly name: string;
  readonly about: string;
  readonly kinds: readonly Beat["kind"][];
}[] = [
  { name: "Read old", about: "from the origin", kinds: ["read-old", "read"] },
  { name: "Copy out", about: "to the COW", kinds: ["copy-out", "fill", "merge-copy"] },
  { name: "Commit", about: "note where it is", kinds: ["flush", "commit", "merge-commit"] },
  { name: "Write in place", about: "over the old", kinds: ["in-place", "relocate"] },
];

/** How slow and how fast beats may be: milliseconds for each, on a slider that is quicker rightwards. */
const PACES_MS = [2000, 1400, 900, 600, 350, 150, 40, 0] as const;

function stepTemplate(step: typeof STEPS[number], at: number, beat: Beat | undefined) {
  const isCurrent = beat !== undefined && step.kinds.includes(beat.kind);
  const state = !isCurrent ? "" : beat.isPerformed ? "performed" : "awaited";
  return html`
    <li class=${`beat ${state}`} aria-current=${isCurrent ? "step" : nothing}>
      <span class="beat-number" aria-hidden="true">${at + 1}</span>
      <span class="beat-name">${step.name}</span>
      <span class="beat-about">${step.about}</span>
    </li>
  `;
}

/** What is said below the beats. */
function sentenceOf({ beat, power, tempo }: Scene): string {
  if (power === "off") return "The power is off. Plug it in, and see what is still there.";
  if (beat === undefined) return "Press a chunk of the origin, or of a snapshot, to write it.";
  if (beat.isPerformed || tempo.state !== "paused") return beat.text;
  return `Next: ${beat.text.charAt(0).toLowerCase()}${beat.text.slice(1)}`;
}

/**
 * The bar.
 *
 * @param page The page.
 * @returns What is shown.
 */
export function beatBar({ scene }: Page): TemplateResult {
  const beat = scene.power === "on" ? scene.beat : undefined;
  return html`
    <ol class="beats" aria-label="The four beats of a write">
      ${STEPS.map((step, at) => stepTemplate(step, at, beat))}
    </ol>
    <p class="beat-text" id="beat-text">${sentenceOf(scene)}</p>
  `;
}

/** The nearest place on the slider. */
function paceOf(beatMs: number): number {
  let nearest = 0;
  PACES_MS.forEach((pace, at) => {
    if (Math.abs(pace - beatMs) < Math.abs(PACES_MS[nearest]! - beatMs)) nearest = at;
  });
  return nearest;
}

/**
 * Play, step, pace, the plug, and the careless order.
 *
 * @param page The page.
 * @returns What is shown.
 */
export function beatControls(page: Page): TemplateResult {
  const { scene } = page;
  const { state, beatMs } = scene.tempo;
  const isOff = scene.power === "off";
  const isPaused = state === "paused";
  const pace = (event: Event) => {
    const at = Number((event.target as HTMLInputElement).value);
    return page.run(LINES.pace(PACES_MS[at]!));
  };
  return html`
    <button
      class="wide"
      ?disabled=${isOff}
      @click=${() => page.run(isPaused ? LINES.play : LINES.pause)}
    >
      ${isPaused ? "Play" : "Pause"}
    </button>
    <button ?disabled=${isOff || !isPaused} @click=${() => page.run(LINES.step)}>Step</button>
    <label class="pace">
      <span>Pace</span>
      <input
        type="range"
        min="0"
        max=${PACES_MS.length - 1}
        .value=${live(String(paceOf(beatMs)))}
        aria-valuetext=${beatMs === 0 ? "at once" : `${beatMs} ms a beat`}
        @change=${pace}
      >
    </label>
    <label class="switch">
      <input
        type="checkbox"
        role="switch"
        .checked=${live(scene.isCareless)}
        ?disabled=${isOff}
        @change=${() => page.run(LINES.careless(!scene.isCareless))}
      >
      <span>Careless order</span>
    </label>
    <button
      class=${isOff ? "plug primary" : "plug danger"}
      @click=${() => page.run(isOff ? LINES.plug : LINES.pull)}
    >
      ${isOff ? "Plug in" : "Pull the plug"}
    </button>
  `;
}

/**
 * Why what survived did.
 *
 * @param page The page.
 * @returns Sentences, or what would bring them.
 */
export function survivors({ scene }: Page): TemplateResult {
  if (scene.survivors.length === 0) {
    return html`
      <p class="quiet">
        Pull the plug between two beats: what is still there afterwards, and why, is told here.
      </p>
    `;
  }
  return html`
    <h2>After the loss of power</h2>
    <ul>${scene.survivors.map((sentence) => html`<li>${sentence}</li>`)}</ul>
  `;
}

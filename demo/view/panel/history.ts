/**
 * The log as time: undo, redo, and a slider over it. To act in the past is to fork.
 *
 * @module
 */
import { html, live, type TemplateResult } from "../html.ts";
import { LINES } from "../lines.ts";
import type { Page } from "../page.ts";

/**
 * The row.
 *
 * @param page The page.
 * @returns What is shown.
 */
export function historyRow(page: Page): TemplateResult {
  const { log, cursor } = page.scene;
  const isPast = cursor < log.length;
  const at = cursor === 0 ? "the beginning" : log[cursor - 1]?.line ?? "";
  return html`
    <button ?disabled=${cursor === 0} @click=${() => page.run(LINES.undo)}>Undo</button>
    <button ?disabled=${!isPast} @click=${() => page.run(LINES.redo)}>Redo</button>
    <label class="time">
      <span class="unseen">Time: commands in force</span>
      <input
        type="range"
        min="0"
        max=${log.length}
        .value=${live(String(cursor))}
        ?disabled=${log.length === 0}
        aria-valuetext=${`${cursor} of ${log.length}: ${at}`}
        @change=${(event: Event) =>
          page.run(LINES.goTo(Number((event.target as HTMLInputElement).value)))}
      >
    </label>
    <span class="time-words">
      ${cursor} of ${log.length}${isPast ? html`; <em>a command here forks</em>` : ""}
    </span>
  `;
}

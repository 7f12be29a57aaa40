/**
 * What is kept: where devices are, and files in and out.
 *
 * @module
 */
import type { StorageWord } from "../../engine/scene.ts";
import { html, live, type TemplateResult } from "../html.ts";
import { LINES } from "../lines.ts";
import type { Page } from "../page.ts";

const STORAGES: readonly { word: StorageWord; name: string; about: string }[] = [
  { word: "memory", name: "Memory", about: "gone with the page" },
  { word: "indexeddb", name: "IndexedDB", about: "survives a reload" },
  { word: "opfs", name: "OPFS", about: "survives a reload" },
];

const storageTemplate = (page: Page) => (storage: typeof STORAGES[number]) =>
  html`
    <label title=${storage.about}>
      <input
        type="radio"
        name="storage"
        value=${storage.word}
        .checked=${live(page.scene.storage === storage.word)}
        @change=${() => page.run(LINES.storage(storage.word))}
      >
      ${storage.name}
    </label>
  `;

function pick(page: Page, event: Event): void {
  const input = event.target as HTMLInputElement;
  for (const file of input.files ?? []) page.give(file);
  input.value = "";
}

/**
 * The panel.
 *
 * @param page The page.
 * @returns What is shown.
 */
export function keepingPanel(page: Page): TemplateResult {
  const downloads = page.scene.strips.map(({ name, role, partner = "" }) => {
    const line = role === "cow" ? LINES.downloadCow(partner) : LINES.downloadImage(name);
    return html`
      <button data-file=${name} @click=${() => page.run(line)}>
        ${name}${role === "cow" ? "" : " image"}
      </button>
    `;
  });
  return html`
    <fieldset class="segments">
      <legend>Everything is kept in</legend>
      ${STORAGES.map(storageTemplate(page))}
    </fieldset>
    <label id="drop">
      Drop an image or a COW file here, or
      <u>choose one</u>
      <input class="unseen" type="file" multiple @change=${(event: Event) => pick(page, event)}>
    </label>
    <div>
      <p class="quiet">Keep as a file</p>
      <div class="row">${downloads}</div>
    </div>
  `;
}

/**
 * Files may be dropped anywhere on the page.
 *
 * @param page What takes them.
 */
export function listenForFiles(page: Page): void {
  const hold = (isOver: boolean) => (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.toggle("dragging", isOver);
  };
  document.addEventListener("dragover", hold(true));
  document.addEventListener("dragleave", hold(false));
  document.addEventListener("drop", (event) => {
    hold(false)(event);
    for (const file of event.dataTransfer?.files ?? []) page.give(file);
  });
}

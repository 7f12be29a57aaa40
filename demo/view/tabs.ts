/**
 * The tabs, by the address's fragment: `#machine`, `#bench`, with what is the tab's own after a `?`;
 * anything else is the snapshot page, whose state it may be. A tab is fetched when it is first looked at, and lives as long as the page.
 *
 * @module
 */

/** What a tab's module has. */
export interface TabModule {
  mount(element: HTMLElement): Promise<() => void>;
}

/** Tabs by name, each with what fetches it; without for those that are there from the beginning. */
export type Tabs = Readonly<Record<string, (() => Promise<TabModule>) | undefined>>;

/** The tab for an address. */
export function tabOf(hash: string, tabs: Tabs): string {
  const word = /^#?([^?]*)/.exec(hash)![1]!;
  return Object.hasOwn(tabs, word) ? word : Object.keys(tabs)[0]!;
}

/**
 * Shows the tab that the address names, now and whenever it changes.
 *
 * @param tabs By the `id` of their elements and the `data-tab` of their links; the first one is shown
 * when none is named.
 */
export function followTabs(tabs: Tabs): void {
  const fetched = new Set<string>();
  const show = () => {
    const shown = tabOf(location.hash, tabs);
    for (const link of document.querySelectorAll<HTMLAnchorElement>("[data-tab]")) {
      const name = link.dataset.tab!;
      document.getElementById(name)!.hidden = name !== shown;
      if (name === shown) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    // What belongs to a tab and is not in it.
    document.body.dataset.tab = shown;
    const fetchTab = tabs[shown];
    if (fetchTab === undefined || fetched.has(shown)) return;
    fetched.add(shown);
    void fill(document.getElementById(shown)!, fetchTab).catch(() => fetched.delete(shown));
  };
  addEventListener("hashchange", show);
  show();
}

async function fill(element: HTMLElement, fetchTab: () => Promise<TabModule>): Promise<void> {
  element.textContent = "";
  try {
    const { mount } = await fetchTab();
    const unmount = await mount(element);
    addEventListener("pagehide", unmount, { once: true });
  } catch (error) {
    element.textContent = `This tab cannot be shown: ${(error as Error).message}`;
    throw error;
  }
}

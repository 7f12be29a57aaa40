/// <reference lib="dom" />
/**
 * Style sheets of tabs that are loaded late.
 *
 * @module
 */

/**
 * Adds a style sheet to the page, unless it is there.
 *
 * @param url Where it is.
 * @returns A promise that is kept when it is in force; or when it could not be had, for a page without
 * it still works.
 */
export function loadStyle(url: URL): Promise<void> {
  const sheets = document.querySelectorAll<HTMLLinkElement>('link[rel="stylesheet"]');
  if ([...sheets].some(({ href }) => href === url.href)) return Promise.resolve();
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = url.href;
  const { promise, resolve } = Promise.withResolvers<void>();
  link.addEventListener("load", () => resolve());
  link.addEventListener("error", () => resolve());
  document.head.append(link);
  return promise;
}

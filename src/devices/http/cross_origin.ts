/**
 * What a server on another origin must allow, in words.
 *
 * A browser hides header fields that the server has not exposed, and makes whatever the server has not
 * allowed look like a network that failed. Nobody could guess the reason from that, so messages say it.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** For an answer in which something is missing. */
export const EXPOSE_ADVICE = "a server on another origin must send " +
  "Access-Control-Expose-Headers: Content-Range, ETag";

/**
 * Advice for a request without an answer.
 *
 * @param url What was asked for.
 * @param pageUrl Where the page is; outside of a page `undefined`.
 * @returns The end of a sentence; empty when the server is on the page's own origin.
 */
export function allowAdvice(
  url: string,
  pageUrl: string | undefined = globalThis.location?.href,
): string {
  if (pageUrl === undefined || !URL.canParse(url, pageUrl)) return "";
  if (new URL(url, pageUrl).origin === new URL(pageUrl).origin) return "";
  return " (a server on another origin must send Access-Control-Allow-Origin, and " +
    "Access-Control-Allow-Headers: If-Match, If-Range, If-Unmodified-Since, or be read with the " +
    "option conditional: false)";
}

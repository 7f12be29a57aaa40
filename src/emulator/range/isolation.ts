/**
 * Cross-origin isolation for static hosting: the service worker adds the fields that the host does
 * not send, so that pages under it may post shared memory.
 *
 * | an answer | is |
 * |---|---|
 * | same origin, its body readable (`basic`) | sent on with the fields; its body as it streams |
 * | of another origin (`cors`, `opaque`), a redirect that the browser follows itself, an error | left alone: it cannot be changed, or has none of our fields to carry |
 * | after a redirect that `fetch` has followed | left alone: a copy would not know its own URL |
 *
 * So a worker script behind a redirect has no fields; it should be loaded from where it is. A status
 * stays what it is: a page that says 404 is isolated, too.
 *
 * Under `require-corp` what comes from other origins has to say `Cross-Origin-Resource-Policy`, or be
 * asked for with CORS. Under `credentialless` it is asked for without cookies instead, which Chromium
 * and Firefox know.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** What is embedded from other origins: what allows it, or anything, without cookies. */
export type Isolation = "require-corp" | "credentialless";

/** Answers with these have no body, not even an empty one. */
const NULL_BODY_STATUS: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Adds the fields of isolation to an answer.
 *
 * @param answer What the host has sent.
 * @param isolation Which policy.
 * @returns The same with the fields, or the answer itself where it is to be left alone.
 */
export function isolate(answer: Response, isolation: Isolation): Response {
  if (answer.type !== "basic" || answer.redirected || answer.status < 200) return answer;
  const { status, statusText } = answer;
  const headers = new Headers(answer.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", isolation);
  if (!headers.has("Cross-Origin-Resource-Policy")) {
    headers.set("Cross-Origin-Resource-Policy", "same-origin");
  }
  const body = NULL_BODY_STATUS.has(status) ? null : answer.body;
  return new Response(body, { status, statusText, headers });
}

/**
 * The request to perform for one that is passed through; `null` when the browser should do it itself.
 *
 * @param request What was asked.
 * @param isolation Which policy.
 * @param origin The worker's own origin.
 * @returns The request. One of our own origin is the very one: a copy would lose the `Range` of media.
 */
export function passedThrough(
  request: Request,
  isolation: Isolation,
  origin: string,
): Request | null {
  // Developer tools make such requests, which a worker cannot repeat.
  if (request.cache === "only-if-cached" && request.mode !== "same-origin") return null;
  if (new URL(request.url).origin === origin) return request;
  if (isolation !== "credentialless" || request.mode !== "no-cors") return null;
  // A copy has no Range, and a piece of a film is no film: then the browser has to ask.
  if (request.headers.has("Range")) return null;
  return new Request(request, { credentials: "omit" });
}

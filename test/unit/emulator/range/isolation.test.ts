import { describe, expect, test } from "vitest";
import { isolate, passedThrough } from "../../../../src/emulator/range/isolation.ts";

const ORIGIN = "https://example.com";

interface Kind {
  readonly type?: ResponseType;
  readonly redirected?: boolean;
}

/** An answer as `fetch` gives it: only `fetch` can make one of a certain type. */
function fetched(response: Response, { type = "basic", redirected = false }: Kind = {}): Response {
  return Object.defineProperties(response, {
    type: { value: type },
    redirected: { value: redirected },
  });
}

const FIELDS = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
};

test("an answer of our own origin gets the fields, and stays what it is", async () => {
  const headers = { "Content-Type": "text/html", "X-Own": "kept" };
  const answer = fetched(new Response("page", { status: 404, statusText: "None", headers }));
  const isolated = isolate(answer, "require-corp");
  expect([isolated.status, isolated.statusText]).toEqual([404, "None"]);
  expect(Object.fromEntries(isolated.headers)).toEqual({
    ...FIELDS,
    "content-type": "text/html",
    "x-own": "kept",
  });
  expect(await isolated.text()).toBe("page");
});

test("the policy is the one that is asked for; what the host says of its resources stays", () => {
  const headers = {
    "Cross-Origin-Embedder-Policy": "unsafe-none",
    "Cross-Origin-Resource-Policy": "cross-origin",
  };
  const isolated = isolate(fetched(new Response("", { headers })), "credentialless");
  expect(isolated.headers.get("Cross-Origin-Embedder-Policy")).toBe("credentialless");
  expect(isolated.headers.get("Cross-Origin-Resource-Policy")).toBe("cross-origin");
});

test("a part of a film stays a part: its status, its range, its bytes", async () => {
  const headers = { "Content-Range": "bytes 5-8/100", "Accept-Ranges": "bytes" };
  const isolated = isolate(
    fetched(new Response("film", { status: 206, headers })),
    "require-corp",
  );
  expect([isolated.status, isolated.headers.get("Content-Range")]).toEqual([206, "bytes 5-8/100"]);
  expect(await isolated.text()).toBe("film");
});

test("a body is streamed, and not read ahead", async () => {
  let pullCount = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pullCount++;
      controller.enqueue(new Uint8Array(1));
    },
  }, { highWaterMark: 0 });
  const isolated = isolate(fetched(new Response(body)), "require-corp");
  expect(pullCount).toBe(0);
  const reader = isolated.body!.getReader();
  await reader.read();
  expect(pullCount).toBe(1);
  await reader.cancel();
});

test.each([204, 205, 304])("an answer %i has no body, before and after", (status) => {
  const isolated = isolate(fetched(new Response(null, { status })), "require-corp");
  expect([isolated.status, isolated.body]).toEqual([status, null]);
  expect(isolated.headers.get("Cross-Origin-Embedder-Policy")).toBe("require-corp");
});

describe("left alone is", () => {
  test.each(["cors", "opaque", "opaqueredirect", "error"] as const)("what is %s", (type) => {
    const answer = fetched(new Response(""), { type });
    expect(isolate(answer, "require-corp")).toBe(answer);
  });

  test("what was redirected: a copy would not know its own URL", () => {
    const answer = fetched(new Response(""), { redirected: true });
    expect(isolate(answer, "require-corp")).toBe(answer);
  });
});

/** A request with what only a browser can set. */
function asked(url: string, fields: Partial<Request> = {}, headers = {}): Request {
  const request = new Request(url, { headers });
  for (const [name, value] of Object.entries({ cache: "default", mode: "cors", ...fields })) {
    Object.defineProperty(request, name, { value });
  }
  return request;
}

test("a request of our own origin is passed on itself, with its Range", () => {
  const request = asked(`${ORIGIN}/film`, { mode: "no-cors" }, { Range: "bytes=5-" });
  for (const isolation of ["require-corp", "credentialless"] as const) {
    expect(passedThrough(request, isolation, ORIGIN)).toBe(request);
  }
});

test("other origins are the browser's business, but for cookies under credentialless", () => {
  const elsewhere = "https://elsewhere.example/picture";
  expect(passedThrough(asked(elsewhere, { mode: "no-cors" }), "require-corp", ORIGIN)).toBe(null);
  expect(passedThrough(asked(elsewhere), "credentialless", ORIGIN)).toBe(null);
  const film = asked(elsewhere, { mode: "no-cors" }, { Range: "bytes=5-" });
  expect(passedThrough(film, "credentialless", ORIGIN)).toBe(null);
  const picture = asked(elsewhere, { mode: "no-cors" });
  expect(passedThrough(picture, "credentialless", ORIGIN)?.url).toBe(elsewhere);
});

test("what developer tools ask of the cache alone is not passed through", () => {
  const request = asked(`${ORIGIN}/page`, { cache: "only-if-cached", mode: "no-cors" });
  expect(passedThrough(request, "require-corp", ORIGIN)).toBe(null);
});

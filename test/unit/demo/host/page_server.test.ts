/** What the page's server answers, and that it gives away nothing beside its folder. */
import { connect } from "node:net";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, expect, test } from "vitest";
import { ISOLATION_HEADERS } from "../../../../demo/host/isolation_headers.ts";
import { servePage } from "../../../../demo/host/page_server.ts";

const home = mkdtempSync(`${tmpdir()}/cowdisk-page-`);
const folder = `${home}/page`;
mkdirSync(`${folder}/assets`, { recursive: true });
writeFileSync(`${folder}/index.html`, "<title>page</title>");
writeFileSync(`${folder}/assets/a b.wasm`, new Uint8Array([0, 97, 115, 109]));
writeFileSync(`${home}/secret`, "secret");
writeFileSync(`${home}/page-secret`, "secret");
afterAll(() => rmSync(home, { recursive: true }));

/** Asks for a path as it stands, which `fetch` would tidy up before. Returns the whole answer. */
function askRaw(url: string, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = "";
  const socket = connect(Number(new URL(url).port), "127.0.0.1", () => {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  });
  socket.on("data", (bytes) => answer += bytes);
  socket.on("close", () => resolve(answer));
  socket.on("error", reject);
  return promise;
}

test("a file is sent with its type, its size and the headers that isolate a page", async () => {
  await using server = servePage({ folder, port: 0 });
  const answer = await fetch(`${server.url}assets/a%20b.wasm`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("Content-Type")).toBe("application/wasm");
  expect(answer.headers.get("Content-Length")).toBe("4");
  for (const [name, value] of Object.entries(ISOLATION_HEADERS)) {
    expect(answer.headers.get(name)).toBe(value);
  }
  expect([...new Uint8Array(await answer.arrayBuffer())]).toEqual([0, 97, 115, 109]);
});

test("HEAD says the same, without the body", async () => {
  await using server = servePage({ folder, port: 0 });
  const answer = await fetch(server.url, { method: "HEAD" });
  expect(answer.headers.get("Content-Length")).toBe("19");
  expect(await answer.text()).toBe("");
});

test("a plain host sends nothing of isolation", async () => {
  await using server = servePage({ folder, port: 0, isIsolated: false });
  const answer = await fetch(server.url);
  expect(await answer.text()).toBe("<title>page</title>");
  for (const name of Object.keys(ISOLATION_HEADERS)) expect(answer.headers.get(name)).toBeNull();
});

test("a folder may be served under a path, and nothing is beside it", async () => {
  await using server = servePage({ folder, port: 0, under: "/some/where/" });
  expect(server.url).toMatch(/\/some\/where\/$/);
  expect(await (await fetch(server.url)).text()).toBe("<title>page</title>");
  const { origin } = new URL(server.url);
  const bare = await fetch(`${origin}/some/where/assets`, { redirect: "manual" });
  expect([bare.status, bare.headers.get("Location")]).toEqual([301, "/some/where/assets/"]);
  await bare.body?.cancel();
  for (const path of ["/", "/some/", "/some/whereindex.html", "/some/where/assets/"]) {
    const answer = await fetch(origin + path);
    expect(answer.status, path).toBe(404);
    await answer.body?.cancel();
  }
});

test.each([
  "/../secret",
  "/..%2fsecret",
  "/assets/..%2f..%2fsecret",
  "/%2e%2e/secret",
  "/..%2fpage-secret",
  "/%00",
  "/%ff",
  "//secret",
])("%s leads nowhere", async (path) => {
  await using server = servePage({ folder, port: 0 });
  const answer = await askRaw(server.url, path);
  expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  expect(answer).not.toContain("secret");
});

test("nothing is taken", async () => {
  await using server = servePage({ folder, port: 0 });
  const answer = await fetch(server.url, { method: "POST", body: "x" });
  expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
  await answer.body?.cancel();
});

test("a port that is wished for is left to who has it; one that is asked for is refused", async () => {
  await using first = servePage({ folder, port: 0 });
  const port = Number(new URL(first.url).port);
  await using second = servePage({ folder, port: { preferred: port } });
  expect(second.url).not.toBe(first.url);
  expect(() => servePage({ folder, port })).toThrow(Deno.errors.AddrInUse);
});

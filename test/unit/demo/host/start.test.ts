/** `deno task start`, as one starts it: the page, its parts, its headers, and its end. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { expect, onTestFinished, test } from "vitest";
import { ROOT } from "../../../../demo/host/import_map.ts";
import { ISOLATION_HEADERS } from "../../../../demo/host/isolation_headers.ts";
import { parseStart } from "../../../../demo/host/start.ts";

/** A signal to the task and all that it has started, as a terminal sends it. */
const signal = ({ pid }: ChildProcess, name: "SIGINT" | "SIGKILL") => process.kill(-pid!, name);

/** Starts the task, and waits until it says where the page is. */
async function start(...words: readonly string[]): Promise<[task: ChildProcess, url: string]> {
  const task = spawn(process.execPath, ["task", "start", ...words], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  onTestFinished(() => {
    if (task.exitCode === null) signal(task, "SIGKILL");
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let said = "";
  task.stdout!.on("data", (bytes) => {
    said += bytes;
    const url = /http:\/\/\S+/.exec(said)?.[0];
    if (url !== undefined) resolve(url);
  });
  task.on("exit", () => reject(new Error(`The task has ended, and said: ${said}`)));
  return [task, await promise];
}

test("the task serves a page with all of its parts, isolated, until it is interrupted", async () => {
  const [task, url] = await start("--port", "0");
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  for (const [name, value] of Object.entries(ISOLATION_HEADERS)) {
    expect(answer.headers.get(name)).toBe(value);
  }
  const page = await answer.text();
  const parts = [...page.matchAll(/(?:src|href)="(\.\/[^"]+)"/g)].map(([, path]) => path!);
  expect(parts.some((path) => path.endsWith(".js"))).toBe(true);
  for (const part of [...parts, "service_worker.js", "licenses.md", "linux/guest.json"]) {
    const { status, body } = await fetch(new URL(part, url));
    expect(status, part).toBe(200);
    await body?.cancel();
  }
  const ended = once(task, "exit");
  signal(task, "SIGINT");
  expect(await ended).toEqual([0, null]);
  await expect(fetch(url)).rejects.toThrow();
});

test("words that mean nothing are told so", () => {
  expect(parseStart([])).toEqual({ preferred: 8086 });
  expect(parseStart(["--port", "0"])).toBe(0);
  expect(parseStart(["--port=65535"])).toBe(65_535);
  for (
    const words of [["--port", "65536"], ["--port", "-1"], ["--port", "x"], ["--prot", "1"], ["1"]]
  ) {
    expect(parseStart(words)).toMatch(/\nUsage: deno task start/);
  }
});

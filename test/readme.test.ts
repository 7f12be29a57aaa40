/**
 * The README tells the truth: its sessions are run, and print what it says they print.
 *
 * (Its examples in TypeScript are run by `deno task test:doc`.)
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { exchangesOf, play } from "./unit/cli/transcript.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");

const sessions = [...readme.matchAll(/^```console\n([^]*?)^```/gm)].map((match) => match[1] ?? "");

test("the README shows a session", () => {
  expect(sessions.length).toBeGreaterThan(0);
});

test.each(sessions)("a session of the README prints what the README says: %#", async (session) => {
  const directory = mkdtempSync(join(tmpdir(), "cowdisk-readme-"));
  try {
    for (const exchange of exchangesOf(session)) {
      const { code, out, screen } = await play(exchange, directory);
      assertEquals(code, 0, `${exchange.command}\n${screen}`);
      assertEquals(out, exchange.output, exchange.command);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

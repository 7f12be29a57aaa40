/**
 * What is written about a release, and for those who make the next one, is true.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readConfig, ROOT } from "../../release/config.ts";
import { listFiles } from "../tidy/source_file.ts";
import { cowdisk } from "../unit/cli/session.ts";

const config = JSON.parse(readFileSync(`${ROOT}deno.json`, "utf8"));
const textOf = (path: string) => readFileSync(ROOT + path, "utf8");

test("deno.json, the changelog and the command line have one version", async () => {
  const { version } = readConfig();
  expect(/^## \[([^\]]+)\]/m.exec(textOf("CHANGELOG.md"))?.[1]).toBe(version);
  expect((await cowdisk(["--version"])).out).toBe(`${version}\n`);
});

test("the changelog's versions go down, each with a day, but for one that is not released", () => {
  const heads = textOf("CHANGELOG.md").match(/^## .*/gm) ?? [];
  expect(heads.length).toBeGreaterThan(0);
  const versions = heads.map((head, at) => {
    const form = at === 0
      ? /^## \[(\d+)\.(\d+)\.(\d+)\] - (unreleased|\d{4}-\d\d-\d\d)$/
      : /^## \[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d\d-\d\d$/;
    const [, major, minor, patch] = form.exec(head) ?? [];
    expect(patch, head).toBeDefined();
    return (Number(major) * 1000 + Number(minor)) * 1000 + Number(patch);
  });
  expect(versions).toEqual([...new Set(versions)].sort((one, other) => other - one));
});

test("every task that a page names is there", () => {
  const missing = listFiles(ROOT, [".md"]).flatMap((page) =>
    [...textOf(page).matchAll(/deno task (?:--\S+ )*([a-z][\w:-]*)/g)]
      .filter(([, task = ""]) => config.tasks[task] === undefined)
      .map(([words]) => `${page}: ${words}`)
  );
  expect(missing).toEqual([]);
});

test("every file that CONTRIBUTING.md sends to is there, and has the names that are looked for", () => {
  const page = textOf("CONTRIBUTING.md");
  const paths = [...page.matchAll(/`((?:src|test|assembly|release|demo)\/[\w./-]*)`/g)]
    .map(([, path = ""]) => path).filter((path) => !/NAME/.test(path));
  expect(paths.length).toBeGreaterThan(10);
  expect(paths.filter((path) => !existsSync(ROOT + path))).toEqual([]);
  expect(textOf("src/mapper/mapper.ts")).toContain("targetTypes");
  expect(textOf("src/cli/program.ts")).toContain("GROUPS");
  expect(textOf("test/unit/cli/command_clauses.ts")).toContain("function commandClauses(");
  expect(textOf("src/cli/example.ts")).toContain("function example(");
});

/**
 * The documentation as pages: every door has one, every link of every page leads somewhere.
 *
 * @module
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConfig, ROOT } from "../../release/config.ts";
import { writeDocs } from "../../release/docs.ts";

const { name, version, exports } = readConfig();
const doors = Object.keys(exports).map((door) => door.slice(2)).filter((door) => door !== "");
const parent = mkdtempSync(join(tmpdir(), "cowdisk-docs-"));
const folder = `${parent}/pages/`;
const pages = new Map<string, string>();
beforeAll(() => {
  for (const path of writeDocs(folder)) pages.set(path, readFileSync(folder + path, "utf8"));
}, 120_000);
afterAll(() => rmSync(parent, { recursive: true }));

/** As a browser reads an attribute. */
function decoded(text: string): string {
  return decodeURIComponent(text.replaceAll("&#x2F;", "/").replaceAll("&amp;", "&"));
}

/** A link of a page: a path from the root of the pages, and a place in it. */
function* linksOf(page: string, text: string): Iterable<{ target: string; place: string }> {
  for (const [, written = ""] of text.matchAll(/ (?:href|src)="([^"]*)"/g)) {
    const link = decoded(written);
    if (/^(https|data|mailto):/.test(link)) continue;
    const [path = "", place = ""] = link.split("#");
    const target = path === "" ? page : posix.join(posix.dirname(page), path);
    yield { target: /(^|\/)\.?$/.test(target) ? posix.join(target, "index.html") : target, place };
  }
}

test("every page says which version it is about, but those that only lead to another", () => {
  const read = [...pages].filter(([, text]) => !text.includes('http-equiv="refresh"'));
  expect(read.length).toBeGreaterThan(1000);
  for (const [path, text] of read) expect(text, path).toContain(`${name} ${version}`);
});

test("every link leads to a page that is there, and to a place on it", () => {
  const dead: string[] = [];
  let linkCount = 0;
  const seen = new Map<string, boolean>();
  for (const [page, text] of pages) {
    for (const { target, place } of linksOf(page, text)) {
      linkCount++;
      const key = `${target}#${place}`;
      if (!seen.has(key)) {
        const there = pages.get(target);
        const isThere = there === undefined
          ? !target.endsWith(".html") && existsSync(folder + target)
          : place === "" || there.includes(` id="${place}"`);
        seen.set(key, isThere);
      }
      if (seen.get(key) === false) dead.push(`${page}: ${key}`);
    }
  }
  expect(linkCount).toBeGreaterThan(10_000);
  expect(dead).toEqual([]);
});

test("nothing on a page tells where it was made", () => {
  for (const [path, text] of pages) {
    const plain = text.replaceAll("&#x2F;", "/");
    expect(["file://", ROOT, parent].filter((word) => plain.includes(word)), path).toEqual([]);
  }
});

test("the first page leads to every door", () => {
  const first = [...linksOf("index.html", pages.get("index.html")!)].map(({ target }) => target);
  expect(doors.filter((door) => !first.includes(`${door}/index.html`))).toEqual([]);
});

test("a symbol is imported from its door", () => {
  expect(pages.get("~/Disk.html")).toContain(`import { Disk } from &quot;${name}&quot;`);
  expect(pages.get("file/~/openFileDevice.html")).toContain(`from &quot;${name}/file&quot;`);
});

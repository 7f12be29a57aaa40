/**
 * Rules that see the whole tree: nothing dead, nothing untested, doors that are only doors, pages
 * with one title.
 *
 * @module
 */
import { isAboutDeno } from "./layers.ts";
import { type Finding, type Import, isNode, type Node, type SourceFile } from "./source_file.ts";

const TYPES_ONLY = /^(Import|ExportAll|TSInterface|TSTypeAlias)/;

/** The files that imports lead to from some files on, those files included. */
export function reach(
  files: readonly SourceFile[],
  roots: readonly string[],
  follows: (edge: Import) => boolean,
): Set<string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const waiting = [...roots];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const file = byPath.get(path);
    if (file === undefined || reached.has(path)) continue;
    reached.add(path);
    waiting.push(...file.imports.filter(follows).map(({ target }) => target));
  }
  return reached;
}

/**
 * Source files that nothing reaches.
 *
 * @param files Every TypeScript file.
 * @param roots Where use begins: the exports of `deno.json` and the programs.
 */
export function findDeadFiles(files: readonly SourceFile[], roots: readonly string[]): Finding[] {
  const reached = reach(files, roots, () => true);
  return files
    .filter(({ path }) => /^src\/.*\.ts$/.test(path) && !reached.has(path))
    .map(({ path }) => `${path}:1: nothing exported and no program reaches this file`);
}

/**
 * Doors that do not open in a browser, because a file behind them is about Deno or Node.
 *
 * @param files Every TypeScript file.
 * @param doors The exports of `deno.json`. One that is itself about Deno or Node says so.
 */
export function findClosedDoors(files: readonly SourceFile[], doors: readonly string[]): Finding[] {
  const findings: Finding[] = [];
  for (const door of doors) {
    if (isAboutDeno(door)) continue;
    for (const path of reach(files, [door], () => true)) {
      if (!isAboutDeno(path)) continue;
      findings.push(`${door}:1: does not open in a browser: it leads to ${path}`);
    }
  }
  return findings;
}

/**
 * Exported names that no other file mentions: dead, or only of use inside.
 *
 * @param files Every TypeScript file.
 * @param doors The exports of `deno.json`: what they pass on is for others to use.
 */
export function findDeadNames(
  files: readonly SourceFile[],
  doors: readonly string[],
): Finding[] {
  const mentions = new Map<string, Set<string>>();
  for (const file of files) {
    for (const node of file.nodes()) {
      if (node.type !== "Identifier") continue;
      const name = node.name as string;
      mentions.set(name, (mentions.get(name) ?? new Set()).add(file.path));
    }
  }
  const passedOn = reach(files, doors, ({ isWhole }) => isWhole);
  const findings: Finding[] = [];
  for (const file of files) {
    const isSubject = file.path.startsWith("src/") && !file.isGenerated;
    if (!isSubject || passedOn.has(file.path)) continue;
    for (const { name, start } of exportedValues(file)) {
      if (mentions.get(name)!.size > 1) continue;
      findings.push(file.finding(start, `${name} is exported and no other file mentions it`));
    }
  }
  return findings;
}

/** Functions, classes and constants. A type may be exported for the sake of a signature alone. */
function* exportedValues(file: SourceFile): Iterable<{ name: string; start: number }> {
  for (const { type, declaration } of file.nodes()) {
    if (type !== "ExportNamedDeclaration" || !isNode(declaration)) continue;
    if (TYPES_ONLY.test(declaration.type)) continue;
    const declarators = (declaration.declarations ?? [declaration]) as Node[];
    for (const { id } of declarators) {
      if (isNode(id) && typeof id.name === "string") yield { name: id.name, start: id.start };
    }
  }
}

/** Whether a file holds only types, so that there is nothing to run. */
function isTypesOnly(file: SourceFile): boolean {
  const statements = (file.nodes()[0]?.body ?? []) as Node[];
  return statements.every(({ type, declaration, source }) =>
    TYPES_ONLY.test(isNode(declaration) ? declaration.type : type) || isNode(source)
  );
}

/** Where the test of a source file is: the demo's engine has a mirror, too. */
function testOf(path: string): string | null {
  if (!path.endsWith(".ts") || !/^(src|demo\/engine)\//.test(path)) return null;
  return `test/unit/${path.replace(/^src\//, "").replace(/\.ts$/, ".test.ts")}`;
}

/**
 * Source files without their test. Doors and files of types have nothing to run.
 *
 * @param files Every TypeScript file.
 * @param exceptions Path to reason, for files, or folders of files, that are proved elsewhere.
 */
export function findUntested(
  files: readonly SourceFile[],
  exceptions: Readonly<Record<string, string>>,
): Finding[] {
  const paths = new Set(files.map(({ path }) => path));
  const findings: Finding[] = [];
  for (const file of files) {
    const { path } = file;
    const test = testOf(path);
    if (test === null || isTypesOnly(file)) continue;
    if (!paths.has(test)) {
      const isExcepted = Object.keys(exceptions).some((start) => path.startsWith(start));
      if (!isExcepted) findings.push(`${path}:1: has no ${test}`);
    } else if (Object.hasOwn(exceptions, path)) {
      findings.push(`${path}:1: has a test: not an exception now`);
    }
  }
  for (const path of Object.keys(exceptions)) {
    if ([...paths].some((other) => other.startsWith(path))) continue;
    findings.push(`${path}: is excepted from having a test, and is no more`);
  }
  return findings;
}

/** A `mod.ts` is a door: it passes things on and has nothing of its own. */
export function checkDoor(file: SourceFile): Finding[] {
  if (!/^src\/(.*\/)?mod\.ts$/.test(file.path)) return [];
  const findings: Finding[] = [];
  for (const node of file.nodes()) {
    if (node.type !== "Program") break;
    for (const statement of node.body as { type: string; start: number; source?: unknown }[]) {
      const isPassedOn = statement.type === "ExportAllDeclaration" ||
        (statement.type === "ExportNamedDeclaration" && statement.source !== null);
      if (isPassedOn) continue;
      findings.push(file.finding(statement.start, "a mod.ts only re-exports: move this to a file"));
    }
  }
  return findings;
}

/** A page has one title. */
export function checkTitle(file: SourceFile): Finding[] {
  if (!file.path.endsWith(".md")) return [];
  const prose = file.text.replace(
    /^(```|~~~)[\s\S]*?^\1/gm,
    (fence) => fence.replace(/[^\n]/g, ""),
  );
  const titles = [...prose.matchAll(/^# .+$/gm)];
  if (titles.length === 1) return [];
  return [`${file.path}:1: has ${titles.length} titles ("# …"); a page has one`];
}

/** Files that cannot be parsed hide from every other rule. */
export function checkSyntax(file: SourceFile): Finding[] {
  if (file.path.startsWith("assembly/")) return [];
  return file.syntaxErrors.map((message) => `${file.path}:1: ${message}`);
}

/** The test of the test: small modules with one thing missing in each. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { deadLinks, Inspection, readDocumentation } from "./documentation.ts";

const folder = mkdtempSync(join(tmpdir(), "cowdisk-docs-"));
afterAll(() => rmSync(folder, { recursive: true }));

function inspect(text: string): string[] {
  const path = join(folder, "module.ts");
  writeFileSync(path, text);
  const inspection = new Inspection(`${folder}/`);
  inspection.inspect("module.ts", readDocumentation(path));
  return inspection.findings;
}

const HEAD = "/**\n * A module.\n *\n * @module\n */\n";

test("a module and its names need descriptions", () => {
  expect(inspect("export const x = 1;")).toEqual([
    "module.ts:1: the module says nothing of itself",
    "module.ts:1: x has no description",
  ]);
  expect(inspect(`${HEAD}/** One. */\nexport const x = 1;`)).toEqual([]);
});

test("a function needs its parameters and its result", () => {
  const body = "(a: number, { b }: { b: number }, c = 1): number { return a + b + c; }";
  expect(inspect(`${HEAD}/** Adds. */\nexport function f${body}`)).toEqual([
    "module.ts:7: f has no @param a",
    "module.ts:7: f has no @param for its options",
    "module.ts:7: f has no @param c",
    "module.ts:7: f has no @returns",
  ]);
  const tags = "@param a A.\n * @param options B.\n * @param c C.\n * @returns The sum.";
  expect(inspect(`${HEAD}/**\n * Adds.\n * ${tags}\n */\nexport function f${body}`)).toEqual([]);
});

test("nothing needs to be said of nothing, and Whether says it", () => {
  const functions = [
    "/** Does. */\nexport function f(): void {}",
    "/** Does. */\nexport async function g(): Promise<void> {}",
    "/** Whether it is so. */\nexport function h(): boolean { return true; }",
  ];
  expect(inspect(HEAD + functions.join("\n"))).toEqual([]);
});

test("what is said of one overload is said of all", () => {
  const doc = "/**\n * Does.\n *\n * @param a What.\n */\n";
  const overloads = "export function f(a: number): void;\nexport function f(a: string): void;\n";
  expect(inspect(`${HEAD}${doc}${overloads}export function f(_a: unknown): void {}`)).toEqual([]);
});

test("what is as something else is said there", () => {
  const doc = "/** As {@linkcode Array.at}, at once. */\n";
  expect(inspect(`${HEAD}${doc}export function f(a: number): number { return a; }`)).toEqual([]);
});

test("members of classes, interfaces and enumerations need descriptions", () => {
  const members = [
    "/** A. */\nexport class A { b = 1; #c = this.b; get d(): number { return this.#c; } }",
    "/** B. */\nexport interface B { c: number; d(): void }",
    "/** C. */\nexport enum C { D }",
  ];
  expect(inspect(HEAD + members.join("\n"))).toEqual([
    "module.ts:7: A.b has no description",
    "module.ts:7: A.d has no description",
    "module.ts:9: B.c has no description",
    "module.ts:9: B.d has no description",
    "module.ts:11: C.D has no description",
  ]);
});

test("a method may leave its parameters to the interface", () => {
  const method = "{\n  /** Does. */\n  f(a: number): void { void a; }\n}";
  const door = "/** I. */\nexport interface I {\n  /** Does. */\n  f(a: number): void;\n}\n";
  expect(inspect(`${HEAD}${door}/** A. */\nexport class A implements I ${method}`)).toEqual([]);
  expect(inspect(`${HEAD}/** A. */\nexport class A ${method}`)).toEqual([
    "module.ts:9: A.f has no @param a",
  ]);
});

test("an example needs an assertion", () => {
  const example = (line: string) =>
    `${HEAD}/**\n * One.\n *\n * @example Use\n * \`\`\`ts\n * ${line}\n * \`\`\`\n */\n` +
    "export const x = 1;";
  expect(inspect(example("x + 1;"))).toEqual(["module.ts:14: an example of x asserts nothing"]);
  expect(inspect(example("equal(x, 1);"))).toEqual([]);
});

test("a link to what is not exported is dead, one to a member of what is exported is not", () => {
  const path = join(folder, "links.ts");
  const link = (name: string) => `/** See {@linkcode ${name}}. */\n`;
  const text = `${HEAD}const hidden = 1;\n${link("hidden")}export const x = hidden;\n` +
    `${link("Shape.size")}export interface Shape { size: number }\n`;
  writeFileSync(path, text);
  expect(deadLinks([readDocumentation(path)])).toEqual(["hidden"]);
});

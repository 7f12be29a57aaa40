/**
 * Calls that have a better replacement here, and things that were left lying about.
 *
 * @module
 */
import { type Finding, isNode, type Node, type SourceFile } from "./source_file.ts";

const USE_CLOCK = "take a Clock (src/block/clock.ts)";

/** Global names, and members of global objects, with what to use instead. */
export const BANNED: Readonly<Record<string, string>> = {
  "Date.now": USE_CLOCK,
  "new Date": USE_CLOCK,
  "performance.now": USE_CLOCK,
  "setTimeout": USE_CLOCK,
  "setInterval": USE_CLOCK,
  "Math.random": "take a Prng (src/testing/prng.ts); src itself leaves nothing to chance",
  "queueMicrotask": "yield a step, or open a Gate (src/block/gate.ts)",
  "console": "throw, return, or report state; only the command line prints",
};

const EXEMPT = /^src\/(cli\/.*|block\/clock\.ts)$/;

/** `Date.now` for a member, `setTimeout` for a name, `new Date` for a construction. */
function spelled(node: Node): string | null {
  if (node.type === "NewExpression" && isNode(node.callee)) return `new ${node.callee.name}`;
  if (node.type === "MemberExpression" && node.computed === false) {
    return `${(node.object as Node).name}.${(node.property as Node).name}`;
  }
  return node.type === "Identifier" ? node.name as string : null;
}

/** Time, chance and output are parameters, so that a test can be the world. */
export function checkBanned(file: SourceFile): Finding[] {
  if (!file.path.startsWith("src/") || EXEMPT.test(file.path)) return [];
  const findings: Finding[] = [];
  const notGlobal = new Set<unknown>();
  for (const node of file.nodes()) {
    if (node.type === "MemberExpression" && node.computed === false) notGlobal.add(node.property);
    if ("key" in node && node.computed === false) notGlobal.add(node.key);
    if (node.type === "VariableDeclarator") notGlobal.add(node.id);
    if (notGlobal.has(node)) continue;
    const name = spelled(node);
    if (name === null || !Object.hasOwn(BANNED, name)) continue;
    findings.push(file.finding(node.start, `${name}: ${BANNED[name]}`));
  }
  return findings;
}

interface Leftover {
  readonly pattern: RegExp;
  readonly message: string;
}

const COMMENT_LEFTOVERS: readonly Leftover[] = [
  {
    pattern: /@ts-(ignore|nocheck)\b/,
    message: "mend the type, or use @ts-expect-error with a reason",
  },
  { pattern: /@ts-expect-error\s*$/, message: "say after @ts-expect-error what is expected" },
  { pattern: /\b(TODO|FIXME|XXX)\b(?!\([\w-]+\))/, message: "TODO(owner): and a test, or nothing" },
  { pattern: /^\s*deno-lint-ignore-file\s*$/, message: "name the lint rules that are ignored" },
];

/** `it.skip`, `test.only`, `describe.only`, …: which of the two, or neither. */
function markOf(node: Node): "only" | "skip" | null {
  if (node.type !== "MemberExpression" || node.computed !== false) return null;
  const object = (node.object as Node).name;
  if (!["it", "test", "describe", "suite", "bench"].includes(object as string)) return null;
  const name = (node.property as Node).name;
  return name === "only" || name === "skip" ? name : null;
}

/** A reason for a skip is a comment that begins with `Skipped`, on its line or the line before. */
function hasReason(file: SourceFile, offset: number): boolean {
  const line = file.lineOf(offset);
  return file.comments.some(({ value, end }) =>
    /^[*\s]*Skipped\b.*\w/.test(value) && [line - 1, line].includes(file.lineOf(end - 1))
  );
}

/** Nothing that was only meant for an afternoon is committed. */
export function checkLeftovers(file: SourceFile): Finding[] {
  const findings: Finding[] = [];
  for (const { value, start } of file.comments) {
    for (const { pattern, message } of COMMENT_LEFTOVERS) {
      if (pattern.test(value)) findings.push(file.finding(start, message));
    }
  }
  for (const node of file.nodes()) {
    if (node.type === "DebuggerStatement") {
      findings.push(file.finding(node.start, "debugger: take it out"));
    }
    const mark = markOf(node);
    if (mark === "only") findings.push(file.finding(node.start, ".only: the others are not run"));
    if (mark === "skip" && !hasReason(file, node.start)) {
      findings.push(file.finding(node.start, ".skip: say why in a comment: // Skipped: …"));
    }
  }
  return findings;
}

/** `deno fmt` takes decorators off top-level declarations in `assembly/` without a word. */
export function checkDecorators(file: SourceFile): Finding[] {
  if (!file.path.startsWith("assembly/")) return [];
  const findings: Finding[] = [];
  for (const { 0: text, index } of file.text.matchAll(/^@(?!unmanaged\b)\w+/gm)) {
    if (file.comments.some(({ start, end }) => start <= index && index < end)) continue;
    findings.push(file.finding(index, `${text}: deno fmt would delete it; a plain function does`));
  }
  return findings;
}

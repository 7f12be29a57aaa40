/**
 * How long a file and a function may be.
 *
 * @module
 */
import { type Finding, isNode, type Node, type SourceFile } from "./source_file.ts";

/** A file longer than this says why in its head, in a sentence that begins `Longer than`. */
export const FILE_LINES = 350;
/** No file is longer than this. */
export const FILE_LINES_MAX = 500;
/** No function is longer than this. */
export const FUNCTION_LINES_MAX = 70;

/** Files are short enough to be read in one sitting. */
export function checkFileLength(file: SourceFile): Finding[] {
  if (!file.path.endsWith(".ts") || file.isGenerated) return [];
  const count = file.lineCount;
  if (count > FILE_LINES_MAX) {
    return [`${file.path}:1: ${count} lines; ${FILE_LINES_MAX} is the limit: split it by concern`];
  }
  if (count > FILE_LINES && !/\bLonger than\b/.test(file.head)) {
    return [
      `${file.path}:1: ${count} lines; past ${FILE_LINES} the head says why ("Longer than …")`,
    ];
  }
  return [];
}

/** The name by which to find a function: its own, or that of what it is assigned to. */
function nameOf(node: Node, parent: Node | undefined): string {
  for (const candidate of [node.id, parent?.key, parent?.id]) {
    if (isNode(candidate) && typeof candidate.name === "string") return candidate.name;
  }
  return "a function";
}

function isGrouping(parent: Node | undefined): boolean {
  const callee = parent?.type === "CallExpression" ? parent.callee as Node : undefined;
  return callee?.name === "describe" || callee?.name === "suite";
}

/** Functions fit on a screen. The body of a `describe` is a list, not a function. */
export function checkFunctionLength(file: SourceFile): Finding[] {
  const findings: Finding[] = [];
  const parents = new Map<unknown, Node>();
  for (const node of file.nodes()) {
    for (const value of Object.values(node)) {
      for (const part of Array.isArray(value) ? value : [value]) {
        if (isNode(part)) parents.set(part, node);
      }
    }
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) {
      continue;
    }
    const parent = parents.get(node);
    const count = file.lineOf(node.end) - file.lineOf(node.start) + 1;
    if (count <= FUNCTION_LINES_MAX || isGrouping(parent)) continue;
    findings.push(
      file.finding(
        node.start,
        `${nameOf(node, parent)} has ${count} lines; ${FUNCTION_LINES_MAX} is the limit`,
      ),
    );
  }
  return findings;
}

/**
 * Words that are not used for names here, because another word has the meaning already.
 *
 * @module
 */
import { type Finding, isNode, type Node, type SourceFile } from "./source_file.ts";

/** Words in a name, and the word to use. */
export const NEVER_IN_NAMES: Readonly<Record<string, string>> = {
  abstract: "name it for what it is",
  backing: "origin",
  blk: "sector or chunk",
  cluster: "chunk",
  fsync: "flush",
  helper: "name it for what it does",
  helpers: "name them for what they do",
  lba: "sector",
  manager: "name it for what it does",
  misc: "name it for what is in it",
  overlay: "cow",
  plugin: "target",
  rebase: "merge",
  tmp: "name it for what it holds",
  trim: "discard",
  unmap: "discard",
  util: "name it for what it does",
  utils: "name them for what they do",
};

/** Whole names that say nothing. */
export const NEVER_AS_NAMES: ReadonlySet<string> = new Set([
  "data",
  "obj",
  "temp",
  "thing",
  "val",
]);

const ALLOWED_IN: Readonly<Record<string, RegExp>> = {
  rebase: /^src\/disk\/(disk|async_disk|remote\/remote_disk)\.ts$/, // onto another origin; nothing is merged
  trim: /^src\/nbd\//, // NBD's own word
};

function wordsOf(name: string): string[] {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase().split(/[^a-z0-9]+/);
}

function* namesInPattern(pattern: unknown): Iterable<Node> {
  if (!isNode(pattern)) return;
  switch (pattern.type) {
    case "Identifier":
      yield pattern;
      break;
    case "ObjectPattern":
      for (const property of pattern.properties as Node[]) {
        // `{ data }` takes the name from elsewhere; `{ data: view }` gives a new one.
        if (property.type === "RestElement") yield* namesInPattern(property.argument);
        else if (property.shorthand !== true) yield* namesInPattern(property.value);
      }
      break;
    case "ArrayPattern":
      for (const element of pattern.elements as unknown[]) yield* namesInPattern(element);
      break;
    case "AssignmentPattern":
      yield* namesInPattern(pattern.left);
      break;
    case "RestElement":
      yield* namesInPattern(pattern.argument);
      break;
    case "TSParameterProperty":
      yield* namesInPattern(pattern.parameter);
  }
}

const MEMBERS =
  /^(PropertyDefinition|MethodDefinition|AccessorProperty|TSPropertySignature|TSMethodSignature)$/;
const NAMED =
  /^(FunctionDeclaration|ClassDeclaration|TSInterfaceDeclaration|TSTypeAliasDeclaration|TSEnumDeclaration)$/;

function* declaredNames(file: SourceFile): Iterable<Node> {
  for (const node of file.nodes()) {
    if (node.type === "VariableDeclarator") yield* namesInPattern(node.id);
    if (Array.isArray(node.params)) {
      for (const param of node.params) yield* namesInPattern(param);
    }
    if (NAMED.test(node.type)) yield* namesInPattern(node.id);
    if (MEMBERS.test(node.type) && node.computed === false && isNode(node.key)) yield node.key;
  }
}

/** One name, one meaning: dm's nouns. */
export function checkNames(file: SourceFile): Finding[] {
  if (!file.path.startsWith("src/")) return [];
  const findings: Finding[] = [];
  for (const node of declaredNames(file)) {
    const name = String(node.name ?? "");
    if (NEVER_AS_NAMES.has(name)) {
      findings.push(file.finding(node.start, `"${name}" says nothing: name what it holds`));
    }
    for (const word of new Set(wordsOf(name))) {
      if (!Object.hasOwn(NEVER_IN_NAMES, word) || ALLOWED_IN[word]?.test(file.path)) continue;
      findings.push(
        file.finding(node.start, `"${word}" in the name ${name}; here: ${NEVER_IN_NAMES[word]}`),
      );
    }
  }
  const fileName = /([^/]+)\.ts$/.exec(file.path)?.[1] ?? "";
  for (const word of wordsOf(fileName)) {
    if (!Object.hasOwn(NEVER_IN_NAMES, word) || ALLOWED_IN[word]?.test(file.path)) continue;
    findings.push(`${file.path}:1: "${word}" in the file's name; here: ${NEVER_IN_NAMES[word]}`);
  }
  return findings;
}

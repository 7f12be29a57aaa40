/**
 * What the documentation of a public symbol must say, checked on the output of `deno doc --json`.
 *
 * - Every module, symbol and member has a description.
 * - Every parameter of a function, and of a class's constructor or method, has a `@param`; every
 *   result a `@returns`. A method whose class implements an interface may leave both to the
 *   interface, and so may whatever begins with "As {@linkcode …}" to what it names. A description
 *   that begins with "Whether" has said what is returned.
 * - Every example contains an assertion: an example that cannot fail proves nothing.
 *
 * `deno doc --lint` checks the types; it knows nothing of these.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

interface Tag {
  readonly kind: string;
  readonly name?: string;
  readonly doc?: string;
}

interface JsDoc {
  readonly doc?: string;
  readonly tags?: readonly Tag[];
}

interface Place {
  readonly filename: string;
  /** Counted from 0. */
  readonly line: number;
}

interface Type {
  readonly repr?: string;
  readonly kind: string;
  readonly value?: { readonly asserts?: boolean; readonly typeParams?: readonly Type[] };
}

interface Param {
  readonly kind: string;
  readonly name?: string;
  readonly left?: Param;
  readonly arg?: Param;
}

interface Callable {
  readonly params?: readonly Param[];
  readonly returnType?: Type;
}

interface Member extends Callable {
  readonly name?: string;
  readonly kind?: string;
  readonly jsDoc?: JsDoc;
  readonly location?: Place;
  readonly accessibility?: string;
  readonly isOverride?: boolean;
  readonly functionDef?: Callable;
}

interface Definition extends Callable {
  readonly implements?: readonly unknown[];
  readonly constructors?: readonly Member[];
  readonly properties?: readonly Member[];
  readonly methods?: readonly Member[];
  readonly members?: readonly Member[];
  readonly elements?: readonly PublicSymbol[];
}

interface Declaration {
  readonly kind: string;
  readonly location: Place;
  readonly jsDoc?: JsDoc;
  readonly def?: Definition;
}

/** A name that a module exports, with everything declared under it. */
export interface PublicSymbol {
  readonly name: string;
  readonly declarations: readonly Declaration[];
}

/** What a module says of itself. */
export interface ModuleDocumentation {
  readonly "module_doc"?: JsDoc;
  readonly symbols: readonly PublicSymbol[];
}

/**
 * Asks Deno for the documentation of a module.
 *
 * @param path The module.
 */
export function readDocumentation(path: string): ModuleDocumentation {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["doc", "--json", path], {
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`deno doc ${path} failed: ${stderr}`);
  const [documentation] = Object.values<ModuleDocumentation>(JSON.parse(stdout).nodes);
  if (documentation === undefined) throw new Error(`deno doc ${path} has nothing to say`);
  return documentation;
}

/** Every name that is spelled somewhere in a documentation: of symbols, members and parameters. */
function* spelled(node: unknown): Iterable<string> {
  if (typeof node !== "object" || node === null) return;
  if ("name" in node && typeof node.name === "string") yield node.name;
  for (const part of Object.values(node)) yield* spelled(part);
}

/**
 * Finds links from documentation to what nobody can import.
 *
 * @param documentations What all doors say.
 * @returns What is linked to and has no documentation, in order.
 */
export function deadLinks(documentations: readonly ModuleDocumentation[]): string[] {
  const names = new Set(documentations.flatMap((each) => [...spelled(each)]));
  const links = JSON.stringify(documentations).matchAll(/\{@link(?:code)? ([^}\s|]+)/g);
  const dead = [...links].map(([, link = ""]) => link)
    .filter((link) => !link.split(".").every((name) => names.has(name)));
  return [...new Set(dead)].sort();
}

const ASSERTION =
  /\b(equal|deepEqual|notEqual|notDeepEqual|ok|throws|rejects|match|assert\w*|expect)\(/;

/** Collects what is missing in the documentation of one module. */
export class Inspection {
  /** What is missing, as `path:line: sentence`. */
  readonly findings: string[] = [];
  readonly #root: string;

  /**
   * An inspection without findings.
   *
   * @param root The folder that paths are told from.
   */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Inspects a module.
   *
   * @param path The module, for the finding.
   * @param documentation What Deno says of it.
   */
  inspect(path: string, documentation: ModuleDocumentation): void {
    const head = documentation["module_doc"];
    if (isEmpty(head)) this.findings.push(`${path}:1: the module says nothing of itself`);
    this.#examples({ filename: path, line: 0 }, "the module", head);
    for (const symbol of documentation.symbols) this.#symbol(symbol, "");
  }

  #say(place: Place | undefined, message: string): void {
    const { filename = "", line = 0 } = place ?? {};
    const path = filename.startsWith("file:") ? fileURLToPath(filename) : filename;
    this.findings.push(`${path.replace(this.#root, "")}:${line + 1}: ${message}`);
  }

  #symbol({ name, declarations }: PublicSymbol, prefix: string): void {
    const fullName = prefix + name;
    const isReference = declarations.every(({ kind }) => kind === "reference");
    if (isReference) return;
    const place = declarations[0]?.location;
    const docs = declarations.map(({ jsDoc }) => jsDoc);
    if (docs.every(isEmpty)) this.#say(place, `${fullName} has no description`);
    for (const jsDoc of docs) this.#examples(place, fullName, jsDoc);
    this.#signature(place, fullName, merged(docs), callablesOf(declarations));
    for (const { kind, def } of declarations) {
      if (def === undefined) continue;
      if (kind === "namespace") {
        for (const element of def.elements ?? []) this.#symbol(element, `${fullName}.`);
      } else this.#members(fullName, kind, def);
    }
  }

  #members(name: string, kind: string, def: Definition): void {
    for (const member of [...def.properties ?? [], ...def.members ?? []]) {
      this.#description(`${name}.${member.name}`, member);
    }
    const hasInterface = (def.implements ?? []).length > 0;
    for (const method of def.methods ?? []) {
      const fullName = `${name}.${method.name}`;
      if (!this.#description(fullName, method)) continue;
      if (kind !== "class" || hasInterface || method.kind !== "method") continue;
      this.#signature(method.location, fullName, method.jsDoc, [method.functionDef ?? method]);
    }
    for (const constructor of kind === "class" ? def.constructors ?? [] : []) {
      const { params = [] } = constructor;
      if (isHidden(constructor) || params.length === 0) continue;
      this.#signature(constructor.location, `new ${name}`, constructor.jsDoc, [{ params }]);
    }
  }

  #description(name: string, member: Member): boolean {
    if (isHidden(member) || member.isOverride === true || name.includes("[Symbol.")) return false;
    const hasDescription = !isEmpty(member.jsDoc);
    // A setter speaks through its getter.
    if (!hasDescription && member.kind !== "setter") {
      this.#say(member.location, `${name} has no description`);
    }
    this.#examples(member.location, name, member.jsDoc);
    return hasDescription;
  }

  #signature(
    place: Place | undefined,
    name: string,
    jsDoc: JsDoc | undefined,
    callables: readonly Callable[],
  ): void {
    if (callables.length === 0 || /^\s*As \{@linkcode\b/.test(jsDoc?.doc ?? "")) return;
    const described = (jsDoc?.tags ?? []).filter(({ kind, doc }) => kind === "param" && doc);
    for (const { params = [] } of callables) {
      for (const param of params) {
        const paramName = nameOf(param);
        if (paramName === "this" || described.some((tag) => tag.name === paramName)) continue;
        // A destructured parameter has no name of its own: any further @param is its.
        if (paramName === null && described.length >= params.length) continue;
        this.#say(place, `${name} has no @param ${paramName ?? "for its options"}`);
      }
    }
    const returned = jsDoc?.tags?.some(({ kind, doc }) => kind === "return" && doc);
    if (returned || /^\s*Whether\b/.test(jsDoc?.doc ?? "")) return;
    if (callables.some(({ returnType }) => hasResult(returnType))) {
      this.#say(place, `${name} has no @returns`);
    }
  }

  #examples(place: Place | undefined, name: string, jsDoc: JsDoc | undefined): void {
    for (const { kind, doc = "" } of jsDoc?.tags ?? []) {
      if (kind !== "example" || ASSERTION.test(doc)) continue;
      this.#say(place, `an example of ${name} asserts nothing`);
    }
  }
}

function isEmpty(jsDoc: JsDoc | undefined): boolean {
  return (jsDoc?.doc ?? "").trim() === "";
}

function isHidden({ accessibility }: Member): boolean {
  return accessibility === "private" || accessibility === "protected";
}

/** What is said of any overload is said of all. */
function merged(docs: readonly (JsDoc | undefined)[]): JsDoc {
  return {
    doc: docs.find((jsDoc) => !isEmpty(jsDoc))?.doc ?? "",
    tags: docs.flatMap((jsDoc) => jsDoc?.tags ?? []),
  };
}

/** The signatures that callers see: of an overloaded function, all but the one with the body. */
function callablesOf(declarations: readonly Declaration[]): Callable[] {
  const defs = declarations.filter(({ kind }) => kind === "function").map(({ def }) => def ?? {});
  return defs.length > 1 ? defs.filter((def) => !("hasBody" in def)) : defs;
}

function nameOf(param: Param): string | null {
  return param.name ?? (param.left !== undefined ? nameOf(param.left) : null) ??
    (param.arg !== undefined ? nameOf(param.arg) : null);
}

function hasResult(type: Type | undefined): boolean {
  if (type === undefined || ["void", "never", "undefined"].includes(type.repr ?? "")) return false;
  if (type.kind === "typePredicate") return type.value?.asserts !== true;
  const params = type.value?.typeParams ?? [];
  if (type.repr === "Plan") return params.length > 0 && hasResult(params[0]);
  if (type.repr === "Promise") return hasResult(params[0]);
  return true;
}

/**
 * Where imports may point, and which file may speak to which runtime.
 *
 * @module
 */
import type { Finding, Node, SourceFile } from "./source_file.ts";

/**
 * The floors of the house. A folder may import from lower floors and from itself; neighbours on one
 * floor do not know each other.
 */
export const FLOORS: Readonly<Record<string, number>> = {
  block: 0,
  kernel: 1,
  devices: 2,
  copier: 2,
  exception: 3,
  targets: 4,
  mapper: 5,
  disk: 6,
  nbd: 7,
  emulator: 7,
  cli: 8,
  demo: 9,
};

/** The highest floor that `testing` stands on. */
const TESTING_FLOOR = FLOORS.mapper!;

/** `src/exception/store.ts` is in `exception`, `demo/view.ts` in `demo`; `src/mod.ts` in none. */
function folderOf(path: string): string | null {
  if (path.startsWith("demo/")) return "demo";
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? null;
}

function whyForbidden(from: string | null, to: string | null): string | null {
  // The demo pulls plugs: it stands on the simulations, as a test does.
  if (to === "testing" && from === "demo") return null;
  if (to === "testing" && from !== "testing") return "nothing in src imports testing";
  if (from === to || to === null) return null;
  const toFloor = FLOORS[to];
  if (toFloor === undefined) return `${to}/ has no floor: give it one in test/tidy/layers.ts`;
  if (from === null) {
    return toFloor < FLOORS.cli! ? null : `the public door does not open on ${to}/`;
  }
  if (from === "testing") {
    return toFloor <= TESTING_FLOOR ? null : `testing/ stands on mapper/ at most, not on ${to}/`;
  }
  const fromFloor = FLOORS[from];
  if (fromFloor === undefined) return `${from}/ has no floor: give it one in test/tidy/layers.ts`;
  return toFloor < fromFloor ? null : `imports point down: ${from}/ may not import ${to}/`;
}

/** Imports point down, and nothing imports `testing`. */
export function checkLayers(file: SourceFile): Finding[] {
  if (!/^(src|demo)\//.test(file.path)) return [];
  const findings: Finding[] = [];
  for (const { target, line } of file.imports) {
    if (!/^(src|demo)\//.test(target)) continue;
    const why = whyForbidden(folderOf(file.path), folderOf(target));
    if (why !== null) findings.push(`${file.path}:${line}: imports ${target}; ${why}`);
  }
  return findings;
}

/** Only `src/kernel/` knows the binary and the module that holds it. What packages bring is theirs. */
export function checkKernelDoor(file: SourceFile): Finding[] {
  if (file.path.startsWith("src/kernel/") || !/^(src|demo)\//.test(file.path)) return [];
  return file.imports
    .filter(({ target }) =>
      /^src\/kernel\/(kernel_wasm|module)\.ts$|^(?!node_modules\/).*\.wasm$/.test(target)
    )
    .map(({ target, line }) =>
      `${file.path}:${line}: imports ${target}; go through src/kernel/mod.ts`
    );
}

/** A runtime's names, and the only files that may use them. */
interface RuntimeRule {
  readonly what: string;
  readonly names: ReadonlySet<string>;
  readonly specifier: RegExp | null;
  readonly allowed: RegExp;
  readonly where: string;
}

const RUNTIMES: readonly RuntimeRule[] = [
  {
    what: "Deno and Node",
    names: new Set(["Deno", "process", "Buffer", "__dirname", "require"]),
    specifier: /^node:/,
    allowed:
      /^src\/(devices\/file[^/]*\.ts|disk\/storage\/directory_storage\.ts|nbd\/[^/]*_deno\.ts|cli\/.*)$/,
    where: "src/devices/file*.ts, directory_storage.ts, src/nbd/*_deno.ts and src/cli/",
  },
  {
    what: "IndexedDB",
    names: new Set(["indexedDB", "IDBKeyRange", "IDBDatabase"]),
    specifier: /^idb-keyval$/,
    allowed: /^(src\/devices\/idb(\/.*|[^/]*\.ts)|demo\/.*)$/,
    where: "src/devices/idb*",
  },
  {
    what: "the origin private file system",
    names: new Set(["FileSystemSyncAccessHandle", "FileSystemFileHandle"]),
    specifier: null,
    allowed: /^(src\/devices\/opfs(\/.*|[^/]*\.ts)|demo\/.*)$/,
    where: "src/devices/opfs*",
  },
  {
    what: "the page",
    names: new Set(["document", "window", "HTMLElement", "localStorage"]),
    specifier: null,
    allowed: /^demo\//,
    where: "demo/",
  },
  {
    what: "the emulator",
    names: new Set(),
    specifier: /^v86$/,
    allowed: /^demo\//,
    where: "demo/ and test/, for src/emulator/ takes the one that it is given",
  },
];

/** Whether a file is one of those that may use Deno's and Node's names. */
export function isAboutDeno(path: string): boolean {
  return RUNTIMES[0]!.allowed.test(path);
}

/** Names used as values or types, not as members, keys or declarations. */
function isFreeName(node: Node, declared: ReadonlySet<string>): boolean {
  return node.type === "Identifier" && !declared.has(node.name as string);
}

/** The names that a file declares itself, and the members it spells, which are nobody's globals. */
function boundNames(file: SourceFile): { names: Set<string>; members: Set<Node> } {
  const names = new Set<string>();
  const members = new Set<Node>();
  for (const node of file.nodes()) {
    if (node.type === "MemberExpression" && node.computed === false) {
      members.add(node.property as Node);
    }
    if (/Property|Method/.test(node.type) && node.computed === false && node.shorthand !== true) {
      members.add(node.key as Node);
    }
    const local = node.local ?? (node.type === "VariableDeclarator" ? node.id : undefined);
    if (local !== undefined) names.add((local as Node).name as string);
  }
  return { names, members };
}

/** A runtime's own names stay in the files that are about that runtime. */
export function checkRuntimes(file: SourceFile): Finding[] {
  const rules = RUNTIMES.filter(({ allowed }) => !allowed.test(file.path));
  if (!file.path.startsWith("src/") || rules.length === 0) return [];
  const findings: Finding[] = [];
  const { names, members } = boundNames(file);
  for (const node of file.nodes()) {
    if (!isFreeName(node, names) || members.has(node)) continue;
    for (const { what, names: runtime, where } of rules) {
      if (!runtime.has(node.name as string)) continue;
      findings.push(file.finding(node.start, `${node.name} is ${what}'s: only in ${where}`));
    }
  }
  for (const { specifier, line } of file.imports) {
    for (const { what, specifier: pattern, where } of rules) {
      if (pattern?.test(specifier) !== true) continue;
      findings.push(`${file.path}:${line}: imports ${specifier}; ${what}: only in ${where}`);
    }
  }
  return findings;
}

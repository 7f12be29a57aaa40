/**
 * `deno task pack`: the npm package, in `build/package/` and as `build/<name>-<version>.tgz`.
 *
 *     src/**.ts, from the doors on  ->  src/**.js, src/**.d.ts     compiled, not bundled
 *     src/emulator/emscripten/*     ->  the same                   what emcc is given
 *     README, CHANGELOG, LICENSE    ->  the same
 *     deno.json                     ->  package.json               manifest.ts
 *
 * One module stays one module, so a bundler takes what is used. The kernel's binary is text in a module
 * (`src/kernel/kernel_wasm.ts`), so it needs no loader. Tests, command line and demo are not reached
 * from a door.
 *
 * The compiler checks the sources against the language that the package may use: a name that Node 20
 * does not have ends the packing with its place. (Types are Deno's business, `deno task check`.) Two
 * runs over the same sources make the same tarball, byte for byte.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import process from "node:process";
import { create } from "tar";
import { listFiles, SourceFile } from "../test/tidy/source_file.ts";
import { type Config, readConfig, ROOT } from "./config.ts";
import { manifestOf } from "./manifest.ts";

/** The language of Node 20; of what came later only what is asked for before it is used. */
const LANGUAGE = ["es2023", "es2024.sharedmemory", "esnext.disposable"];

/** The page, for devices that live in one. */
const PAGE = ["dom", "dom.iterable", "dom.asynciterable"];

/** What goes along as it is. */
const COPIED = ["README.md", "CHANGELOG.md", "LICENSE", "src/emulator/emscripten"];

/** Types that TypeScript's ordinary libraries do not have. Whoever names them says where they are. */
const DISPOSABLE = /\b(Async)?Disposable\b|\bSymbol\.(asyncD|d)ispose\b/;
const DISPOSABLE_LIBRARY = '/// <reference lib="esnext.disposable" />\n';

/** A package that was made. */
export interface Package {
  /** Where its files are, with a slash. */
  readonly folder: string;
  /** All of them in one file. */
  readonly tarball: string;
}

function compile(config: Config, folder: string): void {
  const { lib: _ours, ...strictness } = config.compilerOptions;
  const compilerOptions = {
    ...strictness,
    lib: [...LANGUAGE, ...PAGE],
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    rootDir: ROOT,
    outDir: folder,
    types: [],
    // Of what comes from Node's modules, which are taken unseen.
    noImplicitAny: false,
    declaration: true,
    rewriteRelativeImportExtensions: true,
    verbatimModuleSyntax: true,
    // Others' declarations name what our libraries lack.
    skipLibCheck: true,
  };
  const files = Object.values(config.exports).map((source) => posix.join(ROOT, source));
  const node = `${folder}node.d.ts`;
  writeFileSync(node, 'declare module "node:*";\n');
  const project = `${folder}tsconfig.json`;
  writeFileSync(project, JSON.stringify({ compilerOptions, files: [node, ...files] }));
  const words = ["run", "-A", "npm:typescript@7.0.2/tsc", "--project", project];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    cwd: ROOT,
    encoding: "utf8",
  });
  for (const ours of [node, project]) rmSync(ours);
  if (status !== 0) throw new Error(`Cannot compile the package:\n${stdout}${stderr}`);
}

/** Makes declarations name the compiled files, which the compiler does for code only. */
function mendDeclarations(folder: string): void {
  for (const path of listFiles(folder, [".d.ts"])) {
    const text = readFileSync(folder + path, "utf8");
    const mended = text.replace(/(\b(?:from|import)\b[ (]*"\.[^"\n]*)\.ts"/g, '$1.js"');
    writeFileSync(folder + path, DISPOSABLE.test(text) ? DISPOSABLE_LIBRARY + mended : mended);
  }
}

/** What the compiled modules import. */
function importsOf(folder: string): Set<string> {
  const specifiers = new Set<string>();
  for (const path of listFiles(folder, [".js", ".d.ts"])) {
    const text = readFileSync(folder + path, "utf8");
    for (const { specifier } of new SourceFile(`${path}.ts`, text).imports) {
      specifiers.add(specifier);
    }
  }
  return specifiers;
}

/**
 * Makes the package.
 *
 * @param folder Where its files go, with a slash. What is there already is removed.
 * @returns What was made; the tarball lies beside the folder.
 * @throws {Error} When a source does not compile, or imports what cannot be shipped.
 */
export async function pack(folder = `${ROOT}build/package/`): Promise<Package> {
  const config = readConfig();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  compile(config, folder);
  mendDeclarations(folder);
  writeFileSync(`${folder}package.json`, manifestOf(config, importsOf(folder)));
  for (const path of COPIED) cpSync(ROOT + path, folder + path, { recursive: true });

  const tarball = posix.join(folder, "..", `${config.name}-${config.version}.tgz`);
  const options = {
    ...{ cwd: folder, file: tarball, prefix: "package", gzip: { level: 9 } },
    ...{ portable: true, mtime: new Date(0) },
  };
  await create(options, listFiles(folder, [""]));
  return { folder, tarball };
}

if (import.meta.main) {
  const { folder, tarball } = await pack();
  const files = listFiles(folder, [""]);
  const byteCount = files.reduce((sum, path) => sum + statSync(folder + path).size, 0);
  const size = (bytes: number) => `${Math.ceil(bytes / 1024)} KiB`;
  process.stdout.write(
    `${folder}: ${files.length} files, ${size(byteCount)}\n` +
      `${tarball}: ${size(statSync(tarball).size)}\n`,
  );
}

/**
 * `package.json`, which nobody writes: what npm is told about the package.
 *
 * | field | why |
 * |---|---|
 * | `exports` | the doors of `deno.json`; nothing else of the package can be imported |
 * | `sideEffects` | no module does anything by being imported, so bundlers may leave out any |
 * | `engines` | the oldest Node whose language `pack.ts` allows, and that `test/release` runs |
 * | `dependencies` | what the compiled modules import, and no more |
 *
 * There is no `bin`: the command line is a program for Deno.
 *
 * @module
 */
import { type Config, DESCRIPTION, packagesOf } from "./config.ts";

/** The oldest Node that the package runs in. Its language is in `pack.ts`. */
export const NODE_MIN = 20;

/** Where a source is in the package once it is compiled. */
function compiled(source: string, ending: ".js" | ".d.ts"): string {
  return source.replace(/\.ts$/, ending);
}

/**
 * Writes the manifest of the npm package.
 *
 * @param config What `deno.json` says.
 * @param specifiers What the package's modules import.
 * @returns The contents of `package.json`.
 */
export function manifestOf(config: Config, specifiers: Iterable<string>): string {
  const doors = Object.entries(config.exports).map(([door, source]) => [
    door,
    { types: compiled(source, ".d.ts"), default: compiled(source, ".js") },
  ]);
  const dependencies = Object.entries(packagesOf(config, specifiers)).map((
    [name, version],
  ) => [name, `^${version}`]);
  const manifest = {
    name: config.name,
    version: config.version,
    description: DESCRIPTION,
    keywords: ["block device", "copy-on-write", "device-mapper", "snapshot", "virtual disk"],
    license: config.license,
    type: "module",
    engines: { node: `>=${NODE_MIN}` },
    sideEffects: false,
    exports: { ...Object.fromEntries(doors), "./package.json": "./package.json" },
    dependencies: Object.fromEntries(dependencies),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

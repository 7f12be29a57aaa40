/**
 * `deno task publish:check`: the JSR package, staged, and looked over by `deno publish --dry-run`.
 *
 *     deno task publish:check          asks no registry for anything
 *     cd build/jsr && deno publish     publishes what was checked
 *
 * JSR takes sources (`stage.ts`) and wants a scope in the name, which npm does not need. The check fails
 * when Deno finds fault with them, or would publish anything that was not staged, or less.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { posix } from "node:path";
import process from "node:process";
import { ROOT } from "./config.ts";
import { stage } from "./stage.ts";

/** The name on JSR. */
export const JSR_NAME = "@cowdisk/cowdisk";

/** What `deno publish` says that it would publish; it ends the program when it refuses to. */
function publishedFrom(folder: string): string[] {
  const words = ["publish", "--dry-run", "--allow-dirty", "--no-lock"];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  const said = stdout + stderr;
  if (status !== 0) {
    process.stderr.write(said);
    process.exit(1);
  }
  const [, list = ""] = said.split("Simulating publish");
  return [...list.matchAll(/^ +file:\/\/(\S+) \(/gm)]
    .map(([, path = ""]) => posix.relative(folder, decodeURIComponent(path)));
}

if (import.meta.main) {
  const folder = `${ROOT}build/jsr/`;
  const staged = new Set(stage(folder, JSR_NAME));
  const published = new Set(publishedFrom(folder));
  const odd = staged.symmetricDifference(published);
  if (odd.size > 0) {
    process.stderr.write(`Not published as staged:\n${[...odd].join("\n")}\n`);
    process.exit(1);
  }
  process.stdout.write(`${JSR_NAME}: ${published.size} files can be published\n`);
}

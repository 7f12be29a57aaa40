/**
 * Somebody's application: a folder of its own, in which the packed package is installed as anybody
 * installs it, with nothing of this repository in sight but its tools.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { packagesOf, readConfig, ROOT } from "../../release/config.ts";
import { NODE_MIN } from "../../release/manifest.ts";
import { pack, type Package } from "../../release/pack.ts";

/** How a program ended. */
export interface Ending {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** What a program in TypeScript for Node has beside us. */
const NODE_TYPES = "@types/node@20.19.43";

/** What npm is told, so that it says little, and asks nobody for what it has. */
const QUIETLY = ["--no-audit", "--no-fund", "--no-package-lock", "--prefer-offline"];

/** An application with cowdisk among its dependencies. */
export class Application {
  /** Where it is. */
  readonly folder: string;
  /** What it has installed, as it was made. */
  readonly package: Package;

  private constructor(folder: string, made: Package) {
    this.folder = folder;
    this.package = made;
  }

  /** Packs, and installs what was packed. */
  static async install(): Promise<Application> {
    const folder = mkdtempSync(join(tmpdir(), "cowdisk-application-"));
    const made = await pack(join(folder, "packed", "package/"));
    cpSync(`${ROOT}test/release/app`, folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
    const application = new Application(folder, made);
    application.#requireNode();
    const { dependencies } = JSON.parse(readFileSync(`${made.folder}package.json`, "utf8"));
    // The versions that we are tested with; a range would give whatever is newest today.
    const tested = Object.entries(packagesOf(readConfig(), Object.keys(dependencies)))
      .map(([name, version]) => `${name}@${version}`);
    const { status, err } = application.run(
      "npm",
      "install",
      ...QUIETLY,
      made.tarball,
      NODE_TYPES,
      ...tested,
    );
    if (status !== 0) throw new Error(`Cannot install ${made.tarball}: ${err}`);
    return application;
  }

  /** Runs a program in the application's folder. */
  run(program: string, ...words: string[]): Ending {
    const { status, stdout, stderr, error } = spawnSync(program, words, {
      cwd: this.folder,
      encoding: "utf8",
    });
    return { status, out: stdout ?? "", err: stderr || String(error ?? "") };
  }

  /** Compiles files of the application as strictly as can be, declarations of others included. */
  compile(files: readonly string[], ...options: string[]): Ending {
    return this.run(
      ...[process.execPath, "run", "-A", "--config", `${ROOT}deno.json`] as const,
      ...["npm:typescript@7.0.2/tsc", "--ignoreConfig", "--pretty", "false", "--target", "es2022"],
      ...["--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "false"],
      ...["--rewriteRelativeImportExtensions", ...options, ...files],
    );
  }

  /** Removes it. */
  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  #requireNode(): void {
    const { status, out } = this.run("node", "--version");
    const major = Number(/^v(\d+)/.exec(out)?.[1] ?? 0);
    if (status === 0 && major >= NODE_MIN) return;
    throw new Error(
      `The tests of the package need Node ${NODE_MIN} or later with npm, and found ` +
        `${status === 0 ? out.trim() : "none"}: install it`,
    );
  }
}

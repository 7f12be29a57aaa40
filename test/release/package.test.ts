/**
 * The npm package, packed and installed: in Node, in Deno, in a compiler, and in a page by Vite.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { chromium } from "playwright";
import { formatMessage } from "publint/utils";
import { publint } from "publint";
import { build, preview, type Rolldown } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConfig, ROOT } from "../../release/config.ts";
import { pack } from "../../release/pack.ts";
import { chromiumFlags, findChromium } from "../browser/chromium.ts";
import { listFiles } from "../tidy/source_file.ts";
import { Application } from "./application.ts";

const config = readConfig();
let application: Application;
beforeAll(async () => {
  application = await Application.install();
}, 180_000);
afterAll(() => application?.remove());

const SNAPSHOT = { written: 7, kept: 0, merged: 0 };
const DISK = {
  differing: [{ sector: 64, sectorCount: 8 }],
  snapshots: ["before"],
  rolledBack: 0,
};
const REFUSAL = { isOurs: true, code: "EINVAL" };
const PROGRAM = {
  file: SNAPSHOT,
  secondWriter: "EBUSY",
  memory: DISK,
  directory: DISK,
  refusal: REFUSAL,
  emptyDoors: [],
};

/** Every door, for the compiler to look through. */
function writeDoors(): void {
  const doors = Object.keys(config.exports).map((door, at) =>
    `export * as door${at} from "${config.name}${door.slice(1)}";\n`
  );
  writeFileSync(join(application.folder, "doors.ts"), doors.join(""));
}

test("the package has modules, their types and what is to be read, and nothing else", () => {
  const compiled: string[] = [];
  const others: string[] = [];
  for (const path of listFiles(application.package.folder, [""])) {
    const source = path.replace(/(\.d\.ts|\.js)$/, "");
    (existsSync(`${ROOT}${source}.ts`) ? compiled : others).push(path);
  }
  assertEquals(others, [
    ...["CHANGELOG.md", "LICENSE", "README.md", "package.json"],
    ...["src/emulator/emscripten/cowdisk.h", "src/emulator/emscripten/cowdisk_library.js"],
  ]);
  const modules = [...new Set(compiled.map((path) => path.replace(/(\.d\.ts|\.js)$/, "")))];
  assertEquals(compiled, modules.flatMap((path) => [`${path}.d.ts`, `${path}.js`]).sort());
  expect(modules.filter((path) => !path.startsWith("src/") || path.startsWith("src/cli/")))
    .toEqual([]);
  const doors = Object.values(config.exports).map((source) => source.slice(2, -3));
  expect(doors.filter((source) => !modules.includes(source))).toEqual([]);
});

test("the manifest says what deno.json says, and needs what the modules import", () => {
  const manifest = JSON.parse(readFileSync(`${application.package.folder}package.json`, "utf8"));
  const { name, version, license } = config;
  expect(manifest).toMatchObject({ name, version, license, type: "module", sideEffects: false });
  expect(Object.keys(manifest.exports)).toEqual([...Object.keys(config.exports), "./package.json"]);
  expect(manifest.dependencies).toEqual({ "idb-keyval": "^6.3.0", "valibot": "^1.5.0" });
  expect(manifest).not.toHaveProperty("scripts");
});

test("publint finds nothing to say", async () => {
  const { messages, pkg } = await publint({
    pkgDir: application.package.folder,
    level: "suggestion",
    strict: true,
    pack: false,
  });
  assertEquals(messages.map((message) => formatMessage(message, pkg)), []);
});

test("two packings make one tarball, byte for byte", async () => {
  const again = await pack(join(application.folder, "again", "package/"));
  const [one, other] = [application.package, again].map(({ tarball }) => readFileSync(tarball));
  expect(Buffer.compare(one!, other!)).toBe(0);
});

test("the types are strict ones, for bundlers, with no type of Node's in sight", () => {
  writeDoors();
  const { out, status } = application.compile(
    ["doors.ts", "story.ts", "page.ts", "disk.worker.ts"],
    ...["--noEmit", "--module", "esnext", "--moduleResolution", "bundler"],
  );
  assertEquals({ out, status }, { out: "", status: 0 });
});

test("a program in TypeScript compiles for Node, runs there, and in Deno", () => {
  writeDoors();
  const { out, status } = application.compile(
    ["doors.ts", "program.ts"],
    ...["--outDir", ".", "--module", "node16", "--moduleResolution", "node16"],
    ...["--types", "node"],
  );
  assertEquals({ out, status }, { out: "", status: 0 });
  for (const words of [["node"], [process.execPath, "run", "-A"]] as const) {
    const [program, ...options] = words;
    const ending = application.run(program, ...options, "program.js");
    expect(ending.err).toBe("");
    assertEquals(JSON.parse(ending.out), PROGRAM);
  }
});

/** Builds as somebody does who has configured nothing, and minds every warning. */
async function buildUntold(input?: string): Promise<Rolldown.RolldownOutput> {
  const warnings: string[] = [];
  const built = await build({
    root: application.folder,
    configFile: false,
    logLevel: "silent",
    build: {
      write: input === undefined,
      rolldownOptions: {
        ...(input === undefined ? {} : { input }),
        // A machine that is busy is no failure.
        onLog: (_level, { code, message }) => {
          if (code !== "PLUGIN_TIMINGS") warnings.push(message);
        },
      },
    },
  });
  expect(warnings).toEqual([]);
  return built as Rolldown.RolldownOutput;
}

test("who imports a name that needs nothing gets nothing else", async () => {
  const path = join(application.folder, "small.js");
  writeFileSync(path, `import { parseSize } from "cowdisk";\nconsole.log(parseSize("64M"));\n`);
  const { output } = await buildUntold(path);
  expect(output).toHaveLength(1);
  expect(output[0].code.length).toBeLessThan(1024);
});

test("a page that Vite has built, told nothing, keeps its disks in Chromium", async () => {
  await buildUntold();
  const server = await preview({
    root: application.folder,
    configFile: false,
    logLevel: "silent",
    preview: { port: 0, host: "127.0.0.1" },
  });
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: [...chromiumFlags()],
  });
  try {
    const page = await browser.newPage();
    const mistakes: string[] = [];
    page.on("pageerror", (error) => mistakes.push(error.message));
    await page.goto(server.resolvedUrls!.local[0]!);
    // As text: the page has names that are not there here.
    const tale = await page.evaluate("tale");
    expect(mistakes).toEqual([]);
    assertEquals(tale, {
      memory: SNAPSHOT,
      indexedDb: DISK,
      worker: { read: 5, snapshots: ["away"] },
      refusal: REFUSAL,
    });
  } finally {
    await browser.close();
    await server.close();
  }
});

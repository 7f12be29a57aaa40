/**
 * `deno task test:emscripten`: a C program, compiled by Emscripten, on a disk in another thread.
 *
 *     deno task test:emscripten
 *
 * Compiles `disk_user.c` with `cowdisk_library.js`, once with a heap of its own and once with a shared
 * one, runs both, and compares what they say. Needs `emcc` (Debian: emscripten); ends with a sentence
 * and status 1 when there is none.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { assertEquals } from "@std/assert";
import type { SyncBlockDevice } from "../../src/block/device.ts";
import { connectSyncDisk } from "../../src/emulator/sync_disk.ts";
import { findProgram } from "../setup.ts";
import { errorNumbers, SAID } from "./expected.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const library = fileURLToPath(new URL("../../src/emulator/emscripten/", import.meta.url));

/** What a compiled program is told, and what makes it run. */
interface ProgramModule {
  readonly cowdisk: readonly SyncBlockDevice[];
  readonly wasmMemory?: WebAssembly.Memory;
  print(line: string): void;
}

/** Compiles the program. Returns where it is. */
function compile(folder: string, name: string, flags: readonly string[]): string {
  const path = join(folder, `${name}.mjs`);
  const settings = [
    "MODULARIZE",
    "EXPORT_ES6",
    "SINGLE_FILE",
    "ENVIRONMENT=web,worker",
    "ASSERTIONS=0",
  ];
  const { status, stderr } = spawnSync("emcc", [
    ...[join(here, "disk_user.c"), "-I", library, "-O0", "-o", path, ...flags],
    ...["--js-library", join(library, "cowdisk_library.js")],
    ...settings.flatMap((setting) => ["-s", setting]),
  ], { encoding: "utf8" });
  if (status !== 0) throw new Error(`emcc: ${stderr}`);
  return path;
}

/** Runs a compiled program on two disks of an I/O worker. Returns its lines. */
async function run(path: string, memories: WebAssembly.Memory[]): Promise<string[]> {
  const worker = new Worker(new URL("./io.worker.ts", import.meta.url), { type: "module" });
  const connect = async (readOnly: boolean) => {
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ port: port1, readOnly }, [port1]);
    return await connectSyncDisk(port2, { memories });
  };
  const lines: string[] = [];
  const disks = [await connect(false), await connect(true)];
  const program = (await import(pathToFileURL(path).href)).default;
  const module: ProgramModule = {
    ...{ cowdisk: disks, print: (line: string) => void lines.push(line) },
    ...memories[0] === undefined ? {} : { wasmMemory: memories[0] },
  };
  await program(module);
  worker.terminate();
  return lines;
}

async function main(): Promise<number> {
  if (findProgram("emcc") === undefined) {
    process.stderr.write("This test needs emcc: install emscripten\n");
    return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), "cowdisk-"));
  const expected = [...SAID, ...errorNumbers().map((number) => `errno ${number}`)];
  try {
    assertEquals(await run(compile(folder, "own_heap", []), []), expected);
    process.stdout.write("a heap of its own: as expected\n");
    const heap = new WebAssembly.Memory({ initial: 256, maximum: 256, shared: true });
    const shared = compile(folder, "shared_heap", ["-pthread", "-s", "INITIAL_MEMORY=16777216"]);
    assertEquals(await run(shared, [heap]), expected);
    process.stdout.write("a shared heap, in place: as expected\n");
    return 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

process.exit(await main());

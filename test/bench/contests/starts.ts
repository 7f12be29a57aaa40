/**
 * Beginning: how long until the first read, how long until the first word of help, and how much a page
 * has to load.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { KERNEL_WASM_BASE64 } from "../../../src/kernel/kernel_wasm.ts";
import type { Contest } from "../harness/contest.ts";
import { program, runCowdisk, runDeno } from "./programs.ts";

const pathOf = (name: string) => fileURLToPath(new URL(`../programs/${name}`, import.meta.url));
const nothing = program("a program that does nothing", () => runDeno(pathOf("nothing.ts")));

/** Everything is imported, a stack is made and read. */
export function firstRead(): Contest {
  return {
    title: "import cowdisk and read for the first time, in Deno",
    operations: 1,
    floor: nothing,
    runners: [program("cowdisk", () => runDeno(pathOf("first_read.ts")))],
  };
}

/** What is asked first. */
export function help(): Contest {
  return {
    title: "cowdisk --help",
    operations: 1,
    floor: nothing,
    runners: [program("cowdisk", () => runCowdisk("--help"))],
  };
}

/** Bytes of the kernel's binary. */
export function kernelBytes(): number {
  return atob(KERNEL_WASM_BASE64).length;
}

/** A program as a page would load it: one file, minified. */
export async function bundle(name: string): Promise<string> {
  const { output: [{ code }] } = await build({
    input: pathOf(name),
    platform: "browser",
    write: false,
    output: { minify: true, format: "esm" },
  });
  return code;
}

/** The least that a page can load: bytes of its one file, minified, and gzipped. */
export async function bundleBytes(): Promise<{ minified: number; gzipped: number }> {
  const code = await bundle("least_page.ts");
  return { minified: new TextEncoder().encode(code).length, gzipped: gzipSync(code).length };
}

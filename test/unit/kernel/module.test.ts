/**
 * The kernel's binary and what TypeScript believes about it: names, numbers, hashes.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { assertEquals } from "@std/assert";
import { KERNEL_WASM_BASE64, KERNEL_WASM_SHA256 } from "../../../src/kernel/kernel_wasm.ts";
import * as kernel from "../../../src/kernel/module.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const textOf = (path: string) => readFileSync(`${root}${path}`, "utf8");
const binary = Uint8Array.from(atob(KERNEL_WASM_BASE64), (c) => c.charCodeAt(0));
const module = new WebAssembly.Module(binary);

/** The number that `assembly/` gives a constant. */
function constantOf(path: string, name: string): number {
  const match = new RegExp(`const ${name}: \\w+ = ([^;]+);`).exec(textOf(path));
  if (match === null) throw new Error(`${path} has no constant ${name}`);
  return Number(match[1]);
}

test("the binary is the one whose hash stands beside it", async () => {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", binary));
  assertEquals(hash.toHex(), KERNEL_WASM_SHA256);
});

test("the kernel takes a shared memory and nothing else", () => {
  const imports = WebAssembly.Module.imports(module);
  assertEquals(imports.map(({ module, name, kind }) => `${module}.${name}: ${kind}`), [
    "env.memory: memory",
  ]);
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 3 });
  expect(() => new WebAssembly.Instance(module, { env: { memory } })).toThrow(/shared/);
});

test("KernelExports is what the binary exports, name for name", () => {
  const body = /interface KernelExports \{([^}]*)\}/.exec(textOf("src/kernel/module.ts"))![1]!;
  const declared = [...body.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name!);
  const exported = WebAssembly.Module.exports(module)
    .filter(({ kind }) => kind === "function")
    .map(({ name }) => name);
  assertEquals(declared.toSorted(), exported.toSorted());
});

test("the numbers of the memory map are those of assembly/layout.ts", () => {
  const layout = "assembly/layout.ts";
  assertEquals(kernel.PAGE_BYTES, 2 ** constantOf(layout, "PAGE_SHIFT"));
  assertEquals(kernel.KERNEL_PAGES, constantOf(layout, "FIRST_PAGE"));
  assertEquals(kernel.PAGES_MAX, constantOf(layout, "PAGES_MAX"));
  assertEquals(kernel.WORKSPACE, constantOf(layout, "WORKSPACE"));
  assertEquals(kernel.STREAM_OFFSET, constantOf(layout, "WORKSPACE_STREAM"));
  assertEquals(kernel.STAGING_OFFSET, constantOf(layout, "WORKSPACE_STAGING"));
  assertEquals(kernel.STAGING_BYTES % 1024, 0);
  const header = 16;
  const [sums, sumsCopy, behind, buffer] = [64, 64, 64, 1024];
  assertEquals(kernel.STREAM_BYTES, header + sums + sumsCopy + behind + buffer);
});

test("a memory is formatted once", () => {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 8, shared: true });
  const instance = kernel.instantiateKernel(memory);
  assertEquals(instance.isFormatted(), 0);
  assertEquals(instance.formatArena(8), 1);
  assertEquals(instance.isFormatted(), 1);
  assertEquals(instance.formatArena(8), 0);
  assertEquals(instance.pagesLimit(), 8);
  assertEquals(instance.pagesUsed(), kernel.KERNEL_PAGES);
});

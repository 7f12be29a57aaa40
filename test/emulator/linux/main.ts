/**
 * `deno task guest:linux`: the Linux that the tests run in v86, made of the newest packages.
 *
 * Fetches Debian's kernel for i386, busybox and e2fsprogs, makes what a guest boots from, boots it once
 * and keeps its state, all in `build/linux-guest`. Nothing is installed. Prints what there is then;
 * without the archive it says so and ends with status 1.
 *
 *     deno task guest:linux --zst     the state also packed, as v86 takes it: a quarter of its size
 *
 * @module
 */
import { constants, zstdCompressSync } from "node:zlib";
import { keptGuest } from "./kept_guest.ts";

const LEVEL_MAX = 19;

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

async function main(): Promise<number> {
  const startMs = performance.now();
  try {
    const { files, statePath, state } = await keptGuest({ isRefresh: true });
    const made = [files.kernel, files.initramfs, statePath];
    if (Deno.args.includes("--zst")) {
      const params = { [constants.ZSTD_c_compressionLevel]: LEVEL_MAX };
      await Deno.writeFile(`${statePath}.zst`, zstdCompressSync(new Uint8Array(state), { params }));
      made.push(`${statePath}.zst`);
    }
    for (const deb of files.debs) print(decodeURIComponent(deb));
    for (const path of made) {
      print(`${path}: ${((await Deno.stat(path)).size / 2 ** 20).toFixed(1)} MiB`);
    }
  } catch (error) {
    print((error as Error).message);
    return 1;
  }
  print(`${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  return 0;
}

if (import.meta.main) Deno.exitCode = await main();

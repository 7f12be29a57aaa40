/**
 * What the C program says, and the library as Emscripten's linker sees it.
 *
 * @module
 */
import { readFileSync } from "node:fs";

/** What `disk_user.c` says of a disk of 100 sectors, in order, before its error numbers. */
export const SAID = [
  ...["size 100", "size of no disk 1", "write 0", "read 0", "same 1", "flush 0", "far 1"],
  ...["discard 0", "read again 0", "zero 1", "read-only 1", "no discard 1"],
];

/** The library's functions, by name. */
export type Library = Readonly<Record<string, (...words: number[]) => number>> & {
  readonly $cowdisk: { readonly errorNumbers: Readonly<Record<string, number>> };
};

/** What the library's code finds around it in a compiled program. */
export interface Surroundings {
  readonly Module: { cowdisk?: readonly unknown[] };
  readonly HEAPU8: Uint8Array;
  err(line: string): void;
}

/** Evaluates the library with a linker's names, and with what a program has around it. */
export function loadLibrary(around: Surroundings): Library {
  const url = new URL("../../src/emulator/emscripten/cowdisk_library.js", import.meta.url);
  const linked: Record<string, unknown> = {};
  const names = ["mergeInto", "LibraryManager", "Module", "HEAPU8", "err", "scope"];
  // The linker makes `$cowdisk` a variable named cowdisk.
  const text = `with (scope) { ${readFileSync(url, "utf8")} }`;
  const scope = {
    get cowdisk() {
      return linked.$cowdisk;
    },
  };
  new Function(...names, text)(
    (_library: unknown, added: object) => Object.assign(linked, added),
    { library: {} },
    around.Module,
    around.HEAPU8,
    around.err,
    scope,
  );
  return linked as unknown as Library;
}

/** The error numbers of the library, in the order in which the program says `<errno.h>`'s. */
export function errorNumbers(): number[] {
  const around = { Module: {}, HEAPU8: new Uint8Array(), err() {} };
  return Object.values(loadLibrary(around).$cowdisk.errorNumbers);
}

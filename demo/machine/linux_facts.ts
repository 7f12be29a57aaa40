/**
 * What the page is told of the Linux that was built into it: `linux/guest.json`.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Beside the page: the folder of the Linux, and what is in it. */
export const LINUX = { folder: "linux", facts: "guest.json", state: "state.bin.zst" } as const;

/** A package that the guest was made of. */
export interface LinuxPackage {
  readonly name: string;
  readonly version: string;
  /** Where its source is. */
  readonly source: string;
}

/** The machine that the state is of. */
export interface LinuxFacts {
  readonly release: string;
  readonly memoryBytes: number;
  readonly sectorCount: number;
  /** Of the state, packed: what is fetched. */
  readonly stateBytes: number;
  readonly packages: readonly LinuxPackage[];
}

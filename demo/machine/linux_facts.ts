/**
 * What the page is told of the Linux that was built into it: `linux/guest.json`.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Beside the page: the folder of the Linux, and what is in it. */
export const LINUX = { folder: "linux", facts: "guest.json", state: "state.bin.zst" } as const;

/** Printed by the guest before the status of every command. */
export const STATUS_MARK = "@@";

/** Makes a file system, whole: otherwise the kernel would go on with it while one looks. */
export const MKFS = "mkfs.ext4 -q -b 1024 -E lazy_itable_init=0,lazy_journal_init=0 /dev/sda";
export const MOUNT = "mount -t ext4 /dev/sda /mnt";

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

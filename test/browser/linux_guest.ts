/**
 * The Linux guest for pages: made by commands that vitest performs in its own process, where there are
 * packages and file systems; and the last word on what the guest has left behind.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { guestOrReason, type KeptGuest } from "../emulator/linux/kept_guest.ts";
import { judgeFileSystem } from "../emulator/linux/second_opinion.ts";

/** Where the guest's files are, from the root that Vite serves. */
export interface ServedGuest {
  readonly kernel: string;
  readonly initramfs: string;
  readonly state: string;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
let kept: Promise<KeptGuest | string> | undefined;

/** What pages may ask for. The first argument of each is vitest's own. */
export const linuxGuestCommands = {
  /** Makes the guest if need be; or tells the reason why there is none. */
  async serveLinuxGuest(_: unknown): Promise<ServedGuest | string> {
    const guest = await (kept ??= guestOrReason());
    if (typeof guest === "string") return guest;
    const served = (path: string) => path.slice(root.length);
    const { files, statePath } = guest;
    return {
      kernel: served(files.kernel),
      initramfs: served(files.initramfs),
      state: served(statePath),
    };
  },

  /** Judges a file system: packed with gzip, in base64. */
  judgeFileSystem(_: unknown, packed: string, files: string[]): void {
    judgeFileSystem(gunzipSync(Buffer.from(packed, "base64")), files);
  },
};

declare module "vitest/browser" {
  interface BrowserCommands {
    serveLinuxGuest(): Promise<ServedGuest | string>;
    judgeFileSystem(packed: string, files: string[]): Promise<void>;
  }
}

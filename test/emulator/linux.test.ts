/**
 * A real Linux on our disks: the whole story.
 *
 * The guest is Debian's kernel, fetched when it is not there yet. Where the archive cannot be reached
 * these tests are skipped, with that as the reason; nothing else is a reason.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { openDirectoryStorage } from "../../src/disk/storage/directory_storage.ts";
import { createMemoryStorage, Disk, type DiskStorage } from "../../src/mod.ts";
import { GUEST_TIMEOUT_MS, guestOrReason } from "./linux/kept_guest.ts";
import { LINUX_SECTORS } from "./linux/linux_guest.ts";
import { judgeFileSystem } from "./linux/second_opinion.ts";
import { tellStory } from "./linux/story.ts";

const bytesOf = async (stream: ReadableStream<Uint8Array>) =>
  new Uint8Array(
    await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer(),
  );

const guest = await guestOrReason();

async function withStorage(kind: string, use: (open: () => DiskStorage) => Promise<void>) {
  if (kind === "memory") {
    const storage = createMemoryStorage();
    return await use(() => storage);
  }
  const folder = mkdtempSync(`${tmpdir()}/cowdisk-linux-`);
  try {
    await use(() => openDirectoryStorage(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test.for([["memory", true], ["a directory", false]] as const)(
  "a guest that loses power finds the snapshot again, on a disk in %s",
  { timeout: GUEST_TIMEOUT_MS },
  async ([kind, isBooted], { signal, skip }) => {
    // Skipped where Debian's archive cannot be reached, for it has the guest.
    if (typeof guest === "string") return skip(guest);
    await withStorage(kind, async (openStorage) => {
      const storages = new Map<Disk, DiskStorage>();
      await tellStory({
        ...guest,
        isBooted,
        signal,
        async open() {
          const storage = openStorage();
          const disk = await Disk.open("linux", { origin: LINUX_SECTORS, storage });
          storages.set(disk, storage);
          return disk;
        },
        async close(disk) {
          await disk.close();
          if (kind !== "memory") await storages.get(disk)?.close();
        },
      }, async ({ image, files }) => {
        expect(files).toHaveLength(3);
        judgeFileSystem(await bytesOf(image), files);
      });
    });
  },
);

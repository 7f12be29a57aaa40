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
import { createMemoryStorage, Disk } from "../../src/mod.ts";
import { GUEST_TIMEOUT_MS, guestOrReason } from "./linux/kept_guest.ts";
import { LINUX_SECTORS } from "./linux/linux_guest.ts";
import { judgeFileSystem } from "./linux/second_opinion.ts";
import { type StoryWorld, tellStory } from "./linux/story.ts";

const bytesOf = async (stream: ReadableStream<Uint8Array>) =>
  new Uint8Array(
    await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer(),
  );

const guest = await guestOrReason();

/** Uses a disk that is kept in a storage, and opened again whenever it is used. */
type WithDisk = StoryWorld["withDisk"];

async function inMemory(tell: (withDisk: WithDisk) => Promise<void>): Promise<void> {
  await using storage = createMemoryStorage();
  await tell(async (use) => {
    await using disk = await Disk.open("linux", { origin: LINUX_SECTORS, storage });
    return await use(disk);
  });
}

async function inDirectory(tell: (withDisk: WithDisk) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(`${tmpdir()}/cowdisk-linux-`);
  try {
    await tell(async (use) => {
      await using storage = openDirectoryStorage(folder);
      await using disk = await Disk.open("linux", { origin: LINUX_SECTORS, storage });
      return await use(disk);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test.for([
  { kind: "in memory", inStorage: inMemory, isBooted: true },
  { kind: "in a directory", inStorage: inDirectory, isBooted: false },
])(
  "a guest that loses power finds the snapshot again, on a disk $kind",
  { timeout: GUEST_TIMEOUT_MS },
  async ({ inStorage, isBooted }, { signal, skip }) => {
    // Skipped where Debian's archive cannot be reached, for it has the guest.
    if (typeof guest === "string") return skip(guest);
    await inStorage((withDisk) =>
      tellStory({ ...guest, isBooted, signal, withDisk }, async ({ image, files }) => {
        expect(files).toHaveLength(3);
        judgeFileSystem(await bytesOf(image), files);
      })
    );
  },
);

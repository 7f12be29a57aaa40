/// <reference lib="dom" />
/** A real Linux in a page, with its disk in the browser's storage: the story of `test/emulator/linux`. */
import { expect, inject, onTestFinished, test } from "vitest";
import { commands } from "vitest/browser";
import { Disk } from "../../src/mod.ts";
import { LINUX_SECTORS } from "../emulator/linux/linux_guest.ts";
import { tellStory } from "../emulator/linux/story.ts";
import { type Place, storageAt } from "./disk_homes.ts";
import { bytesAt, fetchParts } from "./v86_parts.ts";

/** Many times what it takes, and the guest may have to be fetched and booted before. */
const TIMEOUT_MS = 300_000;

/** Packs bytes, as text: that is how a page sends them to vitest. */
async function packed(image: ReadableStream<Uint8Array>): Promise<string> {
  const gzip = new CompressionStream("gzip") as TransformStream<
    Uint8Array,
    Uint8Array<ArrayBuffer>
  >;
  const blob = await new Response(image.pipeThrough(gzip)).blob();
  const reader = new FileReader();
  const read = new Promise((resolve) => reader.addEventListener("load", resolve));
  reader.readAsDataURL(blob);
  await read;
  return String(reader.result).replace(/^.*,/, "");
}

/** One storage in each project: with isolation files, and without it a database. */
const home = inject("isIsolated") ? "opfs" : "idb";

test(
  `a guest in a page that loses power finds the snapshot again, on a disk in ${home}`,
  { timeout: TIMEOUT_MS },
  async ({ signal, skip }) => {
    const served = await commands.serveLinuxGuest();
    // Skipped where Debian's archive cannot be reached, for it has the guest.
    if (typeof served === "string") return skip(served);
    const [{ processor, bios }, kernel, initramfs, state] = await Promise.all([
      fetchParts(),
      bytesAt(served.kernel),
      bytesAt(served.initramfs),
      bytesAt(served.state),
    ]);
    const server = new Worker(new URL("./opfs.worker.ts", import.meta.url), { type: "module" });
    onTestFinished(() => server.terminate());
    const place: Place = { home, name: `linux-${crypto.randomUUID()}` };
    const openStorage = () => storageAt(place, { worker: server, whenBusy: "wait" });
    await tellStory({
      parts: { processor, bios: bios!, kernel, initramfs },
      state: state.buffer,
      isBooted: false,
      signal,
      async withDisk(use) {
        await using storage = openStorage();
        await using disk = await Disk.open("linux", { origin: LINUX_SECTORS, storage });
        return await use(disk);
      },
    }, async ({ image, files }) => {
      expect(files).toHaveLength(3);
      await commands.judgeFileSystem(await packed(image), [...files]);
    });
    await using storage = openStorage();
    for (const device of await storage.list()) await storage.remove(device);
  },
);

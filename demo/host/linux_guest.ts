/**
 * The Linux that is built into the page when it is asked for: the state of a guest that has booted, as
 * `deno task guest:linux` makes it, packed; and what it was made of.
 *
 * @module
 */
import { join } from "node:path";
import { constants, zstdCompressSync } from "node:zlib";
import { keptGuest } from "../../test/emulator/linux/kept_guest.ts";
import { LINUX_SECTORS, MEMORY_BYTES } from "../../test/emulator/linux/linux_guest.ts";
import { LINUX, type LinuxFacts, type LinuxPackage } from "../machine/linux_facts.ts";

/** Four times as quick as the highest, for a tenth more bytes. */
const LEVEL = 12;

/** `libc6_2.36-9+deb12u14_i386.deb`, with the colon of an epoch as `%3a`. */
function packageOf(deb: string): LinuxPackage {
  const [name = "", version = ""] = decodeURIComponent(deb).split("_");
  const source = `https://snapshot.debian.org/binary/${name}/${encodeURIComponent(version)}/`;
  return { name, version, source };
}

/**
 * Adds the Linux to a page.
 *
 * @param pageFolder The page's folder.
 * @param isRefresh Whether the archive is asked for newer packages; otherwise only if there are none.
 * @throws {Error} When the packages cannot be had.
 */
export async function addLinux(pageFolder: string, isRefresh: boolean): Promise<void> {
  const { files, state } = await keptGuest({ isRefresh });
  const params = { [constants.ZSTD_c_compressionLevel]: LEVEL };
  const packed = zstdCompressSync(new Uint8Array(state), { params });
  const packages = files.debs.map(packageOf);
  const kernel = packages.find(({ name }) => name.startsWith("linux-image-"));
  const facts: LinuxFacts = {
    release: kernel?.name.replace("linux-image-", "") ?? "",
    memoryBytes: MEMORY_BYTES,
    sectorCount: LINUX_SECTORS,
    stateBytes: packed.length,
    packages,
  };
  const folder = join(pageFolder, LINUX.folder);
  await Deno.mkdir(folder);
  await Deno.writeFile(join(folder, LINUX.state), packed);
  await Deno.writeTextFile(join(folder, LINUX.facts), JSON.stringify(facts, null, 2));
}

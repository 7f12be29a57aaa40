/// <reference lib="dom" />
/**
 * A small Linux, if one was built into the page: Debian's kernel, busybox and e2fsprogs, begun from the
 * state of a machine that has booted.
 *
 * @module
 */
import { beginFrom } from "./baked_state.ts";
import { commonOptions, type Guest, hasMark, SECTOR_BYTES } from "./guest.ts";
import { LINUX, type LinuxFacts, MKFS, MOUNT } from "./linux_facts.ts";
import { bytesAt } from "./parts.ts";

const WRECKED_SECTORS = 8192;
const NOISE_BYTES = 65_536;
/** Of ext4: in the superblock, which begins at 1024. */
const SUPERBLOCK_MARK = { offsetBytes: 1080, mark: 0xef53 } as const;

/** Makes a file system with something in it, unless there is one. */
const GREETING = `${MOUNT} 2>/dev/null || { ${MKFS} && ${MOUNT} && ` +
  "echo 'written by Linux, kept by cowdisk' >/mnt/hello; }; uname -sr; df -h /mnt; ls -l /mnt";

/**
 * Looks for a Linux in the page.
 *
 * @returns What it was made of; `undefined` when none was built in.
 */
export async function findLinux(): Promise<LinuxFacts | undefined> {
  try {
    const answer = await fetch(new URL(`${LINUX.folder}/${LINUX.facts}`, document.baseURI));
    return await answer.json() ?? undefined;
  } catch {
    return undefined; // No such file: a page that is served from its sources.
  }
}

/** The guest. */
export function linux({ memoryBytes, sectorCount, stateBytes, release }: LinuxFacts): Guest {
  const stateUrl = new URL(`${LINUX.folder}/${LINUX.state}`, document.baseURI);
  return {
    name: "linux",
    title: `Linux ${release}`,
    about: "Debian's kernel, busybox and e2fsprogs; your disk is /dev/sda, with ext4 on /mnt. " +
      `Its state is ${(stateBytes / 2 ** 20).toFixed(0)} MiB to fetch, once.`,
    sectorCount,
    console: "lines",
    momentsMax: 3,
    attach: { writeCache: true },
    options: (parts) =>
      Promise.resolve({ ...commonOptions(parts, memoryBytes), disable_keyboard: true }),
    install: () => Promise.resolve(),
    begin: async (emulator, hda) => await beginFrom(emulator, hda, await bytesAt(stateUrl)),
    greeting: { types: `${GREETING}\n`, until: /@@\d+\n$/ },
    isWhole: (device) => hasMark(device, SUPERBLOCK_MARK.offsetBytes, SUPERBLOCK_MARK.mark),
    async wreck({ emulator, hda, device }) {
      await emulator.stop();
      await hda.drain();
      const noise = crypto.getRandomValues(new Uint8Array(NOISE_BYTES));
      for (let sector = 0; sector < WRECKED_SECTORS; sector += NOISE_BYTES / SECTOR_BYTES) {
        await device.write(noise, sector);
      }
      await device.flush();
      await emulator.run();
      emulator.serial0_send(
        "cd /; umount /mnt; echo 3 >/proc/sys/vm/drop_caches; mount -t ext4 /dev/sda /mnt\n",
      );
      return `Noise over the first ${WRECKED_SECTORS / 2048} MiB of /dev/sda: superblock, inodes ` +
        "and files. Linux was told to mount it again.";
    },
  };
}

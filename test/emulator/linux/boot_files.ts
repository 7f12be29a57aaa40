/**
 * What the guest boots from: a kernel laid out flat, and an initramfs with busybox and e2fsprogs.
 *
 *     deno task guest:linux          fetches the newest packages, and makes the files anew
 *
 * Tests take what is there, and fetch only if nothing is.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { CpioWriter } from "../../kernel/cpio.ts";
import { addModules, filesUnder, unpackKernel } from "../../kernel/initramfs.ts";
import { flattenKernel } from "./flat_kernel.ts";
import { MACHINE_WORDS, READY_LINE, STATUS_MARK } from "./linux_guest.ts";
import {
  fetchPackages,
  GUEST_FOLDER,
  type UnpackedPackages,
  unpackedPackages,
} from "./packages.ts";

/** The drive, the file system, and what its checksums need. */
const MODULES = ["ata_piix", "sd_mod", "ext4", "crc32c_generic"];

const PROGRAMS: Readonly<Record<string, string>> = {
  "/bin/busybox": "bin/busybox",
  "/sbin/mke2fs": "sbin/mkfs.ext4",
  "/sbin/e2fsck": "sbin/e2fsck",
};
/** Libraries are found wherever their package has them, and put where the linker looks. */
const LIBRARY =
  /\/i386-linux-gnu\/(lib(?:blkid|c|com_err|e2p|ext2fs|uuid)\.so\.\d|ld-linux\.so\.2)$/;

const INIT = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
exec </dev/ttyS0 >/dev/ttyS0 2>&1
/bin/busybox --install -s /bin
export PATH=/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
while read -r module; do insmod "/modules/$module"; done </modules/order
tries=0
while [ ! -b /dev/sda ] && [ $tries -lt 100 ]; do usleep 50000; tries=$((tries + 1)); done
stty -echo -onlcr
dmesg -n 1
echo "${READY_LINE} $(uname -r)"
while read -r line; do
  eval "$line"
  printf '\\n${STATUS_MARK}%d\\n' $?
done
poweroff -f
`;

/** What a guest boots from. */
export interface BootFiles {
  /** The path of the kernel. */
  readonly kernel: string;
  /** The path of the initramfs. */
  readonly initramfs: string;
  /** Of all that is in them, and of the machine; another one means another guest. */
  readonly fingerprint: string;
  /** The packages that they were made from. */
  readonly debs: readonly string[];
}

async function addPrograms(archive: CpioWriter, root: string): Promise<void> {
  for (const path of await filesUnder(root)) {
    const inside = path.slice(root.length);
    const program = PROGRAMS[inside];
    const library = LIBRARY.exec(inside)?.[1];
    if (program !== undefined) archive.file(program, await Deno.readFile(path));
    else if (library !== undefined) archive.file(`lib/${library}`, await Deno.readFile(path));
  }
}

async function makeInitramfs(
  { root, release }: UnpackedPackages,
): Promise<Uint8Array<ArrayBuffer>> {
  const archive = new CpioWriter();
  for (const folder of ["bin", "sbin", "dev", "proc", "sys", "mnt", "tmp"]) archive.folder(folder);
  await addPrograms(archive, root);
  await addModules(archive, `${root}/lib/modules/${release}`, MODULES);
  archive.file("init", new TextEncoder().encode(INIT));
  return new Uint8Array(await archive.end().arrayBuffer());
}

async function makeKernel({ root, release }: UnpackedPackages): Promise<string> {
  const path = `${GUEST_FOLDER}/kernel-${release}`;
  const image = `${root}/boot/vmlinuz-${release}`;
  const made = await Deno.stat(path).catch(() => null);
  if (made !== null && made.mtime! > (await Deno.stat(image)).ctime!) return path;
  const packed = await Deno.readFile(image);
  await Deno.writeFile(`${path}.part`, flattenKernel(packed, await unpackKernel(packed)));
  await Deno.rename(`${path}.part`, path);
  return path;
}

/**
 * Makes what the guest boots from, as far as it is not there.
 *
 * @param options Whether the archive is asked for newer packages. Otherwise it is only asked when
 * there are none yet.
 * @returns The files; they lie in `build/linux-guest`.
 * @throws {Error} When the packages cannot be had.
 */
export async function makeBootFiles({ isRefresh = false } = {}): Promise<BootFiles> {
  const packages = (isRefresh ? null : await unpackedPackages()) ?? await fetchPackages();
  const kernel = await makeKernel(packages);
  const initramfs = `${GUEST_FOLDER}/initramfs.cpio`;
  const archive = await makeInitramfs(packages);
  await Deno.writeFile(`${initramfs}.part`, archive);
  await Deno.rename(`${initramfs}.part`, initramfs);
  const { debs } = packages;
  const digest = createHash("sha256").update(debs.join() + MACHINE_WORDS).update(archive).digest(
    "hex",
  );
  return { kernel, initramfs, fingerprint: digest.slice(0, 16), debs };
}

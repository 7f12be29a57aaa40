/**
 * What the guest boots from: an unpacked kernel and an initramfs of a few megabytes.
 *
 * The kernel's own packing is undone here, on the host: under emulation the guest would take seconds
 * for it. In the initramfs there are busybox, dmsetup and GNU's dd with their libraries, the modules of
 * device-mapper and virtio in the order in which they can be loaded, and one script. The script is
 * the guest's whole user space: it reads a line from the second serial port, runs it as a shell
 * command, and prints what it printed and its status.
 */

import { CpioWriter } from "./cpio.ts";
import { GUEST_FOLDER, type GuestParts } from "./packages.ts";

/** Printed by the guest when it is ready, and before the status of every command. */
export const MARK = "@@";

/** A guest that has heard nothing for so long ends: whoever started it is gone. */
const SILENCE_S = 600;

const MODULES = ["virtio_pci", "virtio_blk", "dm-mod", "dm-snapshot", "dm-delay"];

const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/sbin:/bin DM_DISABLE_UDEV=1
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module"; done </modules/order
mkdir -p /dev/mapper
[ -e /dev/mapper/control ] || mknod /dev/mapper/control c 10 236
stty -F /dev/ttyS1 raw -echo
exec </dev/ttyS1 >/dev/ttyS1 2>&1
printf '\\n${MARK}0\\n'
while read -r -t ${SILENCE_S} line; do
  eval "$line"
  printf '\\n${MARK}%d\\n' $?
done
reboot -f
`;

/** What to boot. */
export interface BootFiles {
  /** The kernel. */
  readonly kernel: string;
  /** The initramfs. */
  readonly initramfs: string;
}

/** Every file of a folder, and of those in it. */
export async function filesUnder(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await filesUnder(`${folder}/${name}`));
    else found.push(`${folder}/${name}`);
  }
  return found;
}

/** Unpacks with xz. What stands behind the packed stream is no mistake: a kernel has more there. */
async function unxz(packed: Uint8Array): Promise<Uint8Array> {
  const xz = new Deno.Command("xz", {
    args: ["-dc"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = xz.stdin.getWriter();
  const fed = writer.write(packed).then(() => writer.close()).catch(() => {});
  const { stdout } = await xz.output();
  await fed;
  return stdout;
}

/** The ELF image inside a bzImage, or the bzImage itself if it is packed otherwise than with xz. */
export async function unpackKernel(image: Uint8Array): Promise<Uint8Array> {
  const magic = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
  for (let at = image.indexOf(magic[0]!); at >= 0; at = image.indexOf(magic[0]!, at + 1)) {
    if (!magic.every((byte, index) => image[at + index] === byte)) continue;
    const unpacked = await unxz(image.subarray(at));
    if (new TextDecoder().decode(unpacked.subarray(1, 4)) === "ELF") return unpacked;
  }
  return image;
}

/** The modules that a module asks for, by the words of its `.modinfo` section. */
function dependsOf(module: Uint8Array): string[] {
  const words = new TextDecoder("latin1").decode(module);
  return (/\0depends=([^\0]*)\0/.exec(words)?.[1] ?? "").split(",").filter((name) => name !== "");
}

const SIGNED = "~Module signature appended~\n";
/** Before those words: a record of 12 bytes, the last four of which are the signature's length. */
const SIGNATURE_RECORD_BYTES = 12;

/** A module without its signature: to look at those takes an emulated kernel a second. */
function unsigned(module: Uint8Array): Uint8Array {
  const wordsAt = module.length - SIGNED.length;
  if (new TextDecoder("latin1").decode(module.subarray(wordsAt)) !== SIGNED) return module;
  const recordAt = wordsAt - SIGNATURE_RECORD_BYTES;
  const record = new DataView(module.buffer, module.byteOffset + recordAt, SIGNATURE_RECORD_BYTES);
  return module.subarray(0, recordAt - record.getUint32(SIGNATURE_RECORD_BYTES - 4));
}

/** Adds modules and what they ask for, each after what it needs. What is built in has no file. */
export async function addModules(
  archive: CpioWriter,
  folder: string,
  names: readonly string[],
): Promise<void> {
  const paths = new Map<string, string>();
  for (const path of await filesUnder(folder)) {
    const name = /([^/]+)\.ko(?:\.xz)?$/.exec(path)?.[1];
    if (name !== undefined) paths.set(name.replaceAll("_", "-"), path);
  }
  const order: string[] = [];
  const add = async (wanted: string): Promise<void> => {
    const name = wanted.replaceAll("_", "-");
    const path = paths.get(name);
    if (path === undefined) return;
    paths.delete(name);
    const file = await Deno.readFile(path);
    const module = path.endsWith(".xz") ? await unxz(file) : file;
    for (const needed of dependsOf(module)) await add(needed);
    archive.file(`modules/${name}.ko`, unsigned(module));
    order.push(`${name}.ko`);
  };
  for (const name of names) await add(name);
  archive.file("modules/order", new TextEncoder().encode(`${order.join("\n")}\n`));
}

/** Adds busybox, dmsetup, dd and every library of the unpacked packages that they may want. */
async function addPrograms(archive: CpioWriter, root: string): Promise<void> {
  for (const path of await filesUnder(root)) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (name === "busybox") archive.file("bin/busybox", await Deno.readFile(path));
    if (name === "dmsetup" && path.includes("/sbin/")) {
      archive.file("sbin/dmsetup", await Deno.readFile(path));
    }
    if (name === "dd") archive.file("sbin/gnudd", await Deno.readFile(path));
    if (name === "ld-linux-x86-64.so.2") archive.file(`lib64/${name}`, await Deno.readFile(path));
    if (/^lib(devmapper|selinux|udev|pcre2-8|c|m|pthread)\.so\.[0-9.]+$/.test(name)) {
      archive.file(`lib/x86_64-linux-gnu/${name}`, await Deno.readFile(path));
    }
  }
}

/**
 * Makes what the guest boots from.
 *
 * @param parts The unpacked packages.
 * @returns The files; they lie in `build/kernel-guest`.
 */
export async function makeBootFiles(parts: GuestParts): Promise<BootFiles> {
  const kernel = `${GUEST_FOLDER}/kernel-${parts.release}`;
  const initramfs = `${GUEST_FOLDER}/initramfs.cpio`;
  try {
    await Deno.stat(kernel);
  } catch {
    const packed = await Deno.readFile(`${parts.root}/boot/vmlinuz-${parts.release}`);
    await Deno.writeFile(`${kernel}.part`, await unpackKernel(packed));
    await Deno.rename(`${kernel}.part`, kernel);
  }
  const archive = new CpioWriter();
  for (const folder of ["bin", "sbin", "proc", "sys", "dev", "tmp", "run"]) archive.folder(folder);
  await addPrograms(archive, parts.root);
  await addModules(archive, `${parts.root}/lib/modules/${parts.release}`, MODULES);
  archive.file("init", new TextEncoder().encode(INIT));
  await Deno.writeFile(initramfs, archive.end().stream());
  return { kernel, initramfs };
}

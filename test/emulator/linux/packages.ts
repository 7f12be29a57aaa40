/**
 * The Debian packages that the guest is made of: fetched, unpacked, never installed.
 *
 * They are packages for i386, and this machine is most likely another one. So apt is run with a state
 * of its own, in `build/linux-guest/apt`: it reads this machine's sources and keys, and writes nothing
 * of this machine's; dpkg hears of no foreign architecture.
 *
 *     sources and keys ──update──▶ build/linux-guest/apt ──download──▶ debs ──unpack──▶ root
 *
 * What was unpacked stays as long as its versions are wanted: {@linkcode unpackedPackages} asks
 * nobody, {@linkcode fetchPackages} asks the archive for the newest.
 *
 * **Failure**: an index that cannot be fetched is left out, as apt does; when a package is in none of
 * the others, or cannot be fetched, an {@linkcode UnreachableArchive} says so in a sentence, and what
 * was unpacked before is still there.
 *
 * @module
 */
import { runHost } from "../../kernel/packages.ts";
import { findProgram, installPackages } from "../../setup.ts";

/** Where everything of the guest lies. */
export const GUEST_FOLDER = new URL("../../../build/linux-guest", import.meta.url).pathname;

/** A meta package; the kernel is what it depends on. */
const KERNEL_PACKAGE = "linux-image-686";
/** What the guest runs, and the libraries that e2fsprogs is linked with. */
const PROGRAM_PACKAGES = [
  "busybox-static",
  "e2fsprogs",
  "libblkid1",
  "libc6",
  "libcom-err2",
  "libext2fs2",
  "libuuid1",
];
/** Of the kernel's 300 MB, what may be needed. */
const KERNEL_FILES = [
  "./boot/vmlinuz-*",
  ...["arch", "block", "crypto", "drivers/ata", "drivers/scsi", "fs", "lib"].map((folder) =>
    `./lib/modules/*/kernel/${folder}/*`
  ),
];

const APT_FOLDER = `${GUEST_FOLDER}/apt`;
const UNPACKED = `${GUEST_FOLDER}/root`;
const READY = `${GUEST_FOLDER}/packages.json`;
const APT_WORDS = Object.entries({
  "APT::Architecture": "i386",
  "APT::Architectures": "i386",
  "APT::Sandbox::User": "root",
  "Dir::State": APT_FOLDER,
  "Dir::State::status": `${APT_FOLDER}/status`,
  "Dir::Cache": APT_FOLDER,
  "Dir::Cache::pkgcache": "packages.bin",
  "APT::Update::Error-Mode": "any",
  "Acquire::Languages": "none",
  "Acquire::Retries": "2",
  "Acquire::http::Timeout": "20",
  "Acquire::https::Timeout": "20",
}).flatMap(([name, value]) => ["-o", `${name}=${value}`]);

/** Packages that were unpacked. */
export interface UnpackedPackages {
  /** The kernel's release, the name of its folder of modules. */
  readonly release: string;
  /** The file names of the packages, which have their versions. */
  readonly debs: readonly string[];
  /** The folder that they were unpacked into. */
  readonly root: string;
}

/** The archive cannot be reached, or has not got a package: nothing that is wrong with us. */
export class UnreachableArchive extends Error {
  override readonly name = "UnreachableArchive";
}

const apt = (program: string, ...words: string[]) =>
  runHost([program, ...APT_WORDS, ...words], APT_FOLDER);

/** What apt says first of a failure. */
const complaintIn = ({ message }: Error) => /\bE: (.*)/.exec(message)?.[1] ?? message;

/** The package with a kernel in it that the meta package stands for today. */
async function kernelPackage(): Promise<string> {
  const depends = await apt("apt-cache", "depends", "--important", KERNEL_PACKAGE);
  const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
  if (name === undefined) throw new Error(`apt knows no kernel behind ${KERNEL_PACKAGE}`);
  return name;
}

/** Downloads the newest of each package. */
async function download(): Promise<Omit<UnpackedPackages, "root">> {
  const kernel = await kernelPackage();
  const names = [kernel, ...PROGRAM_PACKAGES];
  const known = await apt("apt-cache", "policy", ...names);
  const debs = [...known.matchAll(/^(\S+):\n.*\n {2}Candidate: (.*)$/gm)].map(([, name, version]) =>
    `${name}_${version!.replaceAll(":", "%3a")}_i386.deb`
  ).toSorted();
  await apt("apt-get", "download", "-qq", ...names); // What is there stays.
  return { release: kernel.replace("linux-image-", ""), debs };
}

async function unpack(deb: string): Promise<void> {
  const isKernel = deb.startsWith("linux-image-");
  const some = isKernel ? `--wildcards ${KERNEL_FILES.map((file) => `'${file}'`).join(" ")}` : "";
  const tar = `tar -x -C '${UNPACKED}' ${some}`;
  await runHost(["sh", "-c", `dpkg-deb --fsys-tarfile '${APT_FOLDER}/${deb}' | ${tar}`]);
}

/**
 * What was fetched before.
 *
 * @returns Where it lies; nothing when nothing was fetched to the end.
 */
export async function unpackedPackages(): Promise<UnpackedPackages | null> {
  try {
    return { ...JSON.parse(await Deno.readTextFile(READY)), root: UNPACKED };
  } catch {
    return null;
  }
}

/**
 * Fetches the newest packages, and unpacks those that are not yet.
 *
 * @returns Where they lie.
 * @throws {UnreachableArchive} When the archive cannot be reached or has not got them.
 */
export async function fetchPackages(): Promise<UnpackedPackages> {
  if (findProgram("xz") === undefined && !installPackages("xz-utils")) {
    throw new UnreachableArchive("Cannot unpack a kernel: found no xz; install xz-utils");
  }
  await Deno.mkdir(`${APT_FOLDER}/lists/partial`, { recursive: true });
  await Deno.mkdir(`${APT_FOLDER}/archives/partial`, { recursive: true });
  await Deno.writeTextFile(`${APT_FOLDER}/status`, ""); // Nothing is installed.
  // An index that is missing is no failure yet: the packages may be in the others.
  const update = apt("apt-get", "update", "-qq");
  const missing = await update.then(() => null, (error: Error) => error);
  const { release, debs } = await download().catch((cause: Error) => {
    const why = [cause, ...missing === null ? [] : [missing]].map(complaintIn).join("; ");
    throw new UnreachableArchive(`Cannot fetch Debian's packages for the guest: ${why}`, { cause });
  });
  const before = await unpackedPackages();
  if (before !== null && String(before.debs) === String(debs)) return before;
  await Deno.remove(READY).catch(() => {});
  await Deno.remove(UNPACKED, { recursive: true }).catch(() => {});
  await Deno.mkdir(UNPACKED);
  for (const deb of debs) await unpack(deb);
  await Deno.writeTextFile(READY, JSON.stringify({ release, debs }));
  return { release, debs, root: UNPACKED };
}

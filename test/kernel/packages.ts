/**
 * The packages the guest is made of: fetched with apt, unpacked, never installed.
 *
 * A Debian kernel, busybox and dmsetup are downloaded into `build/kernel-guest/debs` and taken apart
 * into `build/kernel-guest/root`. Only QEMU itself and `xz` have to be on the host; when one is
 * missing and we are root, apt installs it. Nothing is loaded into the host's kernel.
 *
 * The second call finds what the first one left and does nothing. What fails stops the task with the
 * command and its last words; to begin again, remove `build/kernel-guest`.
 */

const ROOT = new URL("../../", import.meta.url).pathname;

/** Where everything of the guest lies. */
export const GUEST_FOLDER = `${ROOT}build/kernel-guest`;

const DEBS = `${GUEST_FOLDER}/debs`;
const UNPACKED = `${GUEST_FOLDER}/root`;
const READY = `${GUEST_FOLDER}/parts.json`;

/** A meta package; the kernel is what it depends on. */
const KERNEL_PACKAGE = "linux-image-amd64";
/** What the guest runs, and the libraries that dmsetup is linked with. */
const PROGRAM_PACKAGES = [
  "busybox-static",
  "coreutils",
  "dmsetup",
  "libdevmapper1.02.1",
  "libselinux1",
  "libudev1",
  "libpcre2-8-0",
  "libc6",
];
/** Commands of the host, and the packages that have them. */
const HOST_TOOLS = [["qemu-system-x86_64", "qemu-system-x86"], ["xz", "xz-utils"]] as const;
/** Of the kernel's 400 MB, what may be needed. */
const KERNEL_FILES = ["./boot/vmlinuz-*", "*/drivers/block/*", "*/drivers/md/*", "*/virtio/*"];

/** What was unpacked. */
export interface GuestParts {
  /** The kernel package and its version, for the report. */
  readonly kernel: string;
  /** The kernel's release, the name of its folder of modules. */
  readonly release: string;
  /** The folder that the packages were unpacked into. */
  readonly root: string;
}

/**
 * Runs a command of the host.
 *
 * @param command The command and its arguments.
 * @param cwd Where it runs.
 * @returns What it printed.
 */
export async function runHost(command: readonly string[], cwd = ROOT): Promise<string> {
  const [program, ...args] = command as [string, ...string[]];
  const ended = await new Deno.Command(program, {
    args,
    cwd,
    env: { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (ended.success) return text(ended.stdout);
  throw new Error(`"${command.join(" ")}" failed: ${text(ended.stderr) || text(ended.stdout)}`);
}

async function hasCommand(name: string): Promise<boolean> {
  const ended = await new Deno.Command("sh", { args: ["-c", `command -v ${name}`] }).output();
  return ended.success;
}

async function installHostTools(): Promise<void> {
  const missing: string[] = [];
  for (const [tool, debian] of HOST_TOOLS) if (!await hasCommand(tool)) missing.push(debian);
  if (missing.length === 0) return;
  if (Deno.uid() !== 0) throw new Error(`Missing on this machine: ${missing.join(", ")}`);
  await runHost(["apt-get", "update", "-qq"]);
  await runHost(["apt-get", "install", "-y", "-qq", "--no-install-recommends", ...missing]);
}

/** The package with a kernel in it that the meta package stands for today. */
async function kernelPackage(): Promise<string> {
  const depends = await runHost(["apt-cache", "depends", "--important", KERNEL_PACKAGE]);
  const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
  if (name === undefined) throw new Error(`apt knows no kernel behind ${KERNEL_PACKAGE}`);
  return name;
}

function debOf(name: string): string | undefined {
  for (const { name: file } of Deno.readDirSync(DEBS)) {
    if (file.startsWith(`${name}_`) && file.endsWith(".deb")) return `${DEBS}/${file}`;
  }
}

async function download(names: readonly string[]): Promise<void> {
  const missing = names.filter((name) => debOf(name) === undefined);
  if (missing.length === 0) return;
  const fetch = ["apt-get", "download", "-qq", ...missing];
  try {
    await runHost(fetch, DEBS);
  } catch { // The list of packages may be older than the archive.
    await runHost(["apt-get", "update", "-qq"]);
    await runHost(fetch, DEBS);
  }
}

async function unpack(name: string, files: readonly string[] = []): Promise<void> {
  const some = files.map((file) => `'${file}'`).join(" ");
  const tar = `tar -x -C '${UNPACKED}' ${some === "" ? "" : `--wildcards ${some}`}`;
  await runHost(["sh", "-c", `dpkg-deb --fsys-tarfile '${debOf(name)}' | ${tar}`]);
}

/**
 * Fetches and unpacks what is missing.
 *
 * @returns Where it lies.
 */
export async function fetchGuestParts(): Promise<GuestParts> {
  await installHostTools();
  try {
    return JSON.parse(await Deno.readTextFile(READY));
  } catch {
    // Not fetched yet, or not to the end.
  }
  await Deno.mkdir(DEBS, { recursive: true });
  await Deno.mkdir(UNPACKED, { recursive: true });
  const kernel = await kernelPackage();
  await download([kernel, ...PROGRAM_PACKAGES]);
  await unpack(kernel, KERNEL_FILES);
  for (const name of PROGRAM_PACKAGES) await unpack(name);
  const version = await runHost(["dpkg-deb", "-f", debOf(kernel)!, "Version"]);
  const parts: GuestParts = {
    kernel: `${kernel} ${version}`,
    release: kernel.replace("linux-image-", ""),
    root: UNPACKED,
  };
  await Deno.writeTextFile(READY, JSON.stringify(parts));
  return parts;
}

/**
 * The version of QEMU on this machine.
 *
 * @returns Its first line.
 */
export async function qemuVersion(): Promise<string> {
  return (await runHost(["qemu-system-x86_64", "--version"])).split("\n")[0]!;
}

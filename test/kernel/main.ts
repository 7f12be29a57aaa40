/**
 * `deno task test:kernel`: the real Linux kernel in the loop.
 *
 * Boots Debian's kernel under QEMU, without KVM and without touching the host's kernel, and lets it
 * and cowdisk work on the same disk: what one writes the other must read, merge and go on with. See
 * `cases.ts` for what is asked.
 *
 *     deno task test:kernel                     all cases
 *     deno task test:kernel --seed 7            with other random workloads
 *     deno task test:kernel --only "relay"      those whose name contains this
 *
 * Prints one line for each case and `N passed, N failed`; the exit status is 0 only if none failed. A
 * case that fails says how to run it alone. Needs a Debian system, and root the first time if QEMU
 * is missing; see `packages.ts`.
 */

import { Prng } from "../../src/testing/prng.ts";
import { type Case, CASES } from "./cases.ts";
import { CowdiskMachine } from "./cowdisk_machine.ts";
import { Disk } from "./disk.ts";
import { Guest } from "./guest.ts";
import { type BootFiles, makeBootFiles } from "./initramfs.ts";
import { LinuxMachine } from "./linux_machine.ts";
import { fetchGuestParts, GUEST_FOLDER, qemuVersion } from "./packages.ts";

/** Words in the kernel's log that no case may bring about. */
const ALARMS = /BUG:|WARNING:|Oops|Call Trace/;

const seconds = (sinceMs: number) => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** The guest, and the guest after it: a case may end with the power cut. */
class GuestRack implements AsyncDisposable {
  readonly #files: BootFiles;
  readonly #disk: Disk;
  #guest: Guest | null = null;

  constructor(files: BootFiles, disk: Disk) {
    this.#files = files;
    this.#disk = disk;
  }

  async guest(): Promise<Guest> {
    if (this.#guest?.isUp) return this.#guest;
    const startMs = performance.now();
    this.#guest = await Guest.boot(this.#files, this.#disk.path);
    const { output } = await this.#guest.run("uname -r");
    print(`the guest is up after ${seconds(startMs)}: Linux ${output}`);
    return this.#guest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#guest?.powerOff();
  }
}

/** Runs one case on machines that hold nothing of the cases before. */
async function runCase(each: Case, seed: string, disk: Disk, rack: GuestRack): Promise<void> {
  const guest = await rack.guest();
  await guest.run("dmsetup remove_all --force; dmesg -c >/dev/null");
  disk.clear();
  let linux = new LinuxMachine(guest, disk);
  await using cowdisk = new CowdiskMachine(disk);
  const prng = Prng.fromSeed(`${seed}/${each.name}`);
  const cutPower = async () => {
    await guest.cutPower();
    return linux = new LinuxMachine(await rack.guest(), disk);
  };
  await each.run({ disk, linux, cowdisk, prng, cutPower });
  const log = await linux.log();
  if (ALARMS.test(log)) throw new Error(`The kernel is alarmed:\n${log}`);
}

function parseArguments(words: readonly string[]): { seed: string; only: string } {
  const chosen = { seed: "1", only: "" };
  for (let at = 0; at < words.length; at += 2) {
    const name = words[at]?.replace(/^--/, "");
    const value = words[at + 1];
    if ((name !== "seed" && name !== "only") || value === undefined) {
      throw new TypeError(`Cannot use "${words[at]}": want --seed S or --only TEXT`);
    }
    chosen[name] = value;
  }
  return chosen;
}

async function main(): Promise<number> {
  const { seed, only } = parseArguments(Deno.args);
  const startMs = performance.now();
  const parts = await fetchGuestParts();
  const files = await makeBootFiles(parts);
  print(`${parts.kernel}, ${await qemuVersion()}, seed ${seed}`);
  using disk = new Disk(`${GUEST_FOLDER}/disk.img`);
  await using rack = new GuestRack(files, disk);
  await rack.guest();
  let passed = 0;
  let failed = 0;
  for (const each of CASES.filter(({ name }) => name.includes(only))) {
    const caseMs = performance.now();
    try {
      await runCase(each, seed, disk, rack);
      passed++;
      print(`ok    ${each.name} (${seconds(caseMs)})`);
    } catch (error) {
      failed++;
      print(`FAIL  ${each.name} (${seconds(caseMs)})\n      ${error}`);
      print(`      again: deno task test:kernel --seed ${seed} --only "${each.name}"`);
    }
  }
  print(`${passed} passed, ${failed} failed, ${seconds(startMs)}`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** What keeps the task from running at all is told in one line, too. */
function giveUp(error: unknown): number {
  print(String(error));
  return 2;
}

if (import.meta.main) Deno.exitCode = await main().catch(giveUp);

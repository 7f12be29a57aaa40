/**
 * `deno task bench:nbd`: requests per second over a Unix socket, ours and others' side by side.
 *
 * fio's nbd engine, at random places, 16 at a time, on 256 MiB that were written before, so that nobody
 * answers from a hole and no chunk is copied for the first time. All images are in memory, and our origin has
 * two snapshots. Rounds go through all servers in turn; the table has the median and, behind it, the least and
 * the most of the rounds. Only the ratios mean something, and only within one run.
 *
 *     deno task bench:nbd --blocks 4k,256k --rounds 5 --seconds 2
 *     deno task bench:nbd --main ../before/src/cli/main.ts     ours as it was, from another checkout
 */
// deno-lint-ignore-file no-console
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { installPackages } from "../setup.ts";
import { readWords } from "../words.ts";

const values = readWords({
  rounds: { type: "string", default: "3" },
  seconds: { type: "string", default: "2" },
  blocks: { type: "string", default: "4k,256k" },
  main: { type: "string", default: "../../src/cli/main.ts" },
});
const MAIN = fileURLToPath(new URL(values.main, import.meta.url));
const SIZE = "256M";

const folder = mkdtempSync(`${existsSync("/dev/shm") ? "/dev/shm" : "/tmp"}/cowdisk-bench-`);
const path = (name: string) => `${folder}/${name}`;
const socketOf = (name: string) => path(`${name}.sock`);

function must(name: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(name, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  return stdout;
}

const cowdisk = ["run", "-A", "--no-check", MAIN];

/** A server, its export, and how it is started. */
interface Contestant {
  readonly name: string;
  readonly socket: string;
  readonly export: string;
  /** Nothing: another one's server has the export as well. */
  readonly start: readonly string[] | null;
}

function contestants(): Contestant[] {
  for (const name of ["plain", "origin"]) must("truncate", "-s", SIZE, path(`${name}.img`));
  for (const name of ["snap", "other"]) {
    must(process.execPath, ...cowdisk, "snapshot", path("origin.img"), path(`${name}.cow`));
  }
  must("truncate", "-s", SIZE, path("base.img"));
  const overlay = ["-f", "qcow2", "-b", path("base.img"), "-F", "raw", path("over.qcow2")];
  must("qemu-img", "create", ...overlay);
  const serve = (image: string, socket: string, ...words: string[]) => [
    ...[process.execPath, ...cowdisk, "serve", path(image), "--socket", socketOf(socket), ...words],
  ];
  return [
    { name: "cowdisk, image", socket: "plain", export: "", start: serve("plain.img", "plain") },
    {
      name: "cowdisk, origin of two snapshots",
      socket: "stack",
      export: "origin",
      start: serve(
        ...["origin.img", "stack", "--snapshot", path("snap.cow")] as [string, string, ...string[]],
        ...["--snapshot", path("other.cow")],
      ),
    },
    { name: "cowdisk, snapshot", socket: "stack", export: "snap.cow", start: null },
    {
      name: "nbdkit memory",
      socket: "memory",
      export: "",
      start: ["nbdkit", "-f", "-U", socketOf("memory"), "memory", SIZE],
    },
    {
      name: "nbdkit cow over memory",
      socket: "cow",
      export: "",
      start: ["nbdkit", "-f", "-U", socketOf("cow"), "--filter=cow", "memory", SIZE],
    },
    {
      name: "qemu-nbd qcow2 overlay",
      socket: "qemu",
      export: "",
      start: ["qemu-nbd", "-t", "-f", "qcow2", "-k", socketOf("qemu"), path("over.qcow2")],
    },
  ];
}

function fio(each: Contestant, ...words: string[]): number {
  const uri = `nbd+unix:///${each.export}?socket=${socketOf(each.socket)}`;
  const common = ["--name=bench", "--ioengine=nbd", `--uri=${uri}`, `--size=${SIZE}`];
  const out = must("fio", ...common, "--output-format=json", ...words).replace(/^[^{]*/, "");
  const [{ read, write }] = JSON.parse(out).jobs;
  return Math.round(read.iops + write.iops);
}

function printTable(
  all: readonly Contestant[],
  rates: ReadonlyMap<string, number[]>,
  rw: string,
  block: string,
): void {
  const of = (name: string) => rates.get(`${name} ${rw} ${block}`)!;
  const median = (name: string) => of(name)[Math.floor(of(name).length / 2)]!;
  console.log(`\n${rw}, ${block}, 16 at a time`);
  for (const { name } of all) {
    const [least, most] = [of(name)[0], of(name).at(-1)];
    const ratio = median(name) / median("nbdkit memory");
    const rate = String(median(name)).padStart(7);
    console.log(
      `${name.padEnd(33)}${rate}/s  ${ratio.toFixed(2)} of nbdkit memory  (${least}–${most})`,
    );
  }
}

async function main(): Promise<void> {
  installPackages("nbdkit", "qemu-utils", "fio");
  const servers: ChildProcess[] = [];
  const all = contestants();
  try {
    for (const { start, socket } of all) {
      if (start === null) continue;
      const [program, ...words] = start;
      servers.push(spawn(program!, words, { stdio: "ignore" }));
      while (!existsSync(socketOf(socket))) await new Promise((done) => setTimeout(done, 20));
    }
    for (const each of all) fio(each, "--rw=write", "--bs=1m", "--iodepth=4");
    const rates = new Map<string, number[]>();
    const loads = values.blocks.split(",").flatMap((block) => [
      { rw: "randread", block },
      { rw: "randwrite", block },
    ]);
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const { rw, block } of loads) {
        for (const each of all) {
          const timed = ["--time_based", `--runtime=${values.seconds}`];
          const rate = fio(each, `--rw=${rw}`, `--bs=${block}`, "--iodepth=16", ...timed);
          const key = `${each.name} ${rw} ${block}`;
          rates.set(key, [...rates.get(key) ?? [], rate].sort((a, b) => a - b));
        }
      }
    }
    for (const { rw, block } of loads) printTable(all, rates, rw, block);
  } finally {
    for (const server of servers) if (server.pid !== undefined) process.kill(server.pid, "SIGTERM");
    rmSync(folder, { recursive: true });
  }
}

await main();
process.exit(0);

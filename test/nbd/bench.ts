/**
 * `deno task bench:nbd`: requests per second over a Unix socket, ours and others' side by side.
 *
 * fio's nbd engine, at random places, 16 at a time, on 256 MiB that were written before, so that nobody
 * answers from a hole and no chunk is copied for the first time. All images are in memory, and our origin has
 * two snapshots. Rounds go through all servers in turn; the table has the median and, behind it, the least and
 * the most of the rounds, and the processor's time that the server took for a request. Only the ratios mean
 * something, and only within one run.
 *
 *     deno task bench:nbd --blocks 4k,256k --rounds 5 --seconds 2
 *     deno task bench:nbd --before ../../../before/src/cli/main.ts     beside another checkout's
 */
// deno-lint-ignore-file no-console
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { installPackages } from "../setup.ts";
import { readWords } from "../words.ts";

const values = readWords({
  rounds: { type: "string", default: "3" },
  seconds: { type: "string", default: "2" },
  blocks: { type: "string", default: "4k,256k" },
  before: { type: "string", default: "" },
});
const mainOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const MAIN = mainOf("../../src/cli/main.ts");
const SIZE = "256M";

const folder = mkdtempSync(`${existsSync("/dev/shm") ? "/dev/shm" : "/tmp"}/cowdisk-bench-`);
const path = (name: string) => `${folder}/${name}`;
const socketOf = (name: string) => path(`${name}.sock`);

function must(name: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(name, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  return stdout;
}

const cowdisk = (main: string) => ["run", "-A", "--no-check", main];

/** A server, its export, and how it is started. */
interface Contestant {
  readonly name: string;
  readonly socket: string;
  readonly export: string;
  /** Nothing: another one's server has the export as well. */
  readonly start: readonly string[] | null;
}

/** One checkout's server of a plain image, of an image with two snapshots, and of memory. */
function ours(main: string, name: string): Contestant[] {
  const file = (what: string) => path(`${name}.${what}`);
  for (const each of ["plain.img", "origin.img"]) must("truncate", "-s", SIZE, file(each));
  const cows = [file("snap.cow"), file("other.cow")];
  for (const cow of cows) {
    must(process.execPath, ...cowdisk(main), "snapshot", file("origin.img"), cow);
  }
  const serve = (origin: string, what: string, ...words: string[]) => {
    const start = [process.execPath, ...cowdisk(main), "serve", origin, ...words];
    return {
      socket: `${name}.${what}`,
      start: [...start, "--socket", socketOf(`${name}.${what}`)],
    };
  };
  const snapshots = cows.flatMap((cow) => ["--snapshot", cow]);
  const stack = serve(file("origin.img"), "stack", ...snapshots);
  return [
    { name: `${name}, image`, export: "", ...serve(file("plain.img"), "plain") },
    { name: `${name}, origin of two snapshots`, export: "origin", ...stack },
    { name: `${name}, snapshot`, export: `${name}.snap.cow`, ...stack, start: null },
    { name: `${name}, memory`, export: "", ...serve(`mem:${SIZE}`, "memory") },
  ];
}

function contestants(): Contestant[] {
  must("truncate", "-s", SIZE, path("base.img"));
  const overlay = ["-f", "qcow2", "-b", path("base.img"), "-F", "raw", path("over.qcow2")];
  must("qemu-img", "create", ...overlay);
  return [
    ...ours(MAIN, "cowdisk"),
    ...values.before === "" ? [] : ours(mainOf(values.before), "before"),
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

/** The processor's time that a process took so far, of all its threads. Linux counts in hundredths. */
function processorUs(pid: number): number {
  const words = readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) /, "").split(" ");
  return (Number(words[11]) + Number(words[12])) * 10_000;
}

/** What a contestant came to in one round. */
interface Outcome {
  /** Requests per second. */
  readonly rate: number;
  /** The processor's time of the server, for each. */
  readonly serverUs: number;
}

function fio(each: Contestant, server: number, ...words: string[]): Outcome {
  const uri = `nbd+unix:///${each.export}?socket=${socketOf(each.socket)}`;
  const common = ["--name=bench", "--ioengine=nbd", `--uri=${uri}`, `--size=${SIZE}`];
  const beforeUs = processorUs(server);
  const out = must("fio", ...common, "--output-format=json", ...words).replace(/^[^{]*/, "");
  const [{ read, write }] = JSON.parse(out).jobs;
  return {
    rate: Math.round(read.iops + write.iops),
    serverUs: (processorUs(server) - beforeUs) / (read.total_ios + write.total_ios),
  };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

function printTable(
  all: readonly Contestant[],
  outcomes: ReadonlyMap<string, Outcome[]>,
  rw: string,
  block: string,
): void {
  const ratesOf = (name: string) => outcomes.get(`${name} ${rw} ${block}`)!.map(({ rate }) => rate);
  console.log(`\n${rw}, ${block}, 16 at a time`);
  for (const { name } of all) {
    const rates = ratesOf(name);
    const ratio = median(rates) / median(ratesOf("nbdkit memory"));
    const us = median(outcomes.get(`${name} ${rw} ${block}`)!.map(({ serverUs }) => serverUs));
    console.log(
      `${name.padEnd(33)}${String(median(rates)).padStart(7)}/s  ` +
        `${ratio.toFixed(2)} of nbdkit memory  ${us.toFixed(1).padStart(6)} us  ` +
        `(${Math.min(...rates)}–${Math.max(...rates)})`,
    );
  }
}

async function main(): Promise<void> {
  installPackages("nbdkit", "qemu-utils", "fio");
  const servers = new Map<string, ChildProcess>();
  const all = contestants();
  try {
    for (const { start, socket } of all) {
      if (start === null) continue;
      const [program, ...words] = start;
      servers.set(socket, spawn(program!, words, { stdio: "ignore" }));
      while (!existsSync(socketOf(socket))) await new Promise((done) => setTimeout(done, 20));
    }
    const pidOf = ({ socket }: Contestant) => servers.get(socket)!.pid!;
    for (const each of all) fio(each, pidOf(each), "--rw=write", "--bs=1m", "--iodepth=4");
    const outcomes = new Map<string, Outcome[]>();
    const loads = values.blocks.split(",").flatMap((block) => [
      { rw: "randread", block },
      { rw: "randwrite", block },
    ]);
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const { rw, block } of loads) {
        for (const each of all) {
          const timed = ["--time_based", `--runtime=${values.seconds}`];
          const words = [`--rw=${rw}`, `--bs=${block}`, "--iodepth=16", ...timed];
          const key = `${each.name} ${rw} ${block}`;
          outcomes.set(key, [...outcomes.get(key) ?? [], fio(each, pidOf(each), ...words)]);
        }
      }
    }
    for (const { rw, block } of loads) printTable(all, outcomes, rw, block);
  } finally {
    for (const { pid } of servers.values()) if (pid !== undefined) process.kill(pid, "SIGTERM");
    rmSync(folder, { recursive: true });
  }
}

await main();
process.exit(0);

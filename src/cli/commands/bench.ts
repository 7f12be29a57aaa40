/**
 * `cowdisk bench`: how fast it is here, beside a bare device in the same run.
 *
 * @module
 */

import type { Command } from "commander";
import { formatSize, sectorsToBytes } from "../../block/units.ts";
import { allJobs, type Job, readJobs } from "../bench/jobs.ts";
import { runRace } from "../bench/race.ts";
import { Scratch } from "../bench/scratch.ts";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { CommandFailure, EXIT_CODES } from "../failure.ts";
import { Interruption } from "../interruption.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { chunkSectorsOf, secondsOf, sectorsOf } from "../options.ts";
import { openDevice, openView } from "../view/view.ts";

const BLOCKS = [1, 8, 128, 2048];

interface BenchFlags extends JsonFlags {
  readonly seconds: number;
  readonly block?: readonly number[];
  readonly size?: number;
  readonly chunk?: number;
  readonly directory?: string;
}

/** What is told of a job. */
interface Row {
  readonly job: string;
  readonly order: string;
  readonly blockBytes: number;
  readonly bareBytesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly ratio: number;
}

const JSON_KEYS: readonly (keyof Row)[] = [
  ...["job", "order", "blockBytes", "bareBytesPerSecond", "bytesPerSecond", "ratio"] as const,
];

function format(job: string, order: string, block: string, ...cells: readonly string[]): string {
  const right = cells.map((cell) => cell.padStart(14)).join("");
  return `${job.padEnd(11)}${order.padEnd(12)}${block.padStart(7)}${right}\n`;
}

function formatRow(row: Row): string {
  const speed = (bytesPerSecond: number) => `${formatSize(Math.round(bytesPerSecond))}/s`;
  return format(
    row.job,
    row.order,
    formatSize(row.blockBytes),
    speed(row.bareBytesPerSecond),
    speed(row.bytesPerSecond),
    row.ratio < 0.1 ? row.ratio.toPrecision(1) : row.ratio.toFixed(2),
  );
}

/** Races each job for its share of the time, and tells of each as it is done. */
async function measure(
  environment: Environment,
  jobs: readonly Job[],
  flags: BenchFlags,
): Promise<void> {
  const { out, clock } = environment;
  using interruption = new Interruption(environment, "not all was measured");
  const timeMs = flags.seconds * 1000 / jobs.length;
  const rows: Row[] = [];
  const tell = (text: string) => flags.json === true ? undefined : out.write(text);
  tell(format("job", "order", "block", "bare", "cowdisk", "ratio"));
  for (const { job, order, blockSectors, blocksPerOperation, create } of jobs) {
    const race = { ...create(), timeMs };
    const { bareMs, oursMs, ratio } = await runRace(clock, race, () => interruption.breathe());
    const blockBytes = sectorsToBytes(blockSectors);
    const perSecond = (ms: number) => blockBytes * blocksPerOperation / ms * 1000;
    const speeds = { bareBytesPerSecond: perSecond(bareMs), bytesPerSecond: perSecond(oursMs) };
    const row = { job, order, blockBytes, ...speeds, ratio };
    rows.push(row);
    tell(formatRow(row));
  }
  report(out, flags, rows, "");
}

async function benchView(
  environment: Environment,
  word: string,
  flags: BenchFlags,
): Promise<void> {
  if ([flags.size, flags.chunk, flags.directory].some((flag) => flag !== undefined)) {
    throw new CommandFailure(
      "--size, --chunk and --directory are for a disk of our own: want no VIEW with them",
      EXIT_CODES.usage,
    );
  }
  await using view = await openView(word, "read");
  await using bare = await openDevice(view.name.origin, "read");
  await measure(environment, readJobs(bare, () => view.device, flags.block ?? BLOCKS), flags);
}

async function bench(
  environment: Environment,
  word: string | undefined,
  flags: BenchFlags,
): Promise<void> {
  if (word !== undefined) return await benchView(environment, word, flags);
  const { size: sectorCount = 2 ** 17, chunk: chunkSectors = 8, directory } = flags;
  const place = directory === undefined ? {} : { directory };
  using scratch = new Scratch({ sectorCount, chunkSectors, ...place });
  await measure(environment, allJobs(scratch, flags.block ?? BLOCKS), flags);
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addBench(program: Command, environment: Environment): void {
  program.command("bench")
    .summary("measure how fast it is here, beside a bare device")
    .description(
      "Measures reads, overwrites, first touches (each copies a chunk) and a merge on a disk and " +
        "snapshot of its own, by turns with a bare device of the same kind; the ratio is what counts. " +
        "Given a VIEW it is only read. Nothing that is there is written.",
    )
    .argument("[VIEW]", "an image, or ORIGIN+COW, to measure how fast it is read")
    .option("--seconds <count>", "how long, about", secondsOf, 5)
    .option(
      "--block <size>",
      "bytes of one operation (repeat) (default: 512, 4K, 64K, 1M)",
      (text: string, earlier: readonly number[] = []) => [...earlier, sectorsOf(text)],
    )
    .option("--directory <path>", "make the disk of files in it (default: of memory)")
    .option("--size <size>", "the size of the disk (default: 64M)", sectorsOf)
    .option("--chunk <size>", "its unit of copy-on-write (default: 4K)", chunkSectorsOf)
    .addOption(jsonOption(JSON_KEYS, { isArray: true }))
    .addHelpText(
      "after",
      example(
        "$ cowdisk bench --seconds 0.1 --size 1M --block 4K",
        "job        order         block          bare       cowdisk         ratio",
        "…",
      ),
    )
    .action((view: string | undefined, flags: BenchFlags) => bench(environment, view, flags));
}

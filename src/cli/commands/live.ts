/**
 * `cowdisk live`: a running server's snapshots, taken, dropped and merged while clients read and write.
 *
 * | verb | words behind it | options |
 * |---|---|---|
 * | `take` | NAME COW | `--chunk`, `--size`, `--store`, `--force` |
 * | `drop` | NAME | `--remove` |
 * | `merge` | NAME | |
 * | `attach` | IMAGE | `--size` |
 * | `detach` | IMAGE | |
 * | `list`, `usage` | | |
 *
 * An option that a verb does not have is refused, as is a word too many or too few.
 *
 * @module
 */

import { resolve } from "node:path";
import { Argument, type Command, Option } from "commander";
import { ControlClient, type ControlFlags, controlOption } from "../control/control_client.ts";
import { formatExports, formatUsages, REPORT_KEYS } from "../control/report_tables.ts";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { CommandFailure, EXIT_CODES } from "../failure.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { chunkSectorsOf, sectorsOf } from "../options.ts";
import { Progress } from "../progress.ts";

interface LiveFlags extends ControlFlags, JsonFlags {
  readonly chunk?: number;
  readonly size?: number;
  readonly store?: "P" | "PO";
  readonly force?: boolean;
  readonly remove?: boolean;
}

/** One call: the server, the words behind the verb, and what was said besides. */
interface Call {
  readonly environment: Environment;
  readonly client: ControlClient;
  readonly words: readonly string[];
  readonly flags: LiveFlags;
}

/** What can be done. */
interface Verb {
  /** The words behind it, as the help calls them. */
  readonly wants: readonly string[];
  /** The options that it has, as commander calls them. */
  readonly options: readonly (keyof LiveFlags)[];
  /** Does it. */
  run(call: Call): Promise<void>;
}

/** What is printed of a change. */
const CHANGE_KEYS =
  "; of take and drop with name, cow; of merge with name, mergedChunks; of attach " +
  "with image, name, number; of detach with image";

/** How often progress is looked at. */
const LOOK_MS = 100;

async function take({ environment, client, words, flags }: Call): Promise<void> {
  const [name = "", cow = ""] = words;
  const { chunk: chunkSectors, size: sectorCount, store, force } = flags;
  const path = resolve(cow);
  await client.ask({ verb: "take", name, path, chunkSectors, sectorCount, store, force });
  const text = `${cow}: the snapshot "${name}", which is an export now\n`;
  report(environment.out, flags, { name, cow }, text);
}

async function drop({ environment, client, words: [name = ""], flags }: Call): Promise<void> {
  const { remove = false } = flags;
  const { path: cow } = await client.ask({ verb: "drop", name, remove }) as { path: string };
  const text = `"${name}" is no export any more; ${cow} is ${remove ? "gone" : "kept"}\n`;
  report(environment.out, flags, { name, cow }, text);
}

/** Waits until a merge has ended, and shows how far it is. */
async function watchMerge({ environment, client }: Call, name: string, total: number) {
  const progress = new Progress(environment, "merging", total, "chunks");
  let isInterrupted = false;
  const stopListening = environment.onInterrupt(() => isInterrupted = true);
  try {
    while (true) {
      const { merge } = await client.status();
      if (merge === null || merge.name !== name) return;
      if (merge.state === "failed") {
        throw new CommandFailure("The merge stopped; to go on, run the same command again");
      }
      progress.update(total - merge.chunksLeft);
      if (isInterrupted) {
        const sentence = `The server goes on merging "${name}": ${merge.chunksLeft} of ${total} ` +
          "chunks are left";
        throw new CommandFailure(sentence, EXIT_CODES.interrupted);
      }
      await environment.clock.sleep(LOOK_MS);
    }
  } finally {
    stopListening();
    progress.end();
  }
}

async function merge(call: Call): Promise<void> {
  const { environment, client, words: [name = ""], flags } = call;
  const answer = await client.ask({ verb: "merge", name }) as { chunkCount: number };
  const { chunkCount: mergedChunks } = answer;
  await watchMerge(call, name, mergedChunks);
  const text = `${mergedChunks} chunks merged: the origin is what "${name}" was\n`;
  report(environment.out, flags, { name, mergedChunks }, text);
}

async function attach({ environment, client, words: [image = ""], flags }: Call): Promise<void> {
  const path = resolve(image);
  const answer = await client.ask({ verb: "attach", path, sectorCount: flags.size });
  const { name, number } = answer as { name: string; number: string };
  const text = `${image}: /dev/${name}, ${number}\n`;
  report(environment.out, flags, { image, name, number }, text);
}

async function detach({ environment, client, words: [image = ""], flags }: Call): Promise<void> {
  const isNumbered = /^(\/dev\/)?loop\d+$|^\d+:\d+$/.test(image);
  await client.ask({ verb: "detach", image: isNumbered ? image : resolve(image) });
  report(environment.out, flags, { image }, `${image}: detached\n`);
}

/** A verb that only looks. */
function show(format: typeof formatExports): Verb {
  return {
    wants: [],
    options: [],
    async run({ environment, client, flags }) {
      const status = await client.status();
      report(environment.out, flags, status, format(status));
    },
  };
}

const VERBS: Readonly<Record<string, Verb>> = {
  take: { wants: ["NAME", "COW"], options: ["chunk", "size", "store", "force"], run: take },
  drop: { wants: ["NAME"], options: ["remove"], run: drop },
  merge: { wants: ["NAME"], options: [], run: merge },
  attach: { wants: ["IMAGE"], options: ["size"], run: attach },
  detach: { wants: ["IMAGE"], options: [], run: detach },
  list: show(formatExports),
  usage: show(formatUsages),
};

/** Refuses words and options that a verb does not have. */
function requireFit(name: string, verb: Verb, words: readonly string[], flags: LiveFlags): void {
  const refuse = (sentence: string) => new CommandFailure(sentence, EXIT_CODES.usage);
  const { wants, options } = verb;
  if (words.length !== wants.length) {
    const wanted = wants.length === 0 ? "none" : wants.join(" ");
    throw refuse(`Found ${words.length} words behind "${name}": want ${wanted}`);
  }
  for (const key of ["chunk", "size", "store", "force", "remove"] as const) {
    if (flags[key] === undefined || options.includes(key)) continue;
    throw refuse(`Cannot use --${key} with "${name}"`);
  }
}

async function live(
  environment: Environment,
  name: string,
  words: readonly string[],
  flags: LiveFlags,
): Promise<void> {
  const verb = VERBS[name] as Verb;
  requireFit(name, verb, words, flags);
  using client = await ControlClient.connect(flags.control);
  await verb.run({ environment, client, words, flags });
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addLive(program: Command, environment: Environment): void {
  program.command("live")
    .summary("change the snapshots of a running server")
    .description(
      "Changes the snapshots of a running `cowdisk serve` while clients read and write; the list of " +
        "exports follows at once. `take NAME COW` takes a snapshot: every write is wholly in it or not " +
        "at all. `drop NAME` ends one: its clients are refused, its image is kept. `merge NAME` folds " +
        "one back: the origin shows it from the start; Ctrl-C stops waiting, not merging. `attach IMAGE` " +
        "and `detach IMAGE` are about disks for `cowdisk dm`. `list` and `usage` only look.",
    )
    .addArgument(new Argument("<VERB>", "what to do").choices(Object.keys(VERBS)))
    .argument("[NAME]", "the snapshot, or the image")
    .argument("[COW]", "the COW image to make")
    .addOption(controlOption())
    .option("--chunk <size>", "take: the unit of copy-on-write, a power of two", chunkSectorsOf)
    .option("--size <size>", "take, attach: make an image of this size", sectorsOf)
    .addOption(
      new Option("--store <type>", "take: P becomes invalid when COW is full, PO refuses writes")
        .choices(["P", "PO"]),
    )
    .option("--force", "take: replace COW if it is there")
    .option("--remove", "drop: remove the COW image as well")
    .addOption(jsonOption(REPORT_KEYS, { more: CHANGE_KEYS }))
    .addHelpText(
      "after",
      example(
        "$ cowdisk live take wednesday wednesday.cow --control nbd.sock.control",
        'wednesday.cow: the snapshot "wednesday", which is an export now',
        "$ cowdisk live merge wednesday --control nbd.sock.control",
        '0 chunks merged: the origin is what "wednesday" was',
      ),
    )
    .action((verb: string, name: string | undefined, cow: string | undefined, flags: LiveFlags) => {
      const words = [name, cow].filter((word) => word !== undefined);
      return live(environment, verb, words, flags);
    });
}

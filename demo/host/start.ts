/**
 * `deno task start`: builds the page if need be, serves it to this machine, and prints where.
 *
 *     deno task start                 at port 8086, or where there is room
 *     deno task start --port 8000     there, or not at all
 *     deno task start --port 0        where there is room
 *
 * Control-C, or SIGTERM, ends it with status 0.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { print, printProblem } from "./output.ts";
import { buildIfNeeded, PAGE_FOLDER } from "./page_build.ts";
import { type PageServer, type ServeOptions, servePage } from "./page_server.ts";

/** Storage belongs to an address: a page that moves to another port finds its disks no more. */
const PREFERRED_PORT = 8086;
const PORT_MAX = 65_535;

/** What the words of the command line ask for; a sentence when they cannot be understood. */
export function parseStart(words: string[]): ServeOptions["port"] | string {
  const usage = "Usage: deno task start [--port N]";
  let value: string | undefined;
  try {
    value = parseArgs({ args: words, options: { port: { type: "string" } } }).values.port;
  } catch (error) {
    return `${(error as Error).message}\n${usage}`;
  }
  if (value === undefined) return { preferred: PREFERRED_PORT };
  const port = Number(value);
  if (!/^\d+$/.test(value) || port > PORT_MAX) {
    return `Cannot start at port "${value}": want a number from 0 to ${PORT_MAX}\n${usage}`;
  }
  return port;
}

function untilEnded(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.addSignalListener(signal, () => resolve());
    }
  });
}

async function main(words: string[]): Promise<number> {
  const port = parseStart(words);
  if (typeof port === "string") return printProblem(port);
  const ended = untilEnded();
  const { advice } = await buildIfNeeded(() => print("building the page …"));
  for (const sentence of advice) print(sentence);
  let server: PageServer;
  try {
    server = servePage({ folder: PAGE_FOLDER, port });
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    return printProblem(`Cannot serve at port ${port}: somebody else has it`);
  }
  print(`cowdisk is at ${server.url}`);
  print("Control-C ends it.");
  await ended;
  await server[Symbol.asyncDispose]();
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

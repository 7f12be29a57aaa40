/**
 * The real program serving a folder's disk and snapshot, and real clients that come to it.
 */
import { spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { onTestFinished } from "vitest";
import { findProgram, packageAdvice } from "../setup.ts";
import { type Ending, type Folder, spawnCowdisk, taskPermissions } from "../unit/cli/session.ts";

/** How a client ended. */
export interface ClientEnding {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs a client to its end.
 *
 * @param name The program.
 * @param words Its arguments.
 * @returns How it ended.
 */
export function client(name: string, ...words: string[]): ClientEnding {
  const advice = packageAdvice("nbdClients");
  if (advice !== null) throw new Error(advice);
  const path = findProgram(name) ?? name;
  const { status, stdout, stderr } = spawnSync(path, words, { encoding: "utf8", timeout: 50_000 });
  return { code: status, out: stdout, err: stderr };
}

/** A client that runs beside the test. */
export interface BegunClient {
  /** How it ended. */
  readonly ended: Promise<ClientEnding>;
  /** Whether it has. */
  readonly hasEnded: boolean;
}

/**
 * Begins a client.
 *
 * @param name The program.
 * @param words Its arguments.
 * @returns It, while it goes on.
 */
export function begin(name: string, ...words: string[]): BegunClient {
  const child = spawn(findProgram(name) ?? name, words);
  let [out, err, hasEnded] = ["", "", false];
  child.stdout.on("data", (bytes) => out += bytes);
  child.stderr.on("data", (bytes) => err += bytes);
  onTestFinished(() => void child.kill());
  const ended = new Promise<ClientEnding>((resolve) => {
    child.on("close", (code) => {
      hasEnded = true;
      resolve({ code, out, err });
    });
  });
  return {
    ended,
    get hasEnded() {
      return hasEnded;
    },
  };
}

/**
 * Runs a client that has to succeed.
 *
 * @param name The program.
 * @param words Its arguments.
 * @returns What it said.
 */
export function succeed(name: string, ...words: string[]): string {
  const { code, out, err } = client(name, ...words);
  if (code !== 0) throw new Error(`${name} ${words.join(" ")} ended with ${code}:\n${out}${err}`);
  return out;
}

/** A server that runs. */
export interface Served {
  readonly folder: Folder;
  /** The address of an export; of the default one if left out. */
  uri(name?: string): string;
  /** Where its control socket is. */
  readonly control: string;
  /** Asks the server to end, as the system does. */
  end(): Promise<Ending>;
  /** Ends it at once, as a loss of power does. */
  kill(): Promise<Ending>;
}

/** Starts the server, and waits until it says where it serves. */
async function start(folder: Folder, words: readonly string[]) {
  const { child, ended } = spawnCowdisk(
    ["serve", folder.path("disk.img"), ...words],
    folder.isInMemory ? undefined : taskPermissions(),
  );
  let hasEnded = false;
  ended.then(() => hasEnded = true);
  const end = () => {
    // Not `child.kill`: Deno then takes the signal for the way in which the child ended.
    if (!hasEnded) process.kill(child.pid!, "SIGTERM");
    return ended;
  };
  onTestFinished(() => void end());
  const place = await new Promise<string | null>((resolve) => {
    let said = "";
    child.stderr?.on("data", (bytes) => {
      said += bytes;
      const found = /serving (nbd.*)\n/.exec(said);
      if (found !== null) resolve(found[1]!);
    });
    ended.then(() => resolve(null));
  });
  if (place === null) throw new Error(`The server ended: ${JSON.stringify(await ended)}`);
  const kill = () => {
    child.kill("SIGKILL");
    return ended;
  };
  return { end, kill, place };
}

/**
 * Starts the server on a Unix socket.
 *
 * @param folder Where `disk.img` and the socket are.
 * @param words More arguments.
 * @returns It; it is ended after the test at the latest.
 */
export async function served(folder: Folder, ...words: string[]): Promise<Served> {
  const socket = folder.path("nbd.sock");
  const { end, kill } = await start(folder, ["--socket", socket, ...words]);
  const uri = (name = "") => `nbd+unix:///${name}?socket=${socket}`;
  return { folder, control: `${socket}.control`, end, kill, uri };
}

/** A server that runs on TCP. */
export interface ServedOnTcp {
  readonly folder: Folder;
  readonly port: number;
  /** The address of the default export; with certificates of a client, if said. */
  uri(scheme: "nbd" | "nbds", certificates?: string): string;
  /** Asks the server to end, as the system does. */
  end(): Promise<Ending>;
}

/**
 * Starts the server on a free port of this machine.
 *
 * @param folder Where `disk.img` is.
 * @param words More arguments.
 * @returns It; it is ended after the test at the latest.
 */
export async function servedOnTcp(folder: Folder, ...words: string[]): Promise<ServedOnTcp> {
  const { end, place } = await start(folder, ["--port", "0", ...words]);
  const port = Number(/:(\d+)$/.exec(place)?.[1]);
  const uri = (scheme: string, certificates?: string) =>
    `${scheme}://127.0.0.1:${port}` +
    (certificates === undefined ? "" : `?tls-certificates=${certificates}`);
  return { folder, port, end, uri };
}

/**
 * The real program serving a folder's disk and snapshot, and real clients that come to it.
 */
import { spawnSync } from "node:child_process";
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
  /** Asks the server to end, as the system does. */
  end(): Promise<Ending>;
}

/** Starts the server, and waits until it says where it serves. */
async function start(folder: Folder, words: readonly string[]) {
  const { child, ended } = spawnCowdisk(
    ["serve", folder.path("disk.img"), ...words],
    folder.isInMemory ? undefined : taskPermissions(),
  );
  const end = () => {
    // Not `child.kill`: Deno then takes the signal for the way in which the child ended.
    if (child.exitCode === null) process.kill(child.pid!, "SIGTERM");
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
  return { end, place };
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
  const { end } = await start(folder, ["--socket", socket, ...words]);
  return { folder, end, uri: (name = "") => `nbd+unix:///${name}?socket=${socket}` };
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

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

/**
 * Starts the server, and waits until it says that it serves.
 *
 * @param folder Where `disk.img` and the socket are.
 * @param words More arguments.
 * @returns It; it is ended after the test at the latest.
 */
export async function served(folder: Folder, ...words: string[]): Promise<Served> {
  const socket = folder.path("nbd.sock");
  const { child, ended } = spawnCowdisk(
    ["serve", folder.path("disk.img"), "--socket", socket, ...words],
    folder.isInMemory ? undefined : taskPermissions(),
  );
  const end = () => {
    // Not `child.kill`: Deno then takes the signal for the way in which the child ended.
    if (child.exitCode === null) process.kill(child.pid!, "SIGTERM");
    return ended;
  };
  onTestFinished(() => void end());
  const isReady = new Promise<boolean>((resolve) => {
    let said = "";
    child.stderr?.on("data", (bytes) => {
      said += bytes;
      if (said.includes("serving nbd")) resolve(true);
    });
    ended.then(() => resolve(false));
  });
  if (!await isReady) throw new Error(`The server ended: ${JSON.stringify(await ended)}`);
  return { folder, end, uri: (name = "") => `nbd+unix:///${name}?socket=${socket}` };
}

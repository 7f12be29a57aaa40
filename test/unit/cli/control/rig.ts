/** A server that runs in this process, and commands that talk to it. */
import { onTestFinished } from "vitest";
import { cowdisk, type Ending, Folder, TestEnvironment } from "../session.ts";

/** A server, and what can be asked of it. */
export interface Running {
  readonly folder: Folder;
  readonly environment: TestEnvironment;
  /** Where its control socket is. */
  readonly control: string;
  /** Runs a command whose words may hold `NAME.cow` or `NAME.img` in the folder. */
  run(words: readonly string[], environment?: TestEnvironment): Promise<Ending>;
  /** Ends it. */
  end(): Promise<Ending>;
}

/** Lets everything that is on its way arrive. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Serves a folder's disk.
 *
 * @param words More arguments of `serve`.
 * @returns The server; it is ended after the test at the latest.
 */
export async function running(...words: string[]): Promise<Running> {
  const folder = new Folder();
  folder.disk();
  const environment = new TestEnvironment();
  const socket = folder.path("nbd.sock");
  const ended = cowdisk(
    ["serve", folder.path("disk.img"), "--socket", socket, ...words],
    environment,
  );
  let hasEnded = false;
  ended.then(() => hasEnded = true);
  while (!environment.err.text.includes("serving") && !hasEnded) await turn();
  const control = `${socket}.control`;
  const placed = (word: string) => /^[a-z]+\.(cow|img)$/.test(word) ? folder.path(word) : word;
  const end = () => {
    environment.interrupt();
    return ended;
  };
  onTestFinished(() => void end());
  return {
    folder,
    environment,
    control,
    end,
    async run([first = "", ...rest], world) {
      // The option comes before dm's own words, behind the verb of a group.
      const isGroup = first === "live";
      const head = isGroup ? [first, rest[0] ?? ""] : [first];
      const tail = isGroup ? rest.slice(1) : rest;
      const all = [...head, "--control", control, ...tail.map(placed)];
      const ending = await cowdisk(all, world);
      const shown = (text: string) => text.replaceAll(`${folder.path("")}/`, "");
      return { ...ending, out: shown(ending.out), err: shown(ending.err) };
    },
  };
}

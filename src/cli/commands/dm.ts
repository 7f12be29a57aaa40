/**
 * `cowdisk dm`: dmsetup's grammar, against a running server.
 *
 * The words go to the server as they are; what it answers is written as it is, and so is the exit code.
 *
 * @module
 */

import type { Command } from "commander";
import type { DmsetupResult } from "../../mapper/dmsetup/dmsetup.ts";
import { ControlClient, type ControlFlags, controlOption } from "../control/control_client.ts";
import type { Environment, Input } from "../environment.ts";
import { example } from "../example.ts";
import { CommandFailure } from "../failure.ts";

/** Whether the words leave something to standard input: a table, or tables. */
function readsInput([name = "", ...rest]: readonly string[]): boolean {
  if (!["create", "load", "reload"].includes(name)) return false;
  if (rest.includes("--concise")) return rest.length === 1;
  return !rest.some((word) => ["--table", "-n", "--notable"].includes(word));
}

async function readText(input: Input): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of input.pieces()) text += decoder.decode(piece, { stream: true });
  return text + decoder.decode();
}

async function dm(environment: Environment, words: readonly string[], flags: ControlFlags) {
  using client = await ControlClient.connect(flags.control);
  const input = readsInput(words) ? await readText(environment.input) : "";
  const answer = await client.ask({ verb: "dm", words, input }) as DmsetupResult;
  environment.out.write(answer.stdout);
  environment.err.write(answer.stderr);
  if (answer.exitStatus !== 0) throw new CommandFailure("", answer.exitStatus);
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addDm(program: Command, environment: Environment): void {
  program.command("dm")
    .summary("dmsetup's commands, against a running server")
    .description(
      "Does to the devices of a running server what dmsetup does to Linux's: create, load, suspend, " +
        "resume, message, status, table, wait, remove, info, ls and the like. Images are the disks " +
        "loop0, loop1, and so on (live attach adds one); every device with a table is an export.",
    )
    .addOption(controlOption())
    .argument("<words...>", "a command of dmsetup; a table may come on standard input")
    .passThroughOptions()
    .addHelpText(
      "after",
      example(
        "$ cowdisk dm --control nbd.sock.control create part --table '0 2048 linear 253:0 0'",
        "$ cowdisk dm --control nbd.sock.control table",
        "origin: 0 4096 snapshot-origin 7:0",
        "part: 0 2048 linear 253:0 0",
      ),
    )
    .action((words: string[], flags: ControlFlags) => dm(environment, words, flags));
}

/**
 * dmsetup's grammar: words in, text out, letter for letter.
 *
 *     dmsetup create snap --table "0 4096 snapshot /dev/vda /dev/vdb P 8"
 *     dmsetup status snap
 *     0 4096 snapshot 16/65536 16
 *
 * What a verb does is the mapper's business; here its words are read, and its answer or refusal is
 * written as dmsetup writes it. A refusal's own sentence, which says more, is in `errors`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError, ERROR_CODES } from "../../block/errors.ts";
import { type Plan, runAsync, runSync } from "../../block/plan.ts";
import { DMSETUP_COMMANDS, type DmsetupCommand } from "./dmsetup_commands.ts";
import { DmsetupCall } from "./dmsetup_call.ts";
import type { Mapper } from "../mapper.ts";
import { MapperError } from "../mapper_error.ts";

/** What dmsetup answers. */
export interface DmsetupResult {
  /** 0, or 1 when a command failed. */
  readonly exitStatus: number;
  /** What went to standard output. */
  readonly stdout: string;
  /** What went to standard error. */
  readonly stderr: string;
  /** Both, in the order written. */
  readonly output: string;
  /** The refusals, each with a sentence for people. */
  readonly errors: readonly BlockDeviceError[];
}

/** dm's line about a refused ioctl. The kernel has told the device's number only after a create. */
function ioctlLine(error: MapperError, isCreate: boolean): string {
  const number = isCreate && error.verb === "reload" ? `(${error.number})` : "";
  const { text } = ERROR_CODES[error.code];
  return `device-mapper: ${error.verb} ioctl on ${error.device} ${number} failed: ${text}`;
}

/** Writes a refusal, and says whether the command is to be called failed. */
function refuse(call: DmsetupCall, command: DmsetupCommand, error: BlockDeviceError): void {
  call.errors.push(error);
  if (!(error instanceof MapperError)) return call.error(error.message);
  // Asked about a device that is not there, libdevmapper answers for some verbs itself.
  if (error.verb === "info") call.print("Device does not exist.");
  else if (error.verb !== "status") call.error(ioctlLine(error, command.name === "create"));
}

/** Which devices a command is run for: those named, or none by name. */
function turnsOf(command: DmsetupCommand, names: readonly string[]): string[][] {
  return command.isRepeatable ? names.map((name) => [name]) : [[...names]];
}

function* planCommand(call: DmsetupCall, command: DmsetupCommand): Plan<boolean> {
  let isDone = true;
  const isAll = command.isRepeatable && call.names.length === 0;
  const names = isAll ? call.mapper.names : call.names;
  if (isAll && names.length === 0) call.print("No devices found");
  call.hasSeveral = isAll || (command.isRepeatable && names.length > 1);
  for (const words of turnsOf(command, names)) {
    try {
      yield* command.plan(call, words);
    } catch (error) {
      if (!(error instanceof BlockDeviceError)) throw error;
      refuse(call, command, error);
      isDone = false;
    }
  }
  return isDone;
}

/**
 * The plan of a dmsetup command.
 *
 * @param mapper What it acts on.
 * @param words The command's words, without `dmsetup` itself.
 * @param input Standard input: the table, where none is given with `--table`.
 * @param plans The mapper's plans for the runner; `mapper.plansSync` for `runSync`.
 * @returns A plan whose result is the answer. It fails only where the program is wrong.
 */
export function* planDmsetup(
  mapper: Mapper,
  words: readonly string[],
  input = "",
  plans = mapper.plans,
): Plan<DmsetupResult> {
  const [name = "", ...rest] = words;
  const call = new DmsetupCall(mapper, plans, rest, input);
  const command = DMSETUP_COMMANDS.find(({ name: word, alias, form }) =>
    (name === word || name === alias) && (form === undefined || call.flags.has(form))
  );
  let isDone = false;
  if (command === undefined) {
    call.error(`Unknown command "${name}"`);
  } else if (call.unknownOption !== null || !command.accepts(call.names.length)) {
    call.error(`Usage: ${command.usage}`);
  } else {
    isDone = yield* planCommand(call, command);
    if (!isDone) call.error("Command failed.");
  }
  const { stdout, stderr, output, errors } = call;
  return { exitStatus: isDone ? 0 : 1, stdout, stderr, output, errors };
}

/**
 * Does what dmsetup would do.
 *
 * @param mapper What it acts on.
 * @param words The command's words, without `dmsetup` itself.
 * @param input Standard input: the table, where none is given with `--table`.
 * @returns The answer.
 */
export function dmsetup(
  mapper: Mapper,
  words: readonly string[],
  input?: string,
): Promise<DmsetupResult> {
  return runAsync(planDmsetup(mapper, words, input));
}

/** As {@linkcode dmsetup}. */
export function dmsetupSync(
  mapper: Mapper,
  words: readonly string[],
  input?: string,
): DmsetupResult {
  return runSync(planDmsetup(mapper, words, input, mapper.plansSync));
}

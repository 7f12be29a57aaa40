/**
 * dmsetup's commands: what each does with the mapper and how its answer is printed.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import type { Plan } from "../../block/plan.ts";
import { type ConciseDevice, formatConcise, parseConcise } from "./concise.ts";
import { treeLines } from "./device_tree.ts";
import type { DmsetupCall, DmsetupFlag } from "./dmsetup_call.ts";
import type { MappedDeviceInfo } from "../device_directory.ts";
import type { Slot } from "../mapper.ts";
import { planned } from "../table/target_types.ts";

/** A command of dmsetup. */
export interface DmsetupCommand {
  /** The word it is called by. */
  readonly name: string;
  /** Another word for it. */
  readonly alias?: string;
  /** An option that makes another command of it. */
  readonly form?: DmsetupFlag;
  /** How to call it. */
  readonly usage: string;
  /** It is run for each device named, or for all when none is. */
  readonly isRepeatable: boolean;
  /** Whether it can be called with so many names. */
  accepts(count: number): boolean;
  /** Does it. */
  plan(call: DmsetupCall, names: readonly string[]): Plan;
}

const tableOf = (call: DmsetupCall) =>
  call.flags.has("notable") ? null : call.values.table ?? call.input;
const slotOf = (call: DmsetupCall): Slot => call.flags.has("inactive") ? "inactive" : "active";
const loadOptions = (call: DmsetupCall) => ({ isReadOnly: call.flags.has("readonly") });
const prefixOf = (call: DmsetupCall, name: string) => call.hasSeveral ? `${name}: ` : "";

/** A command for any number of devices that must be named. */
function each(
  name: string,
  plan: (call: DmsetupCall, device: string) => Plan,
): DmsetupCommand {
  return {
    name,
    usage: `${name} <device>...`,
    isRepeatable: true,
    accepts: (count) => count > 0,
    plan: (call, [device = ""]) => plan(call, device),
  };
}

/** A command that asks about the devices named, or about all. */
function ask(
  name: string,
  print: (call: DmsetupCall, device: string) => void,
): DmsetupCommand {
  return {
    name,
    usage: `${name} [<device>...]`,
    isRepeatable: true,
    accepts: () => true,
    plan: (call, [device = ""]) => planned(() => print(call, device)),
  };
}

/** A command with a fixed number of words, or one more. */
function fixed(
  usage: string,
  counts: readonly [number, number],
  plan: (call: DmsetupCall, words: readonly string[]) => Plan,
): DmsetupCommand {
  const [min, max] = counts;
  const accepts = (count: number) => min <= count && count <= max;
  return { name: usage.split(" ")[0] ?? "", usage, isRepeatable: false, accepts, plan };
}

function printInfo(call: DmsetupCall, info: MappedDeviceInfo): void {
  const [major, minor] = info.number.split(":");
  const state = `${info.isSuspended ? "SUSPENDED" : "ACTIVE"}${
    info.isReadOnly ? " (READ-ONLY)" : ""
  }`;
  const tables = [
    ...info.targetCount === null ? [] : ["LIVE"],
    ...info.hasInactiveTable ? ["INACTIVE"] : [],
  ];
  call.print(`Name:              ${info.name}`);
  call.print(`State:             ${state}`);
  call.print("Read Ahead:        256");
  call.print(`Tables present:    ${tables.join(" & ") || "None"}`);
  call.print(`Open count:        ${info.openCount}`);
  call.print(`Event number:      ${info.eventNumber}`);
  call.print(`Major, minor:      ${major}, ${minor}`);
  if (info.targetCount !== null) call.print(`Number of targets: ${info.targetCount}`);
  call.print("");
}

function printLines(call: DmsetupCall, device: string, lines: readonly string[]): void {
  const { target } = call.values;
  const isWanted = (line: string) => target === undefined || line.split(" ")[2] === target;
  // dmsetup prints an empty line for a device without a table.
  for (const line of lines.length === 0 ? [""] : lines.filter(isWanted)) {
    call.print(prefixOf(call, device) + line);
  }
}

function listDevices(call: DmsetupCall): void {
  const { mapper, values: { target } } = call;
  const isWanted = (name: string) =>
    target === undefined || mapper.status(name).some((line) => line.split(" ")[2] === target);
  const names = mapper.names.filter(isWanted);
  if (names.length === 0) call.print("No devices found");
  for (const name of names) call.print(`${name}\t(${mapper.info(name).number})`);
}

function printDeps(call: DmsetupCall, device: string): void {
  const numbers = call.mapper.deps(device).map((number) => ` (${number.replace(":", ", ")})`);
  call.print(`${prefixOf(call, device)}${numbers.length} dependencies\t:${numbers.join("")}`);
}

function parseSector(word: string): number {
  if (/^\d+$/.test(word)) return Number(word);
  throw new BlockDeviceError("EINVAL", `Cannot use "${word}" as a sector: want a number`);
}

function parseMinor(word: string | undefined): { minor?: number } {
  if (word === undefined) return {};
  if (/^\d{1,7}$/.test(word)) return { minor: Number(word) };
  throw new BlockDeviceError("EINVAL", `Cannot use "${word}" as a minor number`);
}

function* createConcise(call: DmsetupCall, [text = call.input]: readonly string[]): Plan {
  for (const { name, minor, isReadOnly, lines } of parseConcise(text)) {
    const table = lines.length === 0 ? null : lines.join("\n");
    yield* call.plans.create(name, table, { isReadOnly, ...minor === null ? {} : { minor } });
  }
}

function printConcise(call: DmsetupCall, names: readonly string[]): void {
  const { mapper } = call;
  const devices = (names.length === 0 ? mapper.names : names).map((word): ConciseDevice => {
    const { name, number, isReadOnly } = mapper.info(word);
    const minor = Number(number.split(":")[1]);
    return { name, minor, isReadOnly, lines: mapper.table(word, slotOf(call)) };
  });
  call.print(devices.length === 0 ? "No devices found" : formatConcise(devices));
}

function printTree(call: DmsetupCall): void {
  const lines = treeLines(call.mapper);
  for (const line of lines.length === 0 ? ["No devices found"] : lines) call.print(line);
}

/** Commands that an option makes out of others; they are looked for first. */
const FORMS: readonly DmsetupCommand[] = [
  { ...fixed("create --concise [<devices>]", [0, 1], createConcise), form: "concise" },
  {
    ...fixed(
      "table --concise [<device>...]",
      [0, Infinity],
      (call, names) => planned(() => printConcise(call, names)),
    ),
    form: "concise",
  },
  { ...fixed("ls --tree", [0, 0], (call) => planned(() => printTree(call))), form: "tree" },
];

/** All commands. */
export const DMSETUP_COMMANDS: readonly DmsetupCommand[] = [
  ...FORMS,
  fixed(
    "create <name> [-r] [-m <minor>] [--notable | --table <table>]",
    [1, 1],
    function* (call, [name = ""]) {
      const options = { ...loadOptions(call), ...parseMinor(call.values.minor) };
      yield* call.plans.create(name, tableOf(call), options);
    },
  ),
  {
    ...fixed(
      "reload <device> [-r] [--table <table>]",
      [1, 1],
      (call, [device = ""]) => call.plans.load(device, tableOf(call) ?? "", loadOptions(call)),
    ),
    alias: "load",
  },
  each("clear", (call, device) => call.plans.clear(device)),
  each("suspend", (call, device) => call.plans.suspend(device)),
  each("resume", (call, device) => call.plans.resume(device)),
  each("remove", (call, device) => call.plans.remove(device)),
  fixed("remove_all", [0, 0], (call) => call.plans.removeAll()),
  fixed(
    "rename <device> <new name>",
    [2, 2],
    (call, [device = "", name = ""]) => planned(() => call.mapper.rename(device, name)),
  ),
  ask(
    "status",
    (call, device) => printLines(call, device, call.mapper.status(device, slotOf(call))),
  ),
  ask("table", (call, device) => printLines(call, device, call.mapper.table(device, slotOf(call)))),
  ask("info", (call, device) => printInfo(call, call.mapper.info(device))),
  ask("deps", printDeps),
  fixed("ls [--target <type>]", [0, 0], (call) => planned(() => listDevices(call))),
  fixed("message <device> <sector> <word>...", [3, Infinity], (call, words) => {
    const [device = "", sector = "", ...message] = words;
    return planned(() => {
      // The kernel gets one text and splits it; dmsetup ends an answer with a newline if it has none.
      const parts = message.join(" ").split(/\s+/).filter((part) => part !== "");
      const answer = call.mapper.message(device, parseSector(sector), parts);
      if (answer !== "") call.print(answer.replace(/\n$/, ""));
    });
  }),
  fixed("wait <device> [<event number>]", [1, 2], function* (call, [device = "", event = "0"]) {
    yield* call.plans.wait(device, parseSector(event));
  }),
  fixed("targets", [0, 0], (call) =>
    planned(() => {
      for (const { name, version } of call.mapper.types) {
        call.print(`${name.padEnd(16)} v${version}`);
      }
    })),
];

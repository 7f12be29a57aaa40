/**
 * The shell lines of the recordings: just the shapes that occur.
 *
 *     dmsetup table t 2>/dev/null; dmsetup status t 2>/dev/null; true
 *     : "a label"; dmsetup status t
 *     dd if=/dev/vdb bs=4096 skip=1 count=1 iflag=direct 2>/dev/null | head -c 96 | od -An -tx8
 *     head -c 16 /dev/vdb | od -An -tx1
 *
 * Lines about the recording machine itself (queue limits in `/sys`, device nodes, its reset) have no
 * counterpart here and are listed by shape. Any other line is an error, not passed over.
 */
import type { Plan } from "../../src/block/plan.ts";
import type { Machine } from "./machine.ts";
import type { Answer, Informative } from "./operations.ts";

const INFORMATIVE: readonly [RegExp, string][] = [
  [/^cd \/sys\/block\//, "queue limits"],
  [/\/proc\/partitions/, "device nodes"],
  [/reboot -f$/, "reset"],
];

/** What one program of a line leaves behind. */
interface Ended {
  status: number;
  bytes: Uint8Array;
  /** What went to standard error, or into the same place as standard output. */
  errors: string;
}

const encode = (text: string) => new TextEncoder().encode(text);
const NOTHING = new Uint8Array(0);

/** The value of a `dd` operand. */
function operand(words: readonly string[], name: string): string | undefined {
  return words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}

const diskName = (path = "") => path.replace("/dev/", "");

function readDisk(machine: Machine, words: readonly string[]): Plan<Uint8Array> {
  const blockBytes = Number(operand(words, "bs"));
  const start = Number(operand(words, "skip") ?? 0) * blockBytes;
  const length = Number(operand(words, "count")) * blockBytes;
  return machine.readDisk(diskName(operand(words, "if")), start, start + length);
}

/** `od -An -tx1` and `-tx8`: 16 bytes a line; lines like the one before are one `*`. */
function dump(bytes: Uint8Array, unitBytes: number): string {
  const lines: string[] = [];
  let previous = "";
  for (let at = 0; at < bytes.length; at += 16) {
    let line = "";
    for (let unit = at; unit < at + 16; unit += unitBytes) {
      const digits = [...bytes.subarray(unit, unit + unitBytes)].reverse();
      line += " " + digits.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    }
    if (line !== previous) lines.push(line);
    else if (lines.at(-1) !== "*") lines.push("*");
    previous = line;
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** Cuts into words; quotes hold words together. */
function splitWords(text: string): string[] {
  return (text.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^"|"$/g, ""));
}

function* runProgram(machine: Machine, words: readonly string[], input: Uint8Array): Plan<Ended> {
  const [program, ...rest] = words;
  const ended = (bytes: Uint8Array) => ({ status: 0, bytes, errors: "" });
  switch (program) {
    case ":":
    case "true":
      return ended(NOTHING);
    case "dmsetup": {
      const result = yield* machine.planDmsetup(rest);
      return { status: result.exitStatus, bytes: encode(result.stdout), errors: result.stderr };
    }
    case "dd":
      return ended(yield* readDisk(machine, rest));
    case "head": {
      const [, count, path] = rest;
      if (path === undefined) return ended(input.slice(0, Number(count)));
      return ended(yield* machine.readDisk(diskName(path), 0, Number(count)));
    }
    case "od":
      return ended(encode(dump(input, rest.includes("-tx8") ? 8 : 1)));
    default:
      throw new TypeError(`Cannot run "${words.join(" ")}": unknown program`);
  }
}

/** Programs joined by `|`. */
function* runPipe(machine: Machine, pipe: string): Plan<{ status: number; out: string }> {
  let last: Ended = { status: 0, bytes: NOTHING, errors: "" };
  for (const part of pipe.split("|")) {
    const words = splitWords(part);
    const isQuiet = words.at(-1) === "2>/dev/null";
    if (isQuiet) words.pop();
    last = yield* runProgram(machine, words, last.bytes);
    if (isQuiet) last.errors = "";
  }
  return { status: last.status, out: new TextDecoder().decode(last.bytes) + last.errors };
}

/**
 * Runs a shell line.
 *
 * @param machine Where.
 * @param line The line.
 * @returns The status of its last program and what all have written, or why there is no answer.
 */
export function* planShell(machine: Machine, line: string): Plan<Answer | Informative> {
  for (const [shape, why] of INFORMATIVE) if (shape.test(line)) return { informative: why };
  const answer = { rc: 0, out: "" };
  for (const pipe of line.match(/(?:"[^"]*"|[^;"])+/g) ?? []) {
    const { status, out } = yield* runPipe(machine, pipe.trim());
    answer.rc = status;
    answer.out += out;
  }
  return { ...answer, out: answer.out.replace(/\n+$/, "") };
}

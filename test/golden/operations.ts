/**
 * The recorded operations, done to our machine. Each is a plan, so that it can be run through the
 * synchronous and the asynchronous face.
 *
 * | operation | is |
 * |---|---|
 * | `write DEV SECTOR COUNT SALT` | pattern P1, one request |
 * | `rewrite DEV SECTOR COUNT SALT BASE` | P1 as of sector BASE |
 * | `fill DEV SECTOR COUNT BYTE` | one byte |
 * | `hex DEV SECTOR BYTES` | one logical block: these bytes, then zeroes |
 * | `discard`, `zeroout DEV SECTOR COUNT`; `flush DEV` | as they say |
 * | `sha256`, `runs DEV [SECTOR COUNT]`; `size DEV` | what is read; how much there is |
 * | `dm WORDS…` | dmsetup |
 * | `create`, `reload NAME TABLE…` | dmsetup, the table on standard input |
 * | `waitmerge NAME MS` | status, once nothing is left to merge |
 * | `sh LINE` | a shell line, see `shell.ts` |
 * | `traceon`, `trace` | what was asked of the disks, see `trace.ts` |
 * | `sleep MS` | nothing: there is nothing to wait for |
 */
import type { BlockDevice } from "../../src/block/device.ts";
import { BlockDeviceError } from "../../src/block/errors.ts";
import {
  discardStep,
  flushStep,
  type Plan,
  readStep,
  sleepStep,
  writeStep,
  zeroStep,
} from "../../src/block/plan.ts";
import { sectorsToBytes } from "../../src/block/units.ts";
import { parseHex } from "./disk.ts";
import type { Machine } from "./machine.ts";
import { listRuns, makeP1, sha256 } from "./patterns.ts";
import { planShell } from "./shell.ts";

/** What an operation answers. */
export interface Answer {
  /** 0, an errno name, or an exit status. */
  rc: string | number;
  out: string;
}

/** An operation whose answer is the recording machine's own business, and why. */
export interface Informative {
  informative: string;
}

/** The recorder read so much at a time, and named the request that failed. */
const READ_SECTORS_MAX = 2048;

/** Errno names that the recorded machine's interface has in place of ours. */
const ERRNO_NAMES: Partial<Record<string, string>> = { ENOTSUP: "EOPNOTSUPP", EROFS: "EPERM" };

const errnoName = (error: BlockDeviceError) => ERRNO_NAMES[error.code] ?? error.code;

/** Performs a request on a device; a refusal is an answer. */
function* request(
  machine: Machine,
  name: string,
  work: (device: BlockDevice) => Plan<string>,
): Plan<Answer> {
  const device = machine.find(name);
  if (device === undefined) return { rc: "ENOENT", out: "" };
  try {
    return { rc: 0, out: yield* work(device) };
  } catch (error) {
    if (!(error instanceof BlockDeviceError)) throw error;
    return { rc: errnoName(error), out: error instanceof ReadError ? error.out : "" };
  }
}

/** A read that failed; the recorder printed which. */
class ReadError extends BlockDeviceError {
  constructor(cause: BlockDeviceError, readonly out: string) {
    super(cause.code, cause.message, { cause });
  }
}

function* readAll(device: BlockDevice, words: readonly string[]): Plan<Uint8Array> {
  const sector = Number(words[0] ?? 0);
  const sectorCount = words[1] === undefined ? device.sectorCount - sector : Number(words[1]);
  const bytes = new Uint8Array(sectorsToBytes(sectorCount));
  for (let done = 0; done < sectorCount; done += READ_SECTORS_MAX) {
    const end = Math.min(done + READ_SECTORS_MAX, sectorCount);
    const piece = bytes.subarray(sectorsToBytes(done), sectorsToBytes(end));
    try {
      yield readStep(device, piece, sector + done);
    } catch (error) {
      if (!(error instanceof BlockDeviceError)) throw error;
      const what = `read of ${piece.length} bytes at sector ${sector + done} failed`;
      throw new ReadError(error, what);
    }
  }
  return bytes;
}

function write(
  machine: Machine,
  [name = "", sector = ""]: readonly string[],
  bytesFor: (device: BlockDevice) => Uint8Array,
): Plan<Answer> {
  return request(machine, name, function* (device) {
    yield writeStep(device, bytesFor(device), Number(sector));
    return "";
  });
}

function* dmsetup(machine: Machine, words: readonly string[], input = ""): Plan<Answer> {
  const { exitStatus, output } = yield* machine.planDmsetup(words, input);
  return { rc: exitStatus, out: output.replace(/\n+$/, "") };
}

function loadTable(machine: Machine, verb: string, line: string): Plan<Answer> {
  const [, name = "", table = ""] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
  return dmsetup(machine, [verb, name], table);
}

function* waitForMerge(machine: Machine, name: string, timeMs: number): Plan<Answer> {
  const PAUSE_MS = 20;
  for (let leftMs = timeMs;; leftMs -= PAUSE_MS) {
    const answer = yield* dmsetup(machine, ["status", name]);
    const numbers = /(\d+)\/\d+ (\d+)$/.exec(answer.out);
    if (numbers === null || numbers[1] === numbers[2]) return answer;
    if (leftMs <= 0) return { ...answer, rc: "ETIME" };
    yield sleepStep(PAUSE_MS);
  }
}

type Operation = (
  machine: Machine,
  words: readonly string[],
  line: string,
) => Plan<Answer | Informative>;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  write: (machine, words) => {
    const [, sector, count, salt] = words;
    return write(machine, words, () => makeP1(Number(count), Number(sector), Number(salt)));
  },
  rewrite: (machine, words) => {
    const [, , count, salt, base] = words;
    return write(machine, words, () => makeP1(Number(count), Number(base), Number(salt)));
  },
  fill: (machine, words) => {
    const [, , count, byte] = words;
    const bytes = new Uint8Array(sectorsToBytes(Number(count)));
    return write(machine, words, () => bytes.fill(Number(byte)));
  },
  hex: (machine, words) =>
    write(machine, words, (device) => {
      const block = new Uint8Array(sectorsToBytes(device.limits.logicalSectors));
      block.set(parseHex(words[2] ?? ""));
      return block;
    }),
  discard: (machine, [name = "", sector, count]) =>
    request(machine, name, function* (device) {
      yield discardStep(device, Number(sector), Number(count));
      return "";
    }),
  zeroout: (machine, [name = "", sector, count]) =>
    request(machine, name, function* (device) {
      yield zeroStep(device, Number(sector), Number(count));
      return "";
    }),
  flush: (machine, [name = ""]) =>
    request(machine, name, function* (device) {
      yield flushStep(device);
      return "";
    }),
  sha256: (machine, [name = "", ...range]) =>
    request(machine, name, function* (device) {
      return sha256(yield* readAll(device, range));
    }),
  runs: (machine, [name = "", ...range]) =>
    request(machine, name, function* (device) {
      return listRuns(yield* readAll(device, range), Number(range[0] ?? 0));
    }),
  size: (machine, [name = ""]) =>
    // deno-lint-ignore require-yield
    request(machine, name, function* (device) {
      return String(device.sectorCount);
    }),
  dm: (machine, words) => dmsetup(machine, words),
  create: (machine, _words, line) => loadTable(machine, "create", line),
  reload: (machine, _words, line) => loadTable(machine, "reload", line),
  waitmerge: (machine, [name = "", timeMs]) => waitForMerge(machine, name, Number(timeMs)),
  sh: (machine, _words, line) => planShell(machine, line),
  // What is traced is in the transcript.
  traceon: () => answered(),
  trace: () => answered(),
  sleep: () => informative("time"),
};

// deno-lint-ignore require-yield
function* answered(): Plan<Answer> {
  return { rc: 0, out: "" };
}

// deno-lint-ignore require-yield
function* informative(why: string): Plan<Informative> {
  return { informative: why };
}

/**
 * Does an operation.
 *
 * @param machine Where.
 * @param line The operation as recorded.
 * @returns Its answer, or why there is none to compare.
 */
export function planOperation(machine: Machine, line: string): Plan<Answer | Informative> {
  const [, verb = "", rest = ""] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
  const operation = OPERATIONS[verb];
  if (operation === undefined) throw new TypeError(`Cannot do "${line}": unknown operation`);
  const words = rest.split(/\s+/).filter((word) => word !== "");
  return operation(machine, words, rest);
}

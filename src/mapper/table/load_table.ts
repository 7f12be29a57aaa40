/**
 * Loading a table: from lines to targets, all of them or none.
 *
 * The checks are dm's, in dm's order, each with dm's log line:
 *
 * | check | log, behind `device-mapper: table: 253:0: ` |
 * |---|---|
 * | a line has a length | `zero-length target` |
 * | its type is known | `bogus: unknown target type` |
 * | it begins where the line before it ends | `snapshot: Gap in table (-EINVAL)` |
 * | the target takes its arguments | `snapshot: requires 4 or more arguments (-EINVAL)` |
 * | the devices below are big enough | `vda too small for target: start=0, len=…, dev_size=…` |
 * | and aligned | `len=… not aligned to h/w logical block size …` |
 *
 * dm makes the last two checks after the targets were constructed, when a snapshot may already have
 * written to its COW device; here they come first, so a refused table leaves no trace.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { BlockDeviceError, codeOf, type ErrorCode } from "../../block/errors.ts";
import type { Plan } from "../../block/plan.ts";
import { isAligned, SECTOR_BYTES } from "../../block/units.ts";
import type { Target } from "../../targets/target.ts";
import { TargetError } from "../../targets/target_error.ts";
import { MapperError } from "../mapper_error.ts";
import { readOnly } from "./read_only.ts";
import type { TableLine } from "./table_line.ts";
import type { DeviceUse, TargetType } from "./target_types.ts";

/** What a table is loaded into and with. */
export interface TableContext {
  /** The mapped device's name. */
  readonly name: string;
  /** Its number. */
  readonly number: string;
  /** Whether a device is, or lies on, the mapped device, so that its table may not use it. */
  readonly isAbove: (device: BlockDevice) => boolean;
  /** Targets are going to refuse writes. */
  readonly isReadOnly: boolean;
  /** The device that a word means, if any. */
  readonly find: (word: string) => BlockDevice | undefined;
  /** A device as table lines name it. */
  readonly deviceWord: (device: BlockDevice) => string;
  /** A device as the kernel's log names it. */
  readonly kernelName: (device: BlockDevice) => string;
  /** The target type of this name, if any. */
  readonly typeOf: (name: string) => TargetType | undefined;
  /** Takes a line of the kernel's log. */
  readonly log: (line: string) => void;
}

/** A device that does not fit its use. dm tells it apart from a target's own refusals. */
class LimitsError extends BlockDeviceError {
  constructor(readonly logLine: string, message: string, place: { device: string }) {
    super("EINVAL", message, place);
  }
}

function requireFit(device: BlockDevice, use: DeviceUse, context: TableContext): void {
  const { startSector = 0, sectorCount } = use;
  if (sectorCount === undefined) return;
  const { name } = device;
  const kernelName = context.kernelName(device);
  if (startSector + sectorCount > device.sectorCount) {
    throw new LimitsError(
      `${kernelName} too small for target: start=${startSector}, len=${sectorCount}, ` +
        `dev_size=${device.sectorCount}`,
      `Cannot use ${sectorCount} sectors at sector ${startSector} of "${name}": ` +
        `the device ends at sector ${device.sectorCount}`,
      { device: name },
    );
  }
  const { logicalSectors } = device.limits;
  for (const [word, value] of [["start", startSector], ["len", sectorCount]] as const) {
    if (isAligned(value, logicalSectors)) continue;
    throw new LimitsError(
      `${word}=${value} not aligned to h/w logical block size ` +
        `${logicalSectors * SECTOR_BYTES} of ${kernelName}`,
      `Cannot use ${sectorCount} sectors at sector ${startSector} of "${name}": ` +
        `want multiples of ${logicalSectors} sectors, the device's logical block`,
      { device: name },
    );
  }
}

function openDevice(word: string, use: DeviceUse, context: TableContext): BlockDevice {
  const device = context.find(word);
  if (device === undefined) {
    throw new TargetError("ENODEV", use.reason, `Cannot find a device "${word}"`);
  }
  if (context.isAbove(device)) {
    throw new TargetError(
      "EINVAL",
      use.reason,
      `Cannot use "${word}" in the table of "${context.name}": a device cannot lie on itself`,
    );
  }
  if (use.isWritten && !device.supports.write) {
    throw new TargetError("EROFS", use.reason, `Cannot write to "${word}": it is read-only`);
  }
  requireFit(device, use, context);
  return device;
}

/** The log of a target's refusal, in dm's words. */
function refusalLines(error: unknown, type: string): string[] {
  if (error instanceof LimitsError) {
    return [
      error.logLine,
      "core: Cannot calculate initial queue limits",
      "ioctl: unable to set up device queue for new table.",
    ];
  }
  const reason = error instanceof TargetError ? error.reason : "Unknown error";
  return [`${type}: ${reason} (-${codeOf(error)})`, "ioctl: error adding target to table"];
}

/** One load: its context, and what it has logged so far. */
class TableLoad {
  readonly #context: TableContext;
  readonly #logLines: string[] = [];
  #isLoading = true;

  constructor(context: TableContext) {
    this.#context = context;
  }

  #log(line: string): void {
    // Targets go on logging for as long as they live; that is no longer about the load.
    if (this.#isLoading) this.#logLines.push(line);
    this.#context.log(line);
  }

  /** Logs and makes the error; the first line is about this table. */
  #fail(code: ErrorCode, message: string, lines: string[], cause?: unknown): MapperError {
    const { name, number } = this.#context;
    const [first = "", ...others] = lines;
    this.#log(`table: ${number}: ${first}`);
    for (const line of others) this.#log(line);
    const place = { device: name, number, logLines: this.#logLines, cause };
    return new MapperError("reload", code, message, place);
  }

  #failLine(position: number, what: string, line: string): MapperError {
    const message = `Cannot load line ${position} of the table of "${this.#context.name}": ${what}`;
    return this.#fail("EINVAL", message, [line, "ioctl: error adding target to table"]);
  }

  #typeOf(line: TableLine, position: number, nextSector: number): TargetType {
    if (line.sectorCount === 0) {
      throw this.#failLine(position, "its length is 0", "zero-length target");
    }
    const type = this.#context.typeOf(line.type);
    if (type === undefined) {
      const what = `there is no target type "${line.type}"`;
      throw this.#failLine(position, what, `${line.type}: unknown target type`);
    }
    if (line.startSector !== nextSector) {
      const what = `it begins at sector ${line.startSector}, want ${nextSector}`;
      throw this.#failLine(position, what, `${line.type}: Gap in table (-EINVAL)`);
    }
    return type;
  }

  *#planTarget(line: TableLine, type: TargetType): Plan<Target> {
    const context = this.#context;
    const { isReadOnly } = context;
    try {
      const target = yield* type.plan(line.words, {
        sectorCount: line.sectorCount,
        isReadOnly,
        openDevice: (word, use) => openDevice(word, use, context),
        deviceWord: context.deviceWord,
        log: (text) => this.#log(text),
      });
      return isReadOnly ? readOnly(target) : target;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw this.#fail(codeOf(error), message, refusalLines(error, line.type), error);
    }
  }

  *plan(lines: readonly TableLine[]): Plan<Target[]> {
    const targets: Target[] = [];
    try {
      let nextSector = 0;
      for (const line of lines) {
        const type = this.#typeOf(line, targets.length + 1, nextSector);
        targets.push(yield* this.#planTarget(line, type));
        nextSector += line.sectorCount;
      }
    } catch (error) {
      for (const target of targets.reverse()) yield* target.destroy();
      throw error;
    }
    this.#isLoading = false;
    return targets;
  }
}

/**
 * Constructs the targets of a table.
 *
 * @param lines The lines, in order.
 * @param context What they are loaded into and with.
 * @returns A plan whose result is the targets. When it fails, those already constructed have been
 * destroyed.
 * @throws {MapperError} With the code of what went wrong and dm's log lines.
 */
export function* planTargets(lines: readonly TableLine[], context: TableContext): Plan<Target[]> {
  if (lines.length > 0) return yield* new TableLoad(context).plan(lines);
  const { name, number } = context;
  const logLines = ["ioctl: populate_table: no targets specified"];
  logLines.forEach(context.log);
  const message = `Cannot load a table without lines into "${name}"`;
  throw new MapperError("reload", "EINVAL", message, { device: name, number, logLines });
}

/**
 * The mapper's verbs that do I/O, as plans.
 *
 * A verb that fails has changed nothing, but that a device whose `create` fails has existed for a
 * while, as in dm.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { codeOf, ERROR_CODES, type ErrorCode } from "../block/errors.ts";
import { type Plan, waitStep } from "../block/plan.ts";
import type { DeviceDirectory, MappedEntry } from "./device_directory.ts";
import { planTargets } from "./table/load_table.ts";
import { MappedDevice } from "./mapped_device.ts";
import { MapperError, type MapperVerb } from "./mapper_error.ts";
import { parseTable, type TableLine } from "./table/table_line.ts";
import type { TargetType } from "./table/target_types.ts";

/** dm's limit on a device's name. */
const NAME_LENGTH_MAX = 127;

/** How a table is loaded. */
export interface LoadOptions {
  /** The mapped device refuses writes. */
  readonly isReadOnly?: boolean;
}

/** How a mapped device is made. */
export interface CreateOptions extends LoadOptions {
  /** The part of its number behind the colon. Default: the lowest that is free. */
  readonly minor?: number;
}

/** What plans are made with. */
export interface MapperWorld {
  /** The devices. */
  readonly directory: DeviceDirectory;
  /** The target types, by name. */
  readonly types: ReadonlyMap<string, TargetType>;
  /** Takes what the kernel would log. */
  readonly log: (line: string) => void;
}

/**
 * What becomes of work that a table does on its own, such as a merge: `beside`, it is begun and goes
 * on by promises; `within`, the verb that begins it ends when the work has ended, because there are
 * no promises.
 */
export type BackgroundWork = "beside" | "within";

/** The verbs that do I/O, as plans for a runner of one's own. Each is told of at `Mapper`. */
export interface MapperVerbs {
  /**
   * As `Mapper.create`.
   *
   * @param name The new device's name.
   * @param table Its table; `null` for none yet.
   * @param options Whether it is read-only, and its number.
   */
  create(name: string, table: string | null, options?: CreateOptions): Plan;
  /**
   * As `Mapper.load`.
   *
   * @param word The mapped device.
   * @param table The table.
   * @param options Whether it is read-only.
   */
  load(word: string, table: string, options?: LoadOptions): Plan;
  /**
   * As `Mapper.clear`.
   *
   * @param word The mapped device.
   */
  clear(word: string): Plan;
  /**
   * As `Mapper.suspend`.
   *
   * @param word The mapped device.
   */
  suspend(word: string): Plan;
  /**
   * As `Mapper.resume`.
   *
   * @param word The mapped device.
   */
  resume(word: string): Plan;
  /**
   * As `Mapper.remove`.
   *
   * @param word The mapped device.
   */
  remove(word: string): Plan;
  /** As `Mapper.removeAll`. */
  removeAll(): Plan;
  /**
   * As `Mapper.wait`.
   *
   * @param word The mapped device.
   * @param eventNumber The number of the last event that is known.
   */
  wait(word: string, eventNumber: number): Plan<number>;
}

/** Makes the plans of the verbs. */
export class MapperPlans implements MapperVerbs {
  readonly #directory: DeviceDirectory;
  readonly #types: ReadonlyMap<string, TargetType>;
  readonly #log: (line: string) => void;
  readonly #backgroundWork: BackgroundWork;

  /**
   * Plans for one kind of runner.
   *
   * @param world The devices, the target types and the log.
   * @param backgroundWork What the runner can do about it.
   */
  constructor(world: MapperWorld, backgroundWork: BackgroundWork) {
    this.#directory = world.directory;
    this.#types = world.types;
    this.#log = world.log;
    this.#backgroundWork = backgroundWork;
  }

  /**
   * The mapped device that a word means.
   *
   * @param word Its name, path or number.
   * @param verb For what, for the message.
   * @throws {MapperError} `ENXIO` when there is none.
   */
  entry(word: string, verb: MapperVerb): MappedEntry {
    const entry = this.#directory.findMapped(word);
    if (entry !== undefined) return entry;
    const message = `Cannot ${verb} "${word}": there is no such mapped device`;
    throw new MapperError(verb, "ENXIO", message, { device: word });
  }

  /**
   * Checks that a mapped device may be called so.
   *
   * @param name The name it is to have.
   * @param verb For what, for the message.
   * @param device What it is called now.
   * @throws {MapperError} `EINVAL` or `EBUSY`.
   */
  requireName(name: string, verb: "create" | "rename", device: string): void {
    const refuse = (code: ErrorCode, why: string, line: string) => {
      this.#log(line);
      const place = { device, logLines: [line] };
      return new MapperError(verb, code, `Cannot ${verb} "${device}": ${why}`, place);
    };
    if (name === "" || name.includes("/") || name.length > NAME_LENGTH_MAX) {
      throw refuse("EINVAL", `"${name}" is no name for a device`, "ioctl: invalid device name");
    }
    if (!this.#directory.mapped.some((entry) => entry.name === name)) return;
    const line = verb === "create"
      ? `ioctl: device ${name} already exists`
      : `ioctl: Unable to change name on mapped device ${device} to one that already exists: ${name}`;
    throw refuse("EBUSY", `there is already a device "${name}"`, line);
  }

  *create(name: string, table: string | null, options: CreateOptions = {}): Plan {
    const lines = parseTable(table ?? "");
    this.requireName(name, "create", name);
    const { minor } = options;
    if (minor !== undefined && !this.#directory.isFreeMinor(minor)) {
      const message = `Cannot create "${name}": there is already a device with the minor ${minor}`;
      throw new MapperError("create", "EBUSY", message, { device: name });
    }
    const entry = this.#directory.addMapped(name, new MappedDevice(name), minor);
    if (table === null) return;
    let isCreated = false;
    try {
      yield* this.#load(entry, lines, options);
      yield* this.#resume(entry);
      isCreated = true;
    } finally {
      if (!isCreated) yield* this.#forget(entry);
    }
  }

  *load(word: string, table: string, options: LoadOptions = {}): Plan {
    const lines = parseTable(table);
    yield* this.#load(this.entry(word, "reload"), lines, options);
  }

  *#load(entry: MappedEntry, lines: readonly TableLine[], options: LoadOptions): Plan {
    const { name, number, device } = entry;
    const targets = yield* planTargets(lines, {
      name,
      number,
      isAbove: (other) => this.#directory.liesOn(other, device),
      isReadOnly: options.isReadOnly ?? false,
      find: (word) => this.#directory.find(word),
      deviceWord: (below) => this.#directory.numberOf(below),
      kernelName: (below) => this.#directory.kernelNameOf(below),
      typeOf: (type) => this.#types.get(type),
      log: this.#log,
    });
    yield* device.load(targets);
  }

  *clear(word: string): Plan {
    yield* this.entry(word, "clear").device.clear();
  }

  *suspend(word: string): Plan {
    yield* this.entry(word, "suspend").device.suspend();
  }

  *resume(word: string): Plan {
    yield* this.#resume(this.entry(word, "resume"));
  }

  *#resume(entry: MappedEntry): Plan {
    const { name, number, device } = entry;
    const [target] = device.inactiveTargets ?? device.activeTargets ?? [];
    try {
      yield* device.resume();
    } catch (error) {
      const code = codeOf(error);
      const line = `table: ${number}: ${target?.type}: preresume failed, ` +
        `error = -${ERROR_CODES[code].errno}`;
      this.#log(line);
      const message = error instanceof Error ? error.message : String(error);
      const place = { device: name, number, logLines: [line], cause: error };
      throw new MapperError("resume", code, message, place);
    }
    if (this.#backgroundWork === "within") yield* device.background();
    else void device.startBackground();
  }

  *remove(word: string): Plan {
    const entry = this.entry(word, "remove");
    const [user] = this.#directory.usersOf(entry.device);
    if (user !== undefined) {
      const message = `Cannot remove "${entry.name}": the table of "${user.name}" uses it`;
      throw new MapperError("remove", "EBUSY", message, { device: entry.name });
    }
    yield* this.#forget(entry);
  }

  *removeAll(): Plan {
    const nextUnused = () =>
      this.#directory.mapped.find((entry) => this.#directory.usersOf(entry.device).length === 0);
    for (let entry = nextUnused(); entry !== undefined; entry = nextUnused()) {
      yield* this.#forget(entry);
    }
  }

  *#forget(entry: MappedEntry): Plan {
    // First the name, so that nobody begins to use a device that is going away.
    this.#directory.removeMapped(entry);
    yield* entry.device.destroy();
  }

  *wait(word: string, eventNumber: number): Plan<number> {
    const { device, name } = this.entry(word, "waitevent");
    while (device.eventNumber === eventNumber) {
      yield waitStep(device.nextEvent, `an event of "${name}"`);
    }
    return device.eventNumber;
  }
}

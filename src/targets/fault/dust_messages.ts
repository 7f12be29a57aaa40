/**
 * The messages of a dust target: the list of bad blocks, and whether they fail.
 *
 * | message | answer |
 * |---|---|
 * | `addbadblock <block> [<write fail count>]` | |
 * | `removebadblock <block>` | |
 * | `queryblock <block>` | `dust_query_block: block 60 found in badblocklist`, or `not found` |
 * | `countbadblocks` | `countbadblocks: 3 badblock(s) found` |
 * | `listbadblocks` | a line for each, or `No blocks in badblocklist` |
 * | `clearbadblocks` | `dust_clear_badblocks: badblocks cleared`, or `no badblocks found` |
 * | `enable`, `disable`, `quiet` | |
 *
 * Words are the same in any case. `quiet` is a toggle: what happens to blocks is logged, or not.
 *
 * This module is browser compatible.
 *
 * @see drivers/md/dm-dust.c, `dust_message()`
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import { BadBlockList, WRITE_FAILURES_MAX } from "./bad_block_list.ts";

/** What messages are understood with. */
export interface DustMessagesOptions {
  /** The device below, for refusals. */
  readonly deviceName: string;
  /** How many blocks there are. */
  readonly blockCount: number;
  /** Takes a line of the kernel's log, without the prefix `device-mapper: `. */
  readonly log: (line: string) => void;
}

/** What messages have said so far. */
export class DustMessages {
  /** The bad blocks. */
  readonly badBlocks = new BadBlockList();
  readonly #deviceName: string;
  readonly #blockCount: number;
  readonly #writeLog: (line: string) => void;
  #isEnabled = false;
  #isQuiet = false;

  /**
   * Nothing was said: no block is bad, none fails, and what happens is logged.
   *
   * @param options The device, how many blocks it has, and where the log goes.
   */
  constructor(options: DustMessagesOptions) {
    this.#deviceName = options.deviceName;
    this.#blockCount = options.blockCount;
    this.#writeLog = options.log;
  }

  /** Whether bad blocks fail. */
  get isEnabled(): boolean {
    return this.#isEnabled;
  }

  /** Whether what becomes of blocks is not logged. */
  get isQuiet(): boolean {
    return this.#isQuiet;
  }

  /**
   * Does what a message says.
   *
   * @param words The message.
   * @returns The answer; often empty.
   * @throws {BlockDeviceError} `EINVAL` when it is none, with dm's line in the log.
   */
  send(words: readonly string[]): string {
    const [name = "", blockWord, countWord] = words;
    const verb = name.toLowerCase();
    if (words.length === 1) return this.#plainMessage(verb, name);
    if (blockWord === undefined || words.length > 3) {
      throw this.#refuse(`invalid number of arguments '${words.length}'`);
    }
    const block = parseNumber(blockWord);
    const writeFailures = parseNumber(countWord ?? "0");
    // dm says nothing of what is not a number.
    if (block === null) throw this.#refuse(null, `"${blockWord}" is no block's number`);
    if (writeFailures === null) throw this.#refuse(null, `"${countWord}" is no count`);
    if (writeFailures > WRITE_FAILURES_MAX) {
      throw this.#refuse("selected write fail count out of range");
    }
    if (block >= this.#blockCount) {
      throw this.#refuse("selected block value out of range");
    }
    if (verb === "addbadblock") return this.#add(block, writeFailures);
    if (verb === "removebadblock" && countWord === undefined) return this.#remove(block);
    if (verb === "queryblock" && countWord === undefined) return this.#query(block);
    throw this.#refuse(`unrecognized message '${name}' received`);
  }

  #plainMessage(verb: string, name: string): string {
    switch (verb) {
      case "addbadblock":
      case "removebadblock":
      case "queryblock":
        throw this.#refuse(`${name} requires an additional argument`);
      case "enable":
      case "disable":
        this.#isEnabled = verb === "enable";
        this.#log(`${verb.slice(0, -1)}ing read failures on bad sectors`);
        return "";
      case "quiet":
        this.#isQuiet = !this.#isQuiet;
        return "";
      case "countbadblocks":
        return `countbadblocks: ${this.badBlocks.count} badblock(s) found`;
      case "listbadblocks":
        return this.badBlocks.blocks.map((block) => `${block}\n`).join("") ||
          "No blocks in badblocklist";
      case "clearbadblocks":
        return this.#clear();
    }
    throw this.#refuse(`unrecognized message '${name}' received`);
  }

  #add(block: number, writeFailures: number): string {
    const line = `dust_add_block: block ${block} already in badblocklist`;
    if (!this.badBlocks.add(block, writeFailures)) throw this.#refuseQuietly(line);
    const count = `with write fail count ${writeFailures}`;
    this.report(`dust_add_block: badblock added at block ${block} ${count}`);
    return "";
  }

  #remove(block: number): string {
    const line = `dust_remove_block: block ${block} not found in badblocklist`;
    if (!this.badBlocks.remove(block)) throw this.#refuseQuietly(line);
    this.report(`dust_remove_block: badblock removed at block ${block}`);
    return "";
  }

  #query(block: number): string {
    const found = this.badBlocks.has(block) ? "found" : "not found";
    return `dust_query_block: block ${block} ${found} in badblocklist`;
  }

  #clear(): string {
    const wasEmpty = this.badBlocks.count === 0;
    this.badBlocks.clear();
    return `dust_clear_badblocks: ${wasEmpty ? "no badblocks found" : "badblocks cleared"}`;
  }

  #log(line: string): void {
    this.#writeLog(`dust: ${line}`);
  }

  /**
   * Logs what has become of a block, unless it is to be quiet.
   *
   * @param line The line.
   */
  report(line: string): void {
    if (!this.#isQuiet) this.#log(line);
  }

  #refuse(line: string | null, why = line): BlockDeviceError {
    if (line !== null) this.#log(line);
    const name = this.#deviceName;
    const message = `Cannot do what the message to the dust target over "${name}" says: ${why}`;
    return new BlockDeviceError("EINVAL", message, { device: name });
  }

  #refuseQuietly(line: string): BlockDeviceError {
    this.report(line);
    return this.#refuse(null, line);
  }
}

/** The number that a word is, if it is one that can be counted to. */
function parseNumber(word: string): number | null {
  const number = /^\d+$/.test(word) ? Number(word) : NaN;
  return Number.isSafeInteger(number) ? number : null;
}

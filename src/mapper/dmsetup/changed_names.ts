/**
 * Which devices a command of dmsetup changes, so that it can have its turn on them.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { DmsetupCall } from "./dmsetup_call.ts";
import type { Mapper } from "../mapper.ts";

/** Commands that change the devices that they name. */
const CHANGES: ReadonlySet<string> = new Set([
  ...["create", "load", "reload", "clear", "suspend", "resume", "remove", "rename", "message"],
]);

/**
 * The devices that a command changes.
 *
 * @param mapper Where they are.
 * @param words The command's words, without `dmsetup` itself.
 * @returns Their names, whatever words stand for them; `null` when it changes nothing.
 */
export function changedNames(
  mapper: Mapper,
  words: readonly string[],
): readonly string[] | "all" | null {
  const [name = "", ...rest] = words;
  if (name === "remove_all") return "all";
  if (!CHANGES.has(name)) return null;
  const { names, flags } = new DmsetupCall(mapper, mapper.plans, rest, "");
  return flags.has("concise") ? "all" : names.map((word) => mapper.find(word)?.name ?? word);
}

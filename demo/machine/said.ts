/**
 * What a guest says over its serial port, for people.
 *
 * @module
 */
import { STATUS_MARK } from "./linux_facts.ts";

/** The status of a command that went well is of no interest; another one is. */
const STATUS = new RegExp(`\n?${STATUS_MARK}(\\d+)\n`, "g");

/**
 * Takes out what is for programs.
 *
 * @param said As it came.
 * @returns What is shown.
 */
export function readable(said: string): string {
  return said.replaceAll("\r", "").replace(
    STATUS,
    (_, status) => status === "0" ? "" : `\n[status ${status}]\n`,
  );
}

/**
 * The tree of `dmsetup ls --tree`: each device that nobody uses, and below it what it lies on.
 *
 *     snap (253:1)
 *      ├─ (7:1)
 *      └─ (7:0)
 *
 * A device that two others use is there twice. What is no mapped device has only its number.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Mapper } from "../mapper.ts";

/**
 * Draws all mapped devices and what they lie on.
 *
 * @param mapper The devices.
 * @returns The lines.
 */
export function treeLines(mapper: Mapper): string[] {
  const nameOf = new Map(mapper.names.map((name) => [mapper.info(name).number, name]));
  const lines: string[] = [];
  const draw = (number: string, branch: string, indent: string) => {
    const name = nameOf.get(number);
    lines.push(`${branch}${name ?? ""} (${number})`);
    const below = name === undefined ? [] : mapper.deps(name);
    for (const [index, each] of below.entries()) {
      const isLast = index === below.length - 1;
      draw(each, `${indent}${isLast ? " └─" : " ├─"}`, `${indent}${isLast ? "   " : " │ "}`);
    }
  };
  for (const [number, name] of nameOf) if (mapper.info(name).openCount === 0) draw(number, "", "");
  return lines;
}

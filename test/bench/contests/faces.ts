/**
 * The faces of a device: at once, by promises one after another, by promises many at a time.
 *
 * @module
 */
import type { Runner } from "../harness/contest.ts";

/** How requests are made. */
export type Face = "sync" | "async" | "16 in flight";

/** All of them. */
export const FACES: readonly Face[] = ["sync", "async", "16 in flight"];

const IN_FLIGHT = 16;

/** A request by either face; `lane` tells those apart that are in flight together. */
export interface Requests {
  sync(index: number): void;
  async(index: number, lane: number): Promise<void>;
}

/** A runner that makes so many requests. */
export function runnerBy(
  face: Face,
  name: string,
  operations: number,
  requests: () => Requests,
  prepare?: () => void,
): Runner {
  const prepared = { prepare: prepare ?? (() => void requests()) };
  if (face === "sync") {
    const run = () => {
      const { sync } = requests();
      for (let index = 0; index < operations; index++) sync(index);
    };
    return { name, ...prepared, run };
  }
  const width = face === "async" ? 1 : IN_FLIGHT;
  const run = async () => {
    const request = requests().async;
    for (let index = 0; index < operations; index += width) {
      const going: Promise<void>[] = [];
      for (let lane = 0; lane < width && index + lane < operations; lane++) {
        going.push(request(index + lane, lane));
      }
      await Promise.all(going);
    }
  };
  return { name: `${name}, ${face}`, ...prepared, run };
}

/**
 * A contest: one thing done by cowdisk, beside the least that any code must do for it, and beside
 * others who do it.
 *
 * The *floor* is the bare copies of the same random places and nothing else: no check, no look-up,
 * no call that could be left out. Floor and runners draw from the same places of regions of the same
 * size, so that caches treat them alike. Where nothing bare can be named the floor is a peer, and the
 * title says "against".
 *
 * @module
 */

/** Whether this run only asks if the bench still runs: small sizes, few rounds. */
export const isSmoke: boolean = Deno.args.includes("--smoke");

/** Whether this run takes the time for what is largest. */
export const isLong: boolean = Deno.args.includes("--long");

/** Operations in a round, where a contest does not say another number. */
export const OPERATIONS = isSmoke ? 20 : 1000;

/** One way to do it. */
export interface Runner {
  readonly name: string;
  /** How often it does the thing in a round, where that is not what its contest says. */
  readonly operations?: number;
  /** Before each round, off the clock. */
  prepare?(): void;
  /** A round: all operations of the contest. */
  run(): void | Promise<void>;
}

/** Several ways to do one thing. */
export interface Contest {
  /** What is done. */
  readonly title: string;
  /** How often it is done in one round. */
  readonly operations: number;
  /** The floor. */
  readonly floor: Runner;
  /** Peers, what is between the floor and cowdisk, and cowdisk, which comes last. */
  readonly runners: readonly Runner[];
}

/** A runner that does one thing again and again, as often as a round has operations. */
export function repeat(
  name: string,
  operation: (index: number) => void,
  prepare?: () => void,
): Runner {
  return {
    name,
    ...(prepare === undefined ? {} : { prepare }),
    run() {
      for (let index = 0; index < OPERATIONS; index++) operation(index);
    },
  };
}

/** Makes a value when it is first asked for: a row that is left out costs nothing. */
export function lazy<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

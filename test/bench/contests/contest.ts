/**
 * A contest: one thing done by cowdisk, beside the least that any code must do for it.
 *
 * The *floor* is the bare copies of the same random places and nothing else: no check, no look-up,
 * no call that could be left out. Floor and runners draw from the same places of regions of the same
 * size, so that caches treat them alike.
 *
 * A contest is written once and used twice: `deno bench` registers it, `marks.ts` takes its rounds
 * by turns.
 *
 * @module
 */

/** Whether this run only asks if the benches still run: small sizes, few rounds. */
export const isSmoke = Deno.env.get("COWDISK_BENCH_SMOKE") === "1";

/** Operations in a round: with 1000, a round's milliseconds are an operation's microseconds. */
export const OPERATIONS = isSmoke ? 20 : 1000;

/** One way to do it. */
export interface Runner {
  readonly name: string;
  /** Before each round, off the clock. */
  prepare?(): void;
  /** A round: all operations of the contest. */
  run(): void;
}

/** Several ways to do one thing. */
export interface Contest {
  /** What is done. */
  readonly title: string;
  /** How often it is done in one round. */
  readonly operations: number;
  /** The floor. */
  readonly floor: Runner;
  /** What is between the floor and cowdisk, and cowdisk, which comes last. */
  readonly runners: readonly Runner[];
}

/** Hands a contest to `deno bench`. */
export function register({ title, operations, floor, runners }: Contest): void {
  const group = operations === 1 ? title : `${title}, ${operations} times`;
  for (const runner of [floor, ...runners]) {
    Deno.bench({
      group,
      // `--filter` looks at names, not at groups.
      name: `${title}: ${runner.name}`,
      baseline: runner === floor,
      ...(isSmoke ? { n: 1, warmup: 1 } : {}),
      fn(bench) {
        runner.prepare?.();
        bench.start();
        runner.run();
        bench.end();
      },
    });
  }
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

/** Makes a value when it is first asked for: a bench that is filtered out costs nothing. */
export function lazy<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

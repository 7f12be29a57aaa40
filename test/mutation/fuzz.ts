/**
 * Many mutated images, by seed: drawing, trying, counting; and shrinking what fails.
 *
 * A seed is a base's name, a slash and a text: `few-1/17`.
 */
import { Prng } from "../../src/testing/prng.ts";
import { type BaseImage, largeBases, smallBases } from "./bases.ts";
import { withCountedMemory } from "./counted_memory.ts";
import { applyMutation, drawMutations, type Mutation } from "./mutations.ts";
import { OURS, type Subject } from "./subject.ts";
import { tryImage } from "./trial.ts";
import { Workbench } from "./workbench.ts";

/** How likely it is that memory is counted, which takes time. */
const COUNTING_PROBABILITY = 0.05;

/** How many images came to what. */
export type Outcomes = Record<string, number>;

/** Workbenches by name, made when they are needed. */
export class Fuzzer {
  readonly outcomes: Outcomes = {};
  imageCount = 0;
  readonly #bases: readonly BaseImage[];
  readonly #others: readonly BaseImage[];
  readonly #subject: Subject;
  readonly #benches = new Map<string, Workbench>();

  /**
   * A fuzzer that has tried nothing.
   *
   * @param size Which bases it mutates.
   * @param subject What is fuzzed.
   */
  constructor(size: "small" | "large", subject: Subject = OURS) {
    this.#others = smallBases();
    this.#bases = size === "small" ? this.#others : largeBases();
    this.#subject = subject;
  }

  /** The names of the bases. */
  get names(): string[] {
    return this.#bases.map(({ name }) => name);
  }

  /**
   * Tries a seed.
   *
   * @param seed A base's name, a slash and a text.
   * @throws {Error} When a law does not hold: which, after which mutations, and how to replay it.
   */
  try(seed: string): void {
    const bench = this.#benchOf(seed);
    const mutations = drawMutations(Prng.fromSeed(seed), bench.base, this.#others);
    this.imageCount++;
    try {
      const outcome = this.#run(bench, seed, mutations);
      this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
    } catch (first) {
      // What failed may have left a snapshot open.
      this.#benches.delete(bench.base.name);
      const { left, error } = this.#shrink(bench.base, seed, mutations, first);
      throw new Error(
        `${error instanceof Error ? error.message : error}\n\nafter ${left.length} mutations of ` +
          `${bench.base.name}:\n${left.map(wordsOf).join("\n")}\n\n` +
          `seed ${seed}; replay: deno task mutate --seed ${seed}`,
        { cause: error },
      );
    }
  }

  #benchOf(seed: string): Workbench {
    const name = seed.slice(0, seed.indexOf("/"));
    const known = this.#benches.get(name);
    if (known !== undefined) return known;
    const base = this.#bases.find((base) => base.name === name);
    if (base === undefined) {
      throw new RangeError(
        `There is no base for the seed "${seed}": want ${this.names.join(", ")}`,
      );
    }
    const bench = new Workbench(base);
    this.#benches.set(name, bench);
    return bench;
  }

  #run(bench: Workbench, seed: string, mutations: readonly Mutation[]): string {
    bench.disk.restore();
    for (const mutation of mutations) applyMutation(bench.disk, mutation);
    const prng = Prng.fromSeed(`${seed}/then`);
    const isCounted = prng.bool(COUNTING_PROBABILITY);
    return tryImage(bench, isCounted ? withCountedMemory(this.#subject) : this.#subject, prng);
  }

  /** Leaves out mutations, one at a time, as long as what is left still goes wrong. */
  #shrink(base: BaseImage, seed: string, mutations: readonly Mutation[], first: unknown) {
    let left = mutations;
    let error = first;
    for (let at = 0; at < left.length;) {
      const fewer = left.filter((_, index) => index !== at);
      try {
        this.#run(new Workbench(base), seed, fewer);
        at++;
      } catch (other) {
        [left, error] = [fewer, other];
      }
    }
    return { left, error };
  }
}

function wordsOf(mutation: Mutation): string {
  return JSON.stringify(
    mutation,
    (_, value) => typeof value === "bigint" ? `0x${value.toString(16)}` : value,
  );
}

/**
 * `deno task exhaustive`: every sequence of operations up to a length, in every variant.
 *
 *     deno task exhaustive                                   up to 5 operations; as the ordinary test
 *     deno task exhaustive --length 6 --variant P-short      longer, in one variant
 *     deno task exhaustive --variant P --sequence "take o0"  one sequence, as a failure told it
 *
 * Each further operation takes about 15 times as long.
 */
// deno-lint-ignore-file no-console
import process from "node:process";
import { lineOf, sequenceOf } from "./alphabet.ts";
import { explore } from "./enumeration.ts";
import { Trial } from "./trial.ts";
import { type Variant, variantOf, VARIANTS } from "./variants.ts";
import { readWords } from "../words.ts";

const values = readWords({
  length: { type: "string", default: "5" },
  variant: { type: "string" },
  sequence: { type: "string" },
});

function exploreAll(variants: readonly Variant[], lengthMax: number): void {
  const total = { sequenceCount: 0, stateCount: 0 };
  for (const variant of variants) {
    const { sequenceCount, stateCount } = explore(new Trial(variant), lengthMax);
    console.log(`${variant.name}: ${sequenceCount} sequences, ${stateCount} states`);
    total.sequenceCount += sequenceCount;
    total.stateCount += stateCount;
  }
  const { sequenceCount, stateCount } = total;
  console.log(
    `${sequenceCount} sequences of up to ${lengthMax} operations, ${stateCount} states, all right`,
  );
}

function main(): void {
  const variants = values.variant === undefined ? VARIANTS : [variantOf(values.variant)];
  if (values.sequence !== undefined) {
    const sequence = sequenceOf(values.sequence);
    for (const variant of variants) new Trial(variant).try(sequence);
    console.log(`${lineOf(sequence)}: right in ${variants.map(({ name }) => name).join(", ")}`);
    return;
  }
  const lengthMax = Number(values.length);
  if (!Number.isInteger(lengthMax) || lengthMax < 1) {
    throw new Error(`Cannot try sequences of "${values.length}" operations: want 1 or more`);
  }
  exploreAll(variants, lengthMax);
}

try {
  main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

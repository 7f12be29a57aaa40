/** Mutants of images with chunks of more than a sector, and of those that a Linux kernel made. */
import { Fuzzer } from "./fuzz.ts";
import { coverageBlock, fuzzBlock } from "./fuzz_block.ts";

const small = new Fuzzer("small");
fuzzBlock(small, small.names.filter((name) => !name.endsWith("-1")), 12_000);
coverageBlock(small, 50);

const large = new Fuzzer("large");
fuzzBlock(large, large.names, 120);

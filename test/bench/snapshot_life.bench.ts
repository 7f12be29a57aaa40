/** A snapshot's beginning and end: loading its exceptions, and merging it back. */
import { register } from "./contests/contest.ts";
import { load } from "./contests/loads.ts";
import { merge } from "./contests/merges.ts";

for (const lie of ["isolated", "runs"] as const) register(load(lie));
for (const lie of ["isolated", "runs"] as const) register(merge(lie));

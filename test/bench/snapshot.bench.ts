/** The snapshot stack in memory: first touches, overwrites, reads, each beside its floor. */
import { register } from "./contests/contest.ts";
import { copyOut, writePart, writeWhole } from "./contests/first_touches.ts";
import { readKept } from "./contests/kept_reads.ts";
import { EXCEPTION_COUNTS } from "./contests/many_exceptions.ts";
import { overwriteOrigin, overwriteSnapshot } from "./contests/overwrites.ts";
import { readCopied, readUncopied } from "./contests/reads.ts";

for (const contest of [copyOut, writeWhole, writePart]) register(contest());
for (const count of EXCEPTION_COUNTS) register(readCopied(count));
for (const count of EXCEPTION_COUNTS) register(readUncopied(count));
register(readKept());
for (const count of EXCEPTION_COUNTS) register(overwriteSnapshot(count));
for (const count of EXCEPTION_COUNTS) register(overwriteOrigin(count));

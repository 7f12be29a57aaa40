/**
 * A disk in another thread, to a thread that blocks.
 *
 *     deno bench -A test/bench/sync_disk.bench.ts
 *
 * @module
 */
import { register } from "./contests/contest.ts";
import { readBlocking } from "./contests/sync_disk.ts";

register(await readBlocking());

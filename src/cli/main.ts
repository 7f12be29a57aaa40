/**
 * The program `cowdisk`.
 *
 * @module
 */

import process from "node:process";
import { processEnvironment } from "./environment.ts";
import { run } from "./program.ts";

// Exits by itself: standard input, once read, would be waited for to its end.
if (import.meta.main) process.exit(await run(process.argv.slice(2), processEnvironment()));

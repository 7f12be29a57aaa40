/**
 * The program `cowdisk`.
 *
 * @module
 */

import process from "node:process";
import { processEnvironment } from "./environment.ts";
import { run } from "./program.ts";

if (import.meta.main) process.exitCode = await run(process.argv.slice(2), processEnvironment());

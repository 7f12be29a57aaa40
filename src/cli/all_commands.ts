/**
 * All commands at once: one import of many modules is faster than many imports of one.
 *
 * @module
 */

export { addApply } from "./commands/apply.ts";
export { addBench } from "./commands/bench.ts";
export { addCheck } from "./commands/check.ts";
export { addCompletions } from "./commands/completions.ts";
export { addCreate } from "./commands/create.ts";
export { addDiff } from "./commands/diff.ts";
export { addDm } from "./commands/dm.ts";
export { addDump } from "./commands/dump.ts";
export { addExport } from "./commands/export.ts";
export { addHash } from "./commands/hash.ts";
export { addImport } from "./commands/import.ts";
export { addLive } from "./commands/live.ts";
export { addMap } from "./commands/map.ts";
export { addMerge } from "./commands/merge.ts";
export { addRead } from "./commands/read.ts";
export { addServe } from "./commands/serve.ts";
export { addSnapshot } from "./commands/snapshot.ts";
export { addStatus } from "./commands/status.ts";
export { addTable } from "./commands/table.ts";
export { addTour } from "./commands/tour.ts";
export { addVerify } from "./commands/verify.ts";
export { addWatch } from "./commands/watch.ts";
export { addWrite } from "./commands/write.ts";

/**
 * The exports of the kernel, one line each, and nothing else.
 *
 * `src/kernel/module.ts` is the only caller; its `KernelExports` is this list in TypeScript.
 */
export { allocatePages, formatArena, freePages, isFormatted, pagesLimit, pagesUsed } from "./pages";
export { compareBytes, copyBytes, fillBytes, isZero } from "./bytes";
export { clearIndex, createIndex, destroyIndex } from "./exception_index";
export { findRun, listRuns } from "./exception_index";
export { insertRun, removeRun } from "./exception_change";
export { exceptionCount, indexPages, runCount } from "./exception_index";
export { checkIndex } from "./index_check";
export { attachWorkspace, xxh128, xxh128High, xxh3, xxh3Low32 } from "./xxh3";
export { digestStream, digestStream128, resetStream, updateStream } from "./xxh3_stream";

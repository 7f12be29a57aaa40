/**
 * The copier: copies and zeroes sectors in bounded memory, in order, no faster than it should.
 *
 * This module is browser compatible.
 *
 * @module
 */
export { Copier, type CopierOptions } from "./copier.ts";
export { CopyError } from "./copy_error.ts";
export type { CopyJob, CopyTarget, ZeroJob } from "./job.ts";
export { tryCopyInKernel } from "./kernel_copy.ts";
export { Throttle, type ThrottleOptions } from "./throttle.ts";

/**
 * The devices that hold sectors themselves and run everywhere. The file device, which needs
 * `node:fs`, has a door of its own: `cowdisk/file`.
 *
 * This module is browser compatible.
 *
 * @module
 */

export { FramePool, type FramePoolOptions, sharedFramePool } from "./frame_pool.ts";
export { type GrowableDevice, isGrowableDevice } from "./growable.ts";
export { createMemoryDevice, type MemoryDevice, type MemoryDeviceOptions } from "./memory.ts";

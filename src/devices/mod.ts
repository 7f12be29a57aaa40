/**
 * The devices that hold sectors themselves and run everywhere. The file device, which needs
 * `node:fs`, and those of a browser have doors of their own: `cowdisk/file`, `cowdisk/idb`,
 * `cowdisk/opfs`. A device in another thread is used through a port.
 *
 * This module is browser compatible.
 *
 * @module
 */

export { FramePool, type FramePoolOptions, sharedFramePool } from "./frame_pool.ts";
export { type GrowableDevice, isGrowableDevice } from "./growable.ts";
export { createMemoryDevice, type MemoryDevice, type MemoryDeviceOptions } from "./memory.ts";
export { connectDevice } from "./port_device.ts";
export { serveDevice } from "./port_server.ts";

/**
 * `BlockDevice`: the one interface of everything that holds sectors.
 *
 * Leaves (memory, file, IndexedDB, OPFS, HTTP), mapped devices (origin, snapshot, …), test devices
 * and NBD exports are all block devices, so any of them can be the origin or the COW device of a
 * snapshot, and one conformance suite (`cowdisk/testing`) proves them all.
 *
 * The contract, for whoever calls and whoever implements:
 *
 * - **Addresses** are sectors of 512 bytes. A buffer's length says how many; it may be zero.
 * - **Buffers** belong to the caller. `read` fills the whole buffer or fails. `write` takes the bytes
 *   when it is called: what the caller does to the buffer afterwards is not seen.
 * - **Order**: requests that overlap and are under way together may land in either order, sector by
 *   sector. A request that starts after another has ended sees its effect.
 * - **Durability**: a write is durable once a `flush` that started after it has ended, or, with
 *   `fua`, once the write itself has ended. Until then it may be kept, lost or torn by sector.
 * - **Refusals** are `BlockDeviceError`s and change nothing. Nothing is clipped, and no failure is
 *   answered with zeroes.
 * - **Two faces**: asynchronous methods always return a promise. A device whose `supports.sync` is
 *   true is a {@linkcode SyncBlockDevice}; no method returns "value or promise".
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Sizes that a device's requests must or should keep to. */
export interface DeviceLimits {
  /** Sectors in a logical block. Every request must be aligned to it. Usually 1; 8 for "4K" disks. */
  readonly logicalSectors: number;
  /** Sectors in a request that the device handles well. */
  readonly preferredSectors: number;
}

/** What a device can do. Declared on the instance; wrappers derive theirs from what they wrap. */
export interface DeviceSupports {
  /** It is a {@linkcode SyncBlockDevice}: requests can finish at once. */
  readonly sync: boolean;
  /** It can be written. */
  readonly write: boolean;
  /** `discard` is accepted. Otherwise it fails with `ENOTSUP`. */
  readonly discard: boolean;
  /** Discarded sectors are known to read as zeroes. */
  readonly discardZeroes: boolean;
  /** What was flushed is there after the device was closed and opened again. */
  readonly permanence: boolean;
}

/** How a write is to be done. */
export interface WriteOptions {
  /** Force unit access: the write is durable when it ends. */
  readonly fua?: boolean;
}

/** Holds sectors. See the module's head for the contract. */
export interface BlockDevice extends AsyncDisposable {
  /** A name for people, used in messages. */
  readonly name: string;
  /** The size, in sectors. A device may grow while it is open. */
  readonly sectorCount: number;
  /** Sizes that requests must keep to. */
  readonly limits: DeviceLimits;
  /** What the device can do. */
  readonly supports: DeviceSupports;
  /**
   * Reads sectors.
   *
   * @param target Filled whole; its length is the request's.
   * @param sector The first sector.
   */
  read(target: Uint8Array, sector: number): Promise<void>;
  /**
   * Writes sectors.
   *
   * @param source The bytes; taken at the call.
   * @param sector The first sector.
   * @param options Whether the write must be durable when it ends.
   */
  write(source: Uint8Array, sector: number, options?: WriteOptions): Promise<void>;
  /**
   * Makes sectors read as zeroes.
   *
   * @param sector The first sector.
   * @param sectorCount How many.
   * @param options Whether it must be durable when it ends.
   */
  writeZeroes(sector: number, sectorCount: number, options?: WriteOptions): Promise<void>;
  /**
   * Tells that sectors are no longer needed. What they read as afterwards is the device's business,
   * unless `supports.discardZeroes`.
   *
   * @param sector The first sector.
   * @param sectorCount How many.
   */
  discard(sector: number, sectorCount: number): Promise<void>;
  /** Makes every write that has ended durable. */
  flush(): Promise<void>;
  /** Ends use of the device. Later requests fail with `ESHUTDOWN`; closing twice is no mistake. */
  close(): Promise<void>;
}

/**
 * A device whose requests can finish at once. A synchronous call that would have to wait for an
 * asynchronous request under way fails with `EAGAIN` and changes nothing. `using` closes it at once,
 * `await using` in its own time.
 */
export interface SyncBlockDevice extends BlockDevice, Disposable {
  /** Whether a synchronous write would have to wait now. Left out: it never has to. */
  readonly isBusy?: boolean;
  /** As {@linkcode BlockDevice.read}. */
  readSync(target: Uint8Array, sector: number): void;
  /** As {@linkcode BlockDevice.write}. */
  writeSync(source: Uint8Array, sector: number, options?: WriteOptions): void;
  /** As {@linkcode BlockDevice.writeZeroes}. */
  writeZeroesSync(sector: number, sectorCount: number, options?: WriteOptions): void;
  /** As {@linkcode BlockDevice.discard}. */
  discardSync(sector: number, sectorCount: number): void;
  /** As {@linkcode BlockDevice.flush}. */
  flushSync(): void;
  /** As {@linkcode BlockDevice.close}. */
  closeSync(): void;
}

/**
 * A device whose sectors lie in kernel memory, so that the copier can copy from it to another such
 * device without the bytes leaving the kernel.
 */
export interface KernelMemoryDevice extends SyncBlockDevice {
  /**
   * Copies sectors to another device, if both lie in the same kernel memory.
   *
   * @param sector The first sector here.
   * @param target The other device.
   * @param targetSector The first sector there.
   * @param sectorCount How many.
   * @returns Whether it was done. When not, nothing was.
   */
  copySectorsSync(
    sector: number,
    target: BlockDevice,
    targetSector: number,
    sectorCount: number,
  ): boolean;
}

/**
 * Whether a device has the synchronous face.
 *
 * @param device Any device.
 * @returns `device.supports.sync`, known to the type checker.
 */
export function isSyncDevice(device: BlockDevice): device is SyncBlockDevice {
  return device.supports.sync;
}

/**
 * Whether a synchronous request to a device would have to wait.
 *
 * @param device Any device.
 * @returns Whether it is busy, or has no synchronous face at all.
 */
export function isBusyDevice(device: BlockDevice): boolean {
  return !isSyncDevice(device) || (device.isBusy ?? false);
}

/**
 * Whether a device's sectors lie in kernel memory.
 *
 * @param device Any device.
 * @returns Whether it can copy inside the kernel.
 */
export function isKernelMemoryDevice(device: BlockDevice): device is KernelMemoryDevice {
  return "copySectorsSync" in device;
}

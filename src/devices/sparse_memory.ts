/**
 * Sparse memory: sectors without end, held in frames only where something was written.
 *
 * The mechanism below the memory device; it knows no size and checks nothing. It is cut into frames
 * of 64 KiB (128 sectors), each in one of two states:
 *
 * | state | reads as | a write | zeroes |
 * |---|---|---|---|
 * | hole | zeroes | of zeroes: nothing; of anything else: a frame is allocated | nothing |
 * | held | its bytes | in place | of all of it: freed; of a part: that part is zeroed |
 *
 * Invariant: a write or a copy has all the frames it needs before it changes the first byte.
 *
 * Fails: when no memory is left for a frame, with `ENOMEM`; nothing is changed then, and the frames
 * that the request had already been given are given back.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { ChunkWalk } from "../block/chunk_walk.ts";
import { BlockDeviceError } from "../block/errors.ts";
import { chunkOf, divCeil, SECTOR_BYTES } from "../block/units.ts";
import { isZeroBytes } from "./byte_scan.ts";
import { FrameDirectory } from "./frame_directory.ts";
import { FRAME_BYTES, FRAME_SECTORS, type FramePool, NO_FRAME } from "./frame_pool.ts";

/** Sectors held in frames of a pool. */
export class SparseMemory {
  readonly #name: string;
  readonly #pool: FramePool;
  readonly #frames = new FrameDirectory();
  readonly #walk = new ChunkWalk(FRAME_SECTORS);
  readonly #release: (frame: number) => void;

  /**
   * Sparse memory that holds nothing yet.
   *
   * @param name Whose it is, for messages.
   * @param pool Where frames come from.
   */
  constructor(name: string, pool: FramePool) {
    this.#name = name;
    this.#pool = pool;
    this.#release = (frame) => this.#pool.free(frame);
  }

  /** Bytes held, in whole frames. */
  get usedBytes(): number {
    return this.#frames.frameCount * FRAME_BYTES;
  }

  /**
   * Reads sectors.
   *
   * @param target Filled whole.
   * @param sector The first sector.
   */
  read(target: Uint8Array, sector: number): void {
    const position = chunkOf(sector, FRAME_SECTORS);
    const offsetBytes = (sector - position * FRAME_SECTORS) * SECTOR_BYTES;
    if (offsetBytes + target.length > FRAME_BYTES) return this.#readFrames(target, sector);
    const frame = this.#frames.get(position);
    if (frame === NO_FRAME) return void target.fill(0);
    const address = this.#pool.addressOf(frame) + offsetBytes;
    target.set(this.#pool.arenaOf(frame).bytes.subarray(address, address + target.length));
  }

  /**
   * Writes sectors.
   *
   * @param source The bytes.
   * @param sector The first sector.
   * @throws {BlockDeviceError} `ENOMEM`.
   */
  write(source: Uint8Array, sector: number): void {
    const position = chunkOf(sector, FRAME_SECTORS);
    const offsetBytes = (sector - position * FRAME_SECTORS) * SECTOR_BYTES;
    if (offsetBytes + source.length > FRAME_BYTES) return this.#writeFrames(source, sector);
    let frame = this.#frames.get(position);
    if (frame === NO_FRAME) {
      if (isZeroBytes(source, 0, source.length)) return;
      frame = this.#allocate(position, "write", sector, source.length / SECTOR_BYTES);
    }
    this.#pool.arenaOf(frame).bytes.set(source, this.#pool.addressOf(frame) + offsetBytes);
  }

  /**
   * Zeroes sectors, and frees the frames that lie among them whole.
   *
   * @param sector The first sector.
   * @param endSector The sector behind the last.
   */
  zero(sector: number, endSector: number): void {
    const first = divCeil(sector, FRAME_SECTORS);
    const end = chunkOf(endSector, FRAME_SECTORS);
    if (first >= end) return this.#zeroParts(sector, endSector);
    this.#zeroParts(sector, first * FRAME_SECTORS);
    this.#frames.clear(first, end, this.#release);
    this.#zeroParts(end * FRAME_SECTORS, endSector);
  }

  /** Frees every frame. */
  clear(): void {
    this.#frames.clear(0, Infinity, this.#release);
  }

  /**
   * Copies sectors to sparse memory: this one, where the ranges may overlap, or another.
   *
   * @param sector The first sector here.
   * @param target Where to.
   * @param targetSector The first sector there.
   * @param sectorCount How many.
   * @throws {BlockDeviceError} `ENOMEM`.
   */
  copyTo(sector: number, target: SparseMemory, targetSector: number, sectorCount: number): void {
    if (sectorCount === 0) return;
    if (isWithinFrame(sector, sectorCount) && isWithinFrame(targetSector, sectorCount)) {
      this.#reserveForPiece(sector, target, targetSector, sectorCount);
      return this.#copyPiece(sector, target, targetSector, sectorCount);
    }
    const isBackwards = target === this && targetSector > sector;
    this.#reserveForCopy(sector, target, targetSector, sectorCount, isBackwards);
    if (isBackwards) return this.#copyBackwards(sector, targetSector, sectorCount);
    for (let done = 0; done < sectorCount;) {
      const pieceSectors = Math.min(
        FRAME_SECTORS - (sector + done) % FRAME_SECTORS,
        FRAME_SECTORS - (targetSector + done) % FRAME_SECTORS,
        sectorCount - done,
      );
      this.#copyPiece(sector + done, target, targetSector + done, pieceSectors);
      done += pieceSectors;
    }
  }

  /** Copies towards the end of the same memory: last piece first, so that none is overwritten. */
  #copyBackwards(sector: number, targetSector: number, sectorCount: number): void {
    for (let left = sectorCount; left > 0;) {
      const pieceSectors = Math.min(
        (sector + left - 1) % FRAME_SECTORS + 1,
        (targetSector + left - 1) % FRAME_SECTORS + 1,
        left,
      );
      left -= pieceSectors;
      this.#copyPiece(sector + left, this, targetSector + left, pieceSectors);
    }
  }

  /** Copies sectors that lie within one frame on either side. */
  #copyPiece(sector: number, target: SparseMemory, targetSector: number, sectorCount: number) {
    const position = chunkOf(sector, FRAME_SECTORS);
    const frame = this.#frames.get(position);
    if (frame === NO_FRAME) return target.zero(targetSector, targetSector + sectorCount);
    const targetPosition = chunkOf(targetSector, FRAME_SECTORS);
    const targetFrame = target.#frames.get(targetPosition);
    // Nothing was reserved: ours was a hole, and has since become a frame of this same request.
    if (targetFrame === NO_FRAME) return;
    const address = this.#pool.addressOf(frame) +
      (sector - position * FRAME_SECTORS) * SECTOR_BYTES;
    const targetAddress = target.#pool.addressOf(targetFrame) +
      (targetSector - targetPosition * FRAME_SECTORS) * SECTOR_BYTES;
    const arena = this.#pool.arenaOf(frame);
    const targetArena = target.#pool.arenaOf(targetFrame);
    const byteCount = sectorCount * SECTOR_BYTES;
    if (arena === targetArena) arena.copy(targetAddress, address, byteCount);
    else targetArena.bytes.set(arena.bytes.subarray(address, address + byteCount), targetAddress);
  }

  /** As {@linkcode SparseMemory.#reserveForCopy}, for sectors that lie within one frame on either side. */
  #reserveForPiece(
    sector: number,
    target: SparseMemory,
    targetSector: number,
    sectorCount: number,
  ): void {
    const position = chunkOf(targetSector, FRAME_SECTORS);
    if (target.#frames.get(position) !== NO_FRAME) return;
    if (this.#frames.get(chunkOf(sector, FRAME_SECTORS)) === NO_FRAME) return;
    target.#allocate(position, "copy to", targetSector, sectorCount);
  }

  /**
   * Gives the target a frame wherever one of ours will be copied to. It goes the way of the copy, so
   * that within one memory no frame is taken for a source because it was just reserved.
   */
  #reserveForCopy(
    sector: number,
    target: SparseMemory,
    targetSector: number,
    sectorCount: number,
    isBackwards: boolean,
  ): void {
    const first = chunkOf(targetSector, FRAME_SECTORS);
    const last = chunkOf(targetSector + sectorCount - 1, FRAME_SECTORS);
    for (let step = 0; step <= last - first; step++) {
      const position = isBackwards ? last - step : first + step;
      if (target.#frames.get(position) !== NO_FRAME) continue;
      const from = Math.max(position * FRAME_SECTORS, targetSector);
      const to = Math.min((position + 1) * FRAME_SECTORS, targetSector + sectorCount);
      // What goes into one frame comes from two at most: those of its first and last sector.
      const firstSource = chunkOf(from - targetSector + sector, FRAME_SECTORS);
      const lastSource = chunkOf(to - 1 - targetSector + sector, FRAME_SECTORS);
      if (
        this.#frames.get(firstSource) === NO_FRAME && this.#frames.get(lastSource) === NO_FRAME
      ) continue;
      target.#allocate(position, "copy to", targetSector, sectorCount);
    }
  }

  #readFrames(target: Uint8Array, sector: number): void {
    const walk = this.#walk;
    for (walk.start(sector, target.length / SECTOR_BYTES); walk.next();) {
      const from = (walk.sector - sector) * SECTOR_BYTES;
      const byteCount = walk.sectorCount * SECTOR_BYTES;
      const frame = this.#frames.get(walk.chunk);
      if (frame === NO_FRAME) {
        target.fill(0, from, from + byteCount);
        continue;
      }
      const address = this.#pool.addressOf(frame) + walk.offsetSectors * SECTOR_BYTES;
      target.set(this.#pool.arenaOf(frame).bytes.subarray(address, address + byteCount), from);
    }
  }

  #writeFrames(source: Uint8Array, sector: number): void {
    const walk = this.#walk;
    const sectorCount = source.length / SECTOR_BYTES;
    for (walk.start(sector, sectorCount); walk.next();) {
      if (this.#frames.get(walk.chunk) !== NO_FRAME) continue;
      const from = (walk.sector - sector) * SECTOR_BYTES;
      if (isZeroBytes(source, from, from + walk.sectorCount * SECTOR_BYTES)) continue;
      this.#allocate(walk.chunk, "write", sector, sectorCount);
    }
    for (walk.start(sector, sectorCount); walk.next();) {
      const frame = this.#frames.get(walk.chunk);
      if (frame === NO_FRAME) continue; // Zeroes into a hole.
      const from = (walk.sector - sector) * SECTOR_BYTES;
      const piece = source.subarray(from, from + walk.sectorCount * SECTOR_BYTES);
      const address = this.#pool.addressOf(frame) + walk.offsetSectors * SECTOR_BYTES;
      this.#pool.arenaOf(frame).bytes.set(piece, address);
    }
  }

  /** Zeroes the sectors from `sector` to `endSector`, frame by frame, and frees none. */
  #zeroParts(sector: number, endSector: number): void {
    const walk = this.#walk;
    for (walk.start(sector, endSector - sector); walk.next();) {
      const frame = this.#frames.get(walk.chunk);
      if (frame === NO_FRAME) continue;
      const address = this.#pool.addressOf(frame) + walk.offsetSectors * SECTOR_BYTES;
      this.#pool.arenaOf(frame).fill(address, 0, walk.sectorCount * SECTOR_BYTES);
    }
  }

  #allocate(position: number, verb: string, sector: number, sectorCount: number): number {
    let frame = NO_FRAME;
    try {
      frame = this.#pool.allocate();
      this.#frames.set(position, frame);
      return frame;
    } catch (cause) {
      if (frame !== NO_FRAME) this.#pool.free(frame); // It was the directory that found no room.
      this.#giveBack(
        chunkOf(sector, FRAME_SECTORS),
        divCeil(sector + sectorCount, FRAME_SECTORS),
      );
      throw new BlockDeviceError(
        "ENOMEM",
        `Cannot ${verb} ${sectorCount} sectors at sector ${sector} of "${this.#name}": ` +
          `no memory is left for them`,
        { device: this.#name, sector, sectorCount, cause },
      );
    }
  }

  /** Frees frames of nothing but zeroes: those a request that failed had already been given. */
  #giveBack(first: number, end: number): void {
    for (let position = first; position < end; position++) {
      const frame = this.#frames.get(position);
      if (frame === NO_FRAME) continue;
      if (!this.#pool.arenaOf(frame).isZero(this.#pool.addressOf(frame), FRAME_BYTES)) continue;
      this.#frames.clear(position, position + 1, this.#release);
    }
  }
}

function isWithinFrame(sector: number, sectorCount: number): boolean {
  return sector + sectorCount <= (chunkOf(sector, FRAME_SECTORS) + 1) * FRAME_SECTORS;
}

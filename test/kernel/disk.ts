/**
 * The disk: one sparse file that Linux in the guest and cowdisk on the host both know as `vda`.
 *
 * Stretches of it are handed out in ascending order, and a stretch reads as zeroes at first. Only
 * between cases, when nothing is open, the disk is cleared. Both sides lay `linear` devices over a
 * stretch; they take turns, and neither has one open while the other writes.
 */

/** The file's size. It is sparse: only what was written takes room. */
const DISK_BYTES = 8 * 2 ** 30;
/** Stretches begin at multiples of this, so that the guest's transfers are aligned. */
const ALIGNMENT_SECTORS = 2048;

/** Some sectors of the disk. */
export interface Stretch {
  /** The first one. */
  readonly sector: number;
  /** How many. */
  readonly sectorCount: number;
}

/** The file behind `vda`. */
export class Disk implements Disposable {
  /** Where it lies. */
  readonly path: string;
  readonly #file: Deno.FsFile;
  #nextSector = ALIGNMENT_SECTORS;

  /**
   * Makes the file, and locks it against another run of these tests.
   *
   * @param path Where; what was there is lost.
   */
  constructor(path: string) {
    this.path = path;
    this.#file = Deno.openSync(path, { read: true, write: true, create: true });
    if (!this.#file.tryLockSync(true)) throw new Error(`${path} is in use: another run goes on`);
    this.clear();
  }

  /** Forgets all stretches, and gives their room on the host back. */
  clear(): void {
    this.#file.truncateSync(0);
    this.#file.truncateSync(DISK_BYTES);
    this.#nextSector = ALIGNMENT_SECTORS;
  }

  /**
   * Hands out sectors that nobody has used.
   *
   * @param sectorCount How many.
   * @returns Where they lie.
   */
  allocate(sectorCount: number): Stretch {
    const sector = this.#nextSector;
    const units = Math.ceil(sectorCount / ALIGNMENT_SECTORS);
    this.#nextSector = sector + units * ALIGNMENT_SECTORS;
    if (this.#nextSector * 512 > DISK_BYTES) throw new Error("The disk is used up");
    return { sector, sectorCount };
  }

  /**
   * Reads a stretch.
   *
   * @param stretch Which.
   * @returns Its bytes.
   */
  read(stretch: Stretch): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(stretch.sectorCount * 512);
    this.#file.seekSync(stretch.sector * 512, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) {
      const count = this.#file.readSync(bytes.subarray(done));
      if (count === null) throw new Error(`${this.path} ends too early`);
      done += count;
    }
    return bytes;
  }

  /**
   * Writes into a stretch.
   *
   * @param stretch Which.
   * @param bytes What; from the stretch's first sector on.
   */
  write(stretch: Stretch, bytes: Uint8Array): void {
    this.#file.seekSync(stretch.sector * 512, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) done += this.#file.writeSync(bytes.subarray(done));
  }

  /** Removes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
    Deno.removeSync(this.path);
  }
}

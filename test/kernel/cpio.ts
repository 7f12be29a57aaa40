/**
 * A writer of cpio archives ("newc"), the format of an initramfs.
 *
 * One entry after another: a header of 110 ASCII characters, the name, the bytes; name and bytes are
 * each padded to a multiple of four. The entry named `TRAILER!!!` ends the archive. Folders come
 * before what is in them, because the kernel unpacks in order.
 */

const FOLDER = 0o040755;
const PROGRAM = 0o100755;

/** Gathers entries. */
export class CpioWriter {
  readonly #parts: Uint8Array<ArrayBuffer>[] = [];
  readonly #folders = new Set<string>();
  #inode = 0;

  /**
   * Adds a folder, and those above it.
   *
   * @param path Its path, without a slash at either end.
   */
  folder(path: string): void {
    if (path === "" || this.#folders.has(path)) return;
    this.folder(path.slice(0, Math.max(0, path.lastIndexOf("/"))));
    this.#folders.add(path);
    this.#entry(path, FOLDER, new Uint8Array());
  }

  /**
   * Adds a file that may be executed, and the folders above it.
   *
   * @param path Its path, without a slash in front.
   * @param bytes What is in it.
   */
  file(path: string, bytes: Uint8Array): void {
    this.folder(path.slice(0, Math.max(0, path.lastIndexOf("/"))));
    this.#entry(path, PROGRAM, bytes);
  }

  /**
   * Ends the archive.
   *
   * @returns Its bytes.
   */
  end(): Blob {
    this.#entry("TRAILER!!!", 0, new Uint8Array());
    return new Blob(this.#parts);
  }

  #entry(name: string, mode: number, bytes: Uint8Array): void {
    const nameBytes = new TextEncoder().encode(`${name}\0`);
    // inode, mode, uid, gid, links, time, size, device (2), special device (2), name size, checksum
    const numbers = [
      ++this.#inode,
      mode,
      0,
      0,
      1,
      0,
      bytes.length,
      0,
      0,
      0,
      0,
      nameBytes.length,
      0,
    ];
    const fields = numbers.map((number) => number.toString(16).padStart(8, "0"));
    this.#padded(new TextEncoder().encode(`070701${fields.join("")}${name}\0`));
    this.#padded(bytes);
  }

  #padded(bytes: Uint8Array): void {
    const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    padded.set(bytes);
    this.#parts.push(padded);
  }
}

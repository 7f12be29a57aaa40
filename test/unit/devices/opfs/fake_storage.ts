/** An origin private file system in memory: folders, and files that are open in modes as Chromium's. */
import type { SyncFile } from "../../../../src/devices/opfs/sync_file.ts";
import { VolatileFile } from "./volatile_file.ts";

const refuse = (name: string) => new DOMException("as the browser says", name);

class FakeFile {
  readonly kind = "file";
  readonly medium = new VolatileFile();
  readonly #modes: string[] = [];

  // deno-lint-ignore require-await
  async createSyncAccessHandle({ mode = "readwrite" } = {}): Promise<SyncFile> {
    const isFree = this.#modes.every((each) => each === mode && mode !== "readwrite");
    if (!isFree) throw refuse("NoModificationAllowedError");
    this.#modes.push(mode);
    const { medium } = this;
    let isOpen = true;
    return {
      read: (target, options) => medium.read(target, options),
      write: (source, options) => medium.write(source, options),
      flush: () => medium.flush(),
      getSize: () => medium.getSize(),
      truncate: (byteCount) => medium.truncate(byteCount),
      close: () => {
        if (isOpen) this.#modes.pop(); // They are all the same.
        isOpen = false;
      },
    };
  }

  get isOpen(): boolean {
    return this.#modes.length > 0;
  }
}

/** A folder. */
export class FakeFolder {
  readonly kind = "directory";
  readonly #entries = new Map<string, FakeFile | FakeFolder>();

  getFileHandle(name: string, { create = false } = {}): Promise<FakeFile> {
    return this.#entry(name, create, FakeFile);
  }

  getDirectoryHandle(name: string, { create = false } = {}): Promise<FakeFolder> {
    return this.#entry(name, create, FakeFolder);
  }

  async *entries(): AsyncGenerator<[string, FakeFile | FakeFolder]> {
    yield* this.#entries;
  }

  // deno-lint-ignore require-await
  async removeEntry(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw refuse("NotFoundError");
    if (entry instanceof FakeFile && entry.isOpen) throw refuse("NoModificationAllowedError");
    this.#entries.delete(name);
  }

  // deno-lint-ignore require-await
  async #entry<Kind extends FakeFile | FakeFolder>(
    name: string,
    create: boolean,
    Kind: new () => Kind,
  ): Promise<Kind> {
    if (name === "" || name === "..") throw new TypeError("Name is not allowed");
    const entry = this.#entries.get(name);
    if (entry === undefined && !create) throw refuse("NotFoundError");
    if (entry === undefined) {
      const made = new Kind();
      this.#entries.set(name, made);
      return made;
    }
    if (!(entry instanceof Kind)) throw refuse("TypeMismatchError");
    return entry;
  }
}

/** Puts one where a browser has its own. */
export function installFakeStorage(): FakeFolder {
  const root = new FakeFolder();
  Object.defineProperty(navigator, "storage", {
    value: { getDirectory: () => Promise.resolve(root) },
    configurable: true,
  });
  return root;
}

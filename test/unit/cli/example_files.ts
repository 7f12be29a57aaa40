/**
 * The files that examples speak of: a disk that was written on Monday evening, after the snapshots that
 * remember it as it was.
 *
 * | file | is |
 * |---|---|
 * | `disk.img` | 2 MiB of zeroes, with `hello, tuesday` at 1 MiB |
 * | `monday.cow`, `tuesday.cow` | snapshots of it, from before and after that was written |
 * | `copy.img` | what `monday.cow` shows |
 * | `tuesday.delta` | what makes `copy.img` into `disk.img` |
 * | `changed.img` | `copy.img` with 8 KiB that differ |
 * | `boot.bin` | 512 bytes |
 * | `sums` | the hashes of `disk.img` and of what `monday.cow` shows |
 */
import { cpSync } from "node:fs";
import { afterAll, expect } from "vitest";
import { cowdisk, Folder, notes, TestEnvironment } from "./session.ts";

/** Makes them once, and copies for each test. */
export class ExampleFiles {
  readonly #folder = new Folder("memory", afterAll);

  /** A folder with copies of them. */
  copy(): Folder {
    const folder = new Folder();
    cpSync(this.#folder.path(""), folder.path(""), { recursive: true });
    return folder;
  }

  /** Makes them. */
  async make(): Promise<void> {
    const place = (name: string) => this.#folder.path(name);
    const [disk, monday, tuesday] = [place("disk.img"), place("monday.cow"), place("tuesday.cow")];
    const view = `${disk}+${monday}`;
    await this.#run("create", disk, "2M");
    await this.#run("snapshot", disk, monday);
    const fed = new TestEnvironment(false, [new TextEncoder().encode("hello, tuesday\n")]);
    expect(await cowdisk(["write", disk, "--offset", "1M", "--keep", monday], fed))
      .toMatchObject({ code: 0 });
    await this.#run("snapshot", disk, tuesday);
    await this.#run("export", view, place("copy.img"));
    await this.#run("diff", view, disk, "--delta", place("tuesday.delta"));
    const changed = this.#folder.read("copy.img");
    changed.set(notes(16, 5), 2 ** 19);
    this.#folder.write("changed.img", changed);
    this.#folder.write("boot.bin", notes(1, 6));
    const sums = await this.#run("hash", disk, view);
    this.#folder.write("sums", sums.replaceAll(`${place("")}/`, ""));
  }

  async #run(...words: readonly string[]): Promise<string> {
    const { code, out, err } = await cowdisk(words);
    expect([code, err]).toEqual([0, ""]);
    return out;
  }
}

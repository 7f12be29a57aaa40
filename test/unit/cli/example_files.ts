/**
 * The files that examples speak of: a disk that was written on Monday evening, after the snapshots that
 * remember it as it was.
 *
 * | file | is |
 * |---|---|
 * | `disk.img` | 8 MiB of zeroes, with `hello, tuesday` at 1 MiB |
 * | `monday.cow`, `tuesday.cow` | snapshots of it, from before and after that was written |
 * | `copy.img` | what `monday.cow` shows |
 * | `tuesday.delta` | what makes `copy.img` into `disk.img` |
 * | `changed.img` | `copy.img` with 8 KiB that differ |
 * | `boot.bin` | 512 bytes |
 * | `sums` | the hashes of `disk.img` and of what `monday.cow` shows |
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { cowdisk, notes, TestEnvironment } from "./session.ts";

/** A folder of them, gone when the test file has ended. */
export class ExampleFiles {
  readonly path = mkdtempSync(join(tmpdir(), "cowdisk-examples-"));

  constructor() {
    afterAll(() => rmSync(this.path, { recursive: true, force: true }));
  }

  /** Makes them. */
  async make(): Promise<void> {
    const place = (name: string) => join(this.path, name);
    const [disk, monday, tuesday] = [place("disk.img"), place("monday.cow"), place("tuesday.cow")];
    const view = `${disk}+${monday}`;
    await this.#run("create", disk, "8M");
    await this.#run("snapshot", disk, monday);
    const fed = new TestEnvironment(false, [new TextEncoder().encode("hello, tuesday\n")]);
    expect(await cowdisk(["write", disk, "--offset", "1M", "--keep", monday], fed))
      .toMatchObject({ code: 0 });
    await this.#run("snapshot", disk, tuesday);
    await this.#run("export", view, place("copy.img"));
    await this.#run("diff", view, disk, "--delta", place("tuesday.delta"));
    const changed = readFileSync(place("copy.img"));
    changed.set(notes(16, 5), 2 ** 21);
    writeFileSync(place("changed.img"), changed);
    writeFileSync(place("boot.bin"), notes(1, 6));
    const sums = await this.#run("hash", disk, view);
    writeFileSync(place("sums"), sums.replaceAll(`${this.path}/`, ""));
  }

  async #run(...words: readonly string[]): Promise<string> {
    const { code, out, err } = await cowdisk(words);
    expect([code, err]).toEqual([0, ""]);
    return out;
  }
}

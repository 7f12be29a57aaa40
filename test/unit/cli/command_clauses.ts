/**
 * What holds for every command that is told files, whatever it does with them. A command earns its place
 * by naming its inputs. (What needs no files is asked of every command there is by `program.test.ts`.)
 */
import { readdirSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { xxh3 } from "../../../src/kernel/mod.ts";
import { cowdisk, type Ending, Folder, writtenSnapshot } from "./session.ts";

/** What the clauses need to know of a command. */
export interface CommandFacts {
  readonly name: string;
  /**
   * Its arguments, in which every `name.ending` is a file in a folder that holds `disk.img` and
   * `snap.cow`: so `disk.img+snap.cow` is a view.
   */
  readonly words: readonly string[];
  /** Those of them that must be there. */
  readonly inputs: readonly string[];
  /** Those of them that it must not change, even when it succeeds. */
  readonly untouched: readonly string[];
  /** Whether one file may stand for two. */
  readonly isLenient?: true;
  /** The one of them that it makes, and replaces with `--force`. */
  readonly makes?: string;
}

/** A refusal is one sentence on the error output, and nothing else. */
export function expectRefusal(ending: Ending, code: number, sentence: RegExp): void {
  expect(ending.err).toMatch(/^cowdisk: [^\n]+\n(Try --help\.\n)?$/);
  expect(ending.err).toMatch(sentence);
  expect(ending.out).toBe("");
  expect(ending.code).toBe(code);
}

/** An argument with the files in it where they are. */
function placed(folder: Folder, word: string): string {
  return word.replace(/[a-z]+\.[a-z]+/g, (name) => folder.path(name));
}

function wordsIn(folder: Folder, { name, words }: CommandFacts): string[] {
  return [name, ...words.map((word) => placed(folder, word))];
}

/** What must not have changed: contents and times of the inputs. */
function stateOf(folder: Folder, names: readonly string[]): unknown {
  return names.map((name) => [xxh3(folder.read(name)), statSync(folder.path(name)).mtimeMs]);
}

/**
 * Declares the clauses for a command.
 *
 * @param facts What the clauses need to know of it.
 */
export function commandClauses(facts: CommandFacts): void {
  describe(`as every command, ${facts.name}`, () => {
    test.for(facts.inputs)("misses the file %s", async (input) => {
      const folder = new Folder();
      await writtenSnapshot(folder);
      const words = wordsIn(folder, facts).map((word) =>
        word.replace(folder.path(input), folder.path("absent"))
      );
      expectRefusal(await cowdisk(words), 1, /absent": there is no such file/);
      expect(folder.has("absent")).toBe(false);
    });

    test.for(facts.inputs)("does not take a folder for %s", async (input) => {
      const folder = new Folder();
      await writtenSnapshot(folder);
      const words = wordsIn(folder, facts).map((word) =>
        word.replace(folder.path(input), folder.path(""))
      );
      expectRefusal(await cowdisk(words), 1, /not a regular file/);
    });

    const fileWords = facts.words.filter((word) => /\.[a-z]/.test(word));
    if (fileWords.length > 1 && facts.isLenient !== true) {
      test("does not take one file for two", async () => {
        const folder = new Folder();
        await writtenSnapshot(folder);
        const words = [facts.name, ...facts.words.map(() => folder.path("disk.img"))];
        expectRefusal(await cowdisk(words), 1, /are the same file/);
      });
    }

    const { makes } = facts;
    if (makes !== undefined) {
      test("replaces nothing unasked, and leaves no half-made file", async () => {
        const folder = new Folder();
        await writtenSnapshot(folder);
        folder.write(makes, "precious");
        const names = readdirSync(folder.path("")).sort();
        const before = stateOf(folder, names);
        expectRefusal(
          await cowdisk(wordsIn(folder, facts)),
          1,
          /is there already; --force replaces/,
        );
        expect(stateOf(folder, names)).toEqual(before);
        const forced = await cowdisk([...wordsIn(folder, facts), "--force"]);
        expect(forced).toMatchObject({ code: 0, err: "" });
        expect(folder.read(makes).length).toBeGreaterThan("precious".length);
        expect(readdirSync(folder.path("")).sort()).toEqual(names);
      });
    }

    if (facts.untouched.length > 0) {
      test("leaves its inputs alone", async () => {
        const folder = new Folder();
        await writtenSnapshot(folder);
        const before = stateOf(folder, facts.untouched);
        expect(await cowdisk(wordsIn(folder, facts))).toMatchObject({ code: 0, err: "" });
        expect(stateOf(folder, facts.untouched)).toEqual(before);
      });
    }
  });
}

import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { createProgram } from "../../../src/cli/program.ts";
import { expectRefusal } from "./command_clauses.ts";
import { cowdisk, TestEnvironment } from "./session.ts";

const program = await createProgram(new TestEnvironment());

/** Arguments that a command can read, whatever they stand for. */
function wordsFor({ registeredArguments }: Command): string[] {
  return registeredArguments.map(({ argChoices }) => argChoices?.[0] ?? "1M");
}

test("the help lists every command with a few words, under what it is for", async () => {
  const { code, out, err } = await cowdisk(["--help"]);
  expect([code, err]).toEqual([0, ""]);
  for (const command of program.commands) {
    expect(out).toMatch(new RegExp(`^  ${command.name()} .*\\w`, "m"));
    expect(out).toContain(`\n${command.helpGroup()}\n`);
  }
});

test("no command at all is a usage error, with the help", async () => {
  const { code, out, err } = await cowdisk([]);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toMatch(/^Usage: cowdisk /);
});

test("a command that does not exist is a usage error, with a guess", async () => {
  expectRefusal(await cowdisk(["frobnicate"]), 2, /unknown command 'frobnicate'/);
  const { code, err } = await cowdisk(["stauts"]);
  expect([code, err]).toEqual([2, expect.stringMatching(/Did you mean status\?/)]);
});

test("the version is a version", async () => {
  expect(await cowdisk(["--version"])).toEqual({ code: 0, out: "0.1.0\n", err: "" });
});

test("a command that is loaded alone is the one among all", async () => {
  for (const command of program.commands) {
    const { commands } = await createProgram(new TestEnvironment(), [command.name(), "--help"]);
    const isAlone = command.name() !== "completions"; // Which is about all of them.
    expect(commands.length).toBe(isAlone ? 1 : program.commands.length);
    const same = commands.find((each) => each.name() === command.name());
    expect(same?.helpInformation()).toBe(command.helpInformation());
    expect(same?.helpGroup()).toBe(command.helpGroup());
  }
});

test("words that call no command may be about any, whatever they are", async () => {
  for (const word of ["--help", "frobnicate", "", "toString", "../main", "Map"]) {
    const { commands } = await createProgram(new TestEnvironment(), [word]);
    expect(commands.length).toBe(program.commands.length);
  }
});

describe.each(program.commands.map((command) => [command.name(), command] as const))(
  "as every command, %s",
  (name, command) => {
    test("explains itself, by an example too, on lines that fit", async () => {
      const { code, out, err } = await cowdisk([name, "--help"]);
      expect(out).toMatch(new RegExp(`^Usage: cowdisk ${name} \\[options\\]`));
      expect(out).toContain(`\nExample:\n  $ cowdisk ${name}`);
      expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
      expect([code, err]).toEqual([0, ""]);
    });

    test("says what each argument and option is", () => {
      for (const { description } of [...command.registeredArguments, ...command.options]) {
        expect(description).toMatch(/\w/);
      }
    });

    test("does not guess at an option, but says what may be meant", async () => {
      expectRefusal(await cowdisk([name, "--frobnicate"]), 2, /unknown option '--frobnicate'/);
      const { code, out, err } = await cowdisk([name, "--hlep"]);
      expect(err).toMatch(/unknown option '--hlep'\n\(Did you mean --help\?\)\nTry --help\.\n$/);
      expect([code, out]).toEqual([2, ""]);
    });

    const isVariadic = command.registeredArguments.some(({ variadic }) => variadic);
    if (!isVariadic) {
      test("does not guess at an argument too many", async () => {
        const ending = await cowdisk([name, ...wordsFor(command), "more"]);
        expectRefusal(ending, 2, /too many arguments/);
      });
    }

    const isRequired = command.registeredArguments.some(({ required }) => required);
    if (isRequired) {
      test("misses an argument", async () => {
        expectRefusal(await cowdisk([name]), 2, /missing required argument/);
      });
    }

    const sizes = command.options.filter(({ flags }) => flags.endsWith("<size>"));
    test.each(sizes.map(({ long }) => long!))(
      "takes a size for %s, and nothing else",
      async (long) => {
        for (const text of ["12Q", "-4K", "4,5K", "x", ""]) {
          const ending = await cowdisk([name, ...wordsFor(command), `${long}=${text}`]);
          expectRefusal(
            ending,
            2,
            new RegExp(`option '${long} <size>' argument '.*' is invalid\\. Want`),
          );
        }
      },
    );

    const choices = command.options.filter(({ argChoices }) => argChoices !== undefined);
    test.each(choices.map(({ long }) => long!))(
      "takes no value for %s but its own",
      async (long) => {
        const ending = await cowdisk([name, ...wordsFor(command), long, "frobnicate"]);
        expectRefusal(ending, 2, /Allowed choices are/);
      },
    );
  },
);

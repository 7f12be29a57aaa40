/**
 * Real shells, asked for completions: bash and zsh at a terminal, by a key that inserts all of them, so
 * that what comes out has been through the shell's own quoting; fish by its own builtin.
 */
import { Buffer } from "node:buffer";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createProgram } from "../../../../src/cli/program.ts";
import { findProgram, packageAdvice } from "../../../setup.ts";
import { cowdisk, Folder, TestEnvironment } from "../session.ts";

/** The shells there are scripts for. */
export type ShellName = "bash" | "zsh" | "fish";

/** What is typed behind `cowdisk `, and what it is completed to; a word that is only a part is last. */
const LINES: readonly (readonly [typed: string, completions: readonly string[]])[] = [
  ["sta", ["status"]],
  ["frobnicate ", []],
  ["snapshot --st", ["--store"]],
  ["snapshot disk.img new.cow --store ", ["P", "PO"]],
  ["snapshot disk.img new.cow --store=PO", ["--store=PO"]],
  ["snapshot --chunk ", []],
  ["completions ", ["bash", "fish", "zsh"]],
  ["create disk.img ", []],
  ["dump m", ["memo.txt", "monday.cow", "my disk.img"]],
  ["dump mem", ["memo.txt"]],
  ["status --json disk.img mon", ["monday.cow"]],
  ["merge disk.img --keep mon", ["monday.cow"]],
  ["read d", ["disk.img"]],
  ["read my", ["my disk.img"]],
  ["read disk.img+mon", ["disk.img+monday.cow"]],
  ["read disk.img+monday.cow+sub/", ["disk.img+monday.cow+sub/x.cow"]],
  ["read my\\ disk.img+mon", ["my disk.img+monday.cow"]],
  ["read file:di", ["file:disk.img"]],
  ["read file:disk.img+mon", ["file:disk.img+monday.cow"]],
  ["read mem", ["mem:", "memo.txt"]],
  ["read http", ["http://", "https://"]],
  ["hash disk.img --jobs 2 mem", ["mem:", "memo.txt"]],
  ["write disk.img --in mem", ["memo.txt"]],
];

/** Around the words that the shell has made of a line; no one types these. */
const [WORD, END] = ["\x02", "\x03"];

/** How a shell is made ready, at whose prompt Ctrl-X a inserts all completions. */
const SETUPS: Readonly<Record<"bash" | "zsh", string>> = {
  bash: `bind '"\\C-xa": insert-completions'`,
  zsh: "zle -C all complete-word _generic; bindkey '^Xa' all; " +
    "zstyle ':completion:all::::' completer _all_matches _complete; " +
    "zstyle ':completion:all:*' insert true",
};
const COMMANDS: Readonly<Record<"bash" | "zsh", string>> = {
  bash: "bash --norc --noprofile -i",
  zsh: "zsh -f -i",
};

/** Waits for the shell to have said something so many times. */
class Terminal {
  readonly #child;
  #said = "";
  #heard: () => void = () => {};

  constructor(command: string, directory: string) {
    const env = { ...process.env, TERM: "dumb", HOME: directory };
    this.#child = spawn("script", ["-qec", command, "/dev/null"], { cwd: directory, env });
    this.#child.stdout.on("data", (bytes: Uint8Array) => {
      this.#said += Buffer.from(bytes).toString("utf8");
      this.#heard();
    });
  }

  /** Types a line; what it has made the shell print between {@linkcode WORD} and {@linkcode END}. */
  async type(line: string): Promise<string[]> {
    this.#said = "";
    this.#child.stdin.write(`${line}\n`);
    while (!this.#said.includes(END)) {
      await new Promise<void>((resolve) => this.#heard = resolve);
    }
    return this.#said.slice(0, this.#said.indexOf(END)).split(WORD).slice(1);
  }

  end(): void {
    this.#child.kill();
  }
}

async function askAtTerminal(shell: "bash" | "zsh", folder: Folder, lines: readonly string[]) {
  const terminal = new Terminal(COMMANDS[shell], folder.path(""));
  const isZsh = shell === "zsh";
  const ready = [
    "PS1=",
    ...(isZsh ? ["autoload -Uz compinit", "compinit -uD"] : []),
    `source ./${shell}.txt`,
    "cowdisk() { printf '\\2%s' \"$@\"; printf '\\3'; }",
    SETUPS[shell],
    "cowdisk",
  ];
  try {
    await terminal.type(ready.join("; "));
    const found: string[][] = [];
    for (const line of lines) found.push(await terminal.type(`cowdisk ${line}\x18a`));
    return found;
  } finally {
    terminal.end();
  }
}

function askFish(folder: Folder, lines: readonly string[]): string[][] {
  const script =
    `source ./fish.txt; for line in $argv; printf '\\3'; complete -C "cowdisk $line"; end`;
  const words = ["-N", "-c", script, ...lines];
  const { stdout } = spawnSync(findProgram("fish")!, words, {
    cwd: folder.path(""),
    env: { ...process.env, HOME: folder.path("") },
    encoding: "utf8",
  });
  return stdout.split(END).slice(1).map((part, index) => {
    const given = lines[index]!.split(/(?<!\\) /).slice(0, -1);
    const found = part.split("\n").filter((line) => line !== "");
    return [...given, ...found.map((line) => line.split("\t")[0]!)];
  });
}

/** What the last word of each line is completed to, in order of the alphabet. */
async function ask(shell: ShellName, lines: readonly string[]): Promise<string[][]> {
  const advice = packageAdvice("shells");
  if (advice !== null) throw new Error(advice);
  const folder = new Folder("memory", afterAll);
  mkdirSync(folder.path("sub"));
  for (const name of ["disk.img", "my disk.img", "monday.cow", "memo.txt", "sub/x.cow"]) {
    folder.write(name, "");
  }
  folder.write(`${shell}.txt`, (await cowdisk(["completions", shell])).out);
  const found = shell === "fish"
    ? askFish(folder, lines)
    : await askAtTerminal(shell, folder, lines);
  return found.map((words, index) => {
    const typed = lines[index]!.split(/(?<!\\) /);
    const completions = words.slice(typed.length - 1);
    const isUntouched = completions.length === 1 && completions[0] === typed.at(-1) &&
      !LINES.some(([line, wanted]) => line === lines[index] && wanted[0] === typed.at(-1));
    return isUntouched ? [] : completions.sort();
  });
}

/**
 * What a shell completes, by the script for it.
 *
 * @param shell Which.
 */
export async function completionClauses(shell: ShellName): Promise<void> {
  const { commands } = await createProgram(new TestEnvironment());
  describe(`at the prompt of ${shell}`, () => {
    const names = commands.map((command) => command.name());
    const flagLines = names.map((name) => `${name} --`);
    const found = new Map<string, string[]>();
    beforeAll(async () => {
      const lines = [...LINES.map(([line]) => line), "", ...flagLines];
      (await ask(shell, lines)).forEach((words, index) => found.set(lines[index]!, words));
    });

    test.each(LINES)("`cowdisk %s` becomes %o", (line, completions) => {
      expect(found.get(line)).toEqual(completions);
    });

    test("every command is offered", () => {
      expect(found.get("")!.filter((word) => !word.startsWith("-"))).toEqual(names.toSorted());
    });

    test.each(commands.map((command) => [command.name(), command] as const))(
      "every option of %s is offered",
      (name, command) => {
        const wanted = ["--help", ...command.options.map(({ long }) => long!)].sort();
        const offered = found.get(`${name} --`)!.map((word) => word.replace(/=$/, ""));
        expect(offered.filter((word) => word.startsWith("--"))).toEqual(wanted);
      },
    );
  });
}

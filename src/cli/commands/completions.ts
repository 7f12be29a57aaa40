/**
 * `cowdisk completions`: what teaches a shell to complete cowdisk's words.
 *
 * @module
 */

import { Argument, type Command } from "commander";
import { bashScript } from "../completions/bash.ts";
import { type CommandWords, commandWords } from "../completions/command_words.ts";
import { fishScript } from "../completions/fish.ts";
import { zshScript } from "../completions/zsh.ts";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";

type ScriptWriter = (program: CommandWords, commands: readonly CommandWords[]) => string;

const SHELLS: Readonly<Record<string, ScriptWriter>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/**
 * Adds the command.
 *
 * @param program Where to; also what is completed.
 * @param environment The world.
 */
export function addCompletions(program: Command, environment: Environment): void {
  program.command("completions")
    .summary("print what teaches a shell to complete these words")
    .description(
      "Prints a script that completes commands, options, their values and the names of images. For " +
        "this session: `source <(cowdisk completions bash)`, the same with zsh, or " +
        "`cowdisk completions fish | source`; for all, in the shell's own start-up file.",
    )
    .addArgument(new Argument("<SHELL>", "which shell").choices(Object.keys(SHELLS)))
    .addHelpText(
      "after",
      example(
        "$ cowdisk completions bash > cowdisk.bash",
      ),
    )
    .action((shell: string) => {
      const { commands } = program;
      environment.out.write(SHELLS[shell]!(commandWords(program), commands.map(commandWords)));
    });
}

/**
 * Completions for zsh.
 *
 * @module
 */

import { type CommandWords, SCHEMES, shellQuoted, type Wanted } from "./command_words.ts";

/** Text in a specification of `_arguments`, where brackets and colons have a meaning. */
function spelled(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&");
}

/** The action of `_arguments` that completes a value. */
function actionOf(wanted: Wanted): string {
  switch (wanted.kind) {
    case "choice":
      return `(${wanted.choices.join(" ")})`;
    case "view":
      return "_cowdisk_view";
    case "file":
      return "_files";
    case "nothing":
      return " ";
  }
}

/** One specification a line, each for `_arguments`. */
function specifications({ options, places }: CommandWords): string[] {
  const ofOptions = options.flatMap(({ flags, description, value }) =>
    flags.map((flag) => {
      const isRepeated = description.includes("(repeat)");
      const argument = value === null ? "" : `:${value.name}:${actionOf(value.wanted)}`;
      const joint = value !== null && flag.startsWith("--") ? "=" : "";
      return `${isRepeated ? "*" : ""}${flag}${joint}[${spelled(description)}]${argument}`;
    })
  );
  const ofPlaces = places.map(({ name, wanted, isVariadic }, index) =>
    `${isVariadic ? "*" : index + 1}:${name}:${actionOf(wanted)}`
  );
  return [...ofOptions, ...ofPlaces].map(shellQuoted);
}

function caseOf(command: CommandWords): string {
  return `        ${command.name}) _arguments ${
    specifications(command).join(" \\\n          ")
  } ;;\n`;
}

/**
 * Writes the script.
 *
 * @param program What can be typed behind the program's name.
 * @param commands What can be typed behind each command's.
 * @returns The script.
 */
export function zshScript(program: CommandWords, commands: readonly CommandWords[]): string {
  const names = commands.map(({ name, summary }) =>
    `    ${shellQuoted(`${name}:${spelled(summary)}`)}\n`
  );
  return `#compdef cowdisk
# Completions of cowdisk for zsh. Once: source <(cowdisk completions zsh)

# Files, COW images behind a +, and devices that are no files.
_cowdisk_view() {
  if compset -P '*+' || compset -P 'file:'; then
    _files
  else
    _alternative 'files:file:_files' \\
      'devices:device:compadd -S "" -- ${SCHEMES.join(" ")}'
  fi
}

_cowdisk() {
  local context state state_descr line
  local -a commands
  typeset -A opt_args
  commands=(
${names.join("")}  )
  _arguments -C ${specifications(program).join(" \\\n    ")} \\
    '1:command:->command' '*::argument:->argument' && return
  case $state in
    command) _describe -t commands command commands ;;
    argument)
      case $words[1] in
${commands.map(caseOf).join("")}      esac ;;
  esac
}

if [[ $funcstack[1] == _cowdisk ]]; then
  _cowdisk "$@"
else
  compdef _cowdisk cowdisk
fi
`;
}

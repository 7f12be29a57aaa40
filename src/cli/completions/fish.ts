/**
 * Completions for fish.
 *
 * @module
 */

import { type CommandWords, SCHEMES, shellQuoted, type Wanted } from "./command_words.ts";

/** How `complete` is told what a value wants, and that nothing else is offered. */
function wantedWords(wanted: Wanted): string {
  switch (wanted.kind) {
    case "choice":
      return `-x -a ${shellQuoted(wanted.choices.join(" "))}`;
    case "view":
      return "-x -a '(__cowdisk_views)'";
    case "file":
      return "-r -F";
    case "nothing":
      return "-x";
  }
}

function optionLines(condition: string, { options }: CommandWords): string[] {
  return options.map(({ flags, description, value }) => {
    const names = flags.map((flag) =>
      flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag[1]}`
    );
    const words = value === null ? "" : ` ${wantedWords(value.wanted)}`;
    return `complete -c cowdisk -n ${shellQuoted(condition)} ${names.join(" ")}${words} ` +
      `-d ${shellQuoted(description)}\n`;
  });
}

function commandLines(command: CommandWords): string[] {
  const { name, places } = command;
  const ofPlaces = places.map(({ wanted, isVariadic }, index) => {
    const place = isVariadic ? "any" : index + 1;
    return `complete -c cowdisk -n '__cowdisk_at ${name} ${place}' ${wantedWords(wanted)}\n`;
  });
  return [...optionLines(`__cowdisk_at ${name}`, command), ...ofPlaces];
}

function functions(commands: readonly CommandWords[]): string {
  const valued = commands.flatMap(({ options }) =>
    options.flatMap(({ flags, value }) => value === null ? [] : flags)
  );
  return `
# Whether the cursor is behind a command, and at its argument of that number.
function __cowdisk_at --argument-names command place
    set -l words (commandline -opc)
    test "$words[2]" = "$command"; or return
    test -n "$place" -a "$place" != any; or return 0
    set -l count 1
    set -l is_value no
    for word in $words[3..]
        if test $is_value = yes
            set is_value no
        else if contains -- $word ${[...new Set(valued)].join(" ")}
            set is_value yes
        else if not string match -q -- '-*' $word
            set count (math $count + 1)
        end
    end
    test $count = $place
end

# Files, COW images behind a +, and devices that are no files.
function __cowdisk_views
    set -l typed (commandline -ct)
    set -l word (string unescape -- "$typed"; or echo "$typed")
    set -l before (string match -r -- '^(?:.*\\+|file:)' "$word")
    for file in (__fish_complete_path (string replace -- "$before" '' "$word"))
        echo "$before$file"
    end
    test -n "$word" -a -z "$before"; and string match -- "$word*" ${SCHEMES.join(" ")}
end
`;
}

/**
 * Writes the script.
 *
 * @param program What can be typed behind the program's name.
 * @param commands What can be typed behind each command's.
 * @returns The script.
 */
export function fishScript(program: CommandWords, commands: readonly CommandWords[]): string {
  const names = commands.map(({ name, summary }) =>
    `complete -c cowdisk -n __fish_use_subcommand -a ${name} -d ${shellQuoted(summary)}\n`
  );
  return `# Completions of cowdisk for fish. Once: cowdisk completions fish | source
${functions(commands)}
complete -c cowdisk -f
${names.join("")}${optionLines("__fish_use_subcommand", program).join("")}${
    commands.flatMap(commandLines).join("")
  }`;
}

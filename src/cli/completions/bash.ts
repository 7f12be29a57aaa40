/**
 * Completions for bash, 3.2 and later, without the package bash-completion.
 *
 * Bash ends words at `:` and `=` too, so the script puts them together again, and replies only with what
 * stands behind the last of these. File names are left to bash where nothing else can stand, for it
 * knows best how they are quoted; behind a `+` the script finds them itself.
 *
 * @module
 */

import { type CommandWords, SCHEMES, shellQuoted, type Wanted } from "./command_words.ts";

/** What sets `wanted` to what is completed there. */
function wantedLine(pattern: string, wanted: Wanted): string {
  const kind = wanted.kind === "choice" ? `choice ${wanted.choices.join(" ")}` : wanted.kind;
  return `    ${pattern}) wanted=${shellQuoted(kind)} ;;\n`;
}

/** Patterns of `COMMAND PLACE`, where a place is an option or the number of an argument. */
function wantedLines({ name, options, places }: CommandWords): string {
  const ofOptions = options.flatMap(({ flags, value }) =>
    value === null ? [] : flags.map((flag) => wantedLine(`'${name} ${flag}'`, value.wanted))
  );
  const ofPlaces = places.map(({ wanted, isVariadic }, index) =>
    wantedLine(`'${name} '${isVariadic ? "[0-9]*" : index + 1}`, wanted)
  );
  return [...ofOptions, ...ofPlaces].join("");
}

function flagsOf({ options }: CommandWords): string {
  return options.flatMap(({ flags }) => flags).join(" ");
}

const REPLIES = `
# Puts the words before the cursor together that bash has taken apart.
__cowdisk_words() {
  local rest=$COMP_LINE index word
  words=()
  for ((index = 0; index <= COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [[ index -eq 0 || $rest == [[:space:]]* ]]; then
      rest=\${rest#"\${rest%%[![:space:]]*}"}
      words+=("$word")
    else
      words[\${#words[@]}-1]+=$word
    fi
    rest=\${rest#"$word"}
  done
}

# Replies with files whose names begin with $2, each behind $1.
__cowdisk_files() {
  local file
  while IFS= read -r file; do
    [[ -d $file ]] && file+=/
    COMPREPLY+=("$1$file")
  done < <(compgen -f -- "$2")
  [[ \${#COMPREPLY[@]} -eq 1 && $COMPREPLY == */ ]] && compopt -o nospace 2>/dev/null
}

# Replies with what $2, a view, can go on with. What stands before a colon is bash's already.
__cowdisk_view() {
  local word=\${1#[\\"\\']} schemes index
  word=\${word//\\\\/}
  local shown=\${word##*:}
  compopt -o filenames 2>/dev/null
  if [[ $word == *+* ]]; then
    __cowdisk_files "\${shown%"\${shown##*+}"}" "\${word##*+}"
  elif [[ $word == file:* ]]; then
    __cowdisk_files '' "\${word#file:}"
  else
    __cowdisk_files '' "$word"
    [[ -n $word ]] && schemes=($(compgen -W '${SCHEMES.join(" ")}' -- "$word"))
    if [[ \${#schemes[@]} -gt 0 ]]; then
      compopt +o filenames -o nospace 2>/dev/null
      for index in "\${!COMPREPLY[@]}"; do printf -v "COMPREPLY[index]" %q "\${COMPREPLY[index]}"; done
      for index in "\${!schemes[@]}"; do COMPREPLY+=("\${schemes[index]#"\${word%"$shown"}"}"); done
    fi
  fi
}
`;

const MAIN = `
_cowdisk() {
  local words command wanted= place=0 index word
  COMPREPLY=()
  __cowdisk_words
  local last=$((\${#words[@]} - 1))
  local current=\${words[last]}
  if [[ last -eq 1 ]]; then
    __cowdisk_reply "$commands" "$current"
    return
  fi
  command=\${words[1]}
  for ((index = 2; index < last; index++)); do
    word=\${words[index]}
    [[ $word == -* ]] || { ((place++)); continue; }
    __cowdisk_wanted "$command $word"
    [[ -n $wanted ]] && ((index++))
  done
  if [[ index -gt last ]]; then
    : # It is the value of the option before it.
  elif [[ $current == --*=* ]]; then
    __cowdisk_wanted "$command \${current%%=*}"
    current=\${current#*=}
  elif [[ $current == -* ]]; then
    __cowdisk_flags "$command"
    __cowdisk_reply "$flags" "$current"
    return
  else
    __cowdisk_wanted "$command $((place + 1))"
  fi
  case $wanted in
    choice*) __cowdisk_reply "\${wanted#choice }" "$current" ;;
    view) __cowdisk_view "$current" ;;
    file) ;; # Bash's own way.
    *) compopt +o default 2>/dev/null ;;
  esac
}
`;

/**
 * Writes the script.
 *
 * @param program What can be typed behind the program's name.
 * @param commands What can be typed behind each command's.
 * @returns The script.
 */
export function bashScript(program: CommandWords, commands: readonly CommandWords[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  return `# Completions of cowdisk for bash. Once: source <(cowdisk completions bash)
${REPLIES}
# Replies with those words of $1 that begin with $2.
__cowdisk_reply() {
  compopt +o default 2>/dev/null
  COMPREPLY=($(compgen -W "$1" -- "$2"))
}

# What stands at a place of a command, an option's name or the number of an argument.
__cowdisk_wanted() {
  case $1 in
${commands.map(wantedLines).join("")}    *) wanted= ;;
  esac
}

__cowdisk_flags() {
  case $1 in
${
    commands.map((command) => `    ${command.name}) flags='${flagsOf(command)}' ;;\n`).join("")
  }    *) flags= ;;
  esac
}
${MAIN.replace("$commands", `${names} ${flagsOf(program)}`)}
complete -o default -F _cowdisk cowdisk
`;
}

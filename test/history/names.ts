/**
 * The table of names in `test/README.md`: which test proves which of the kernel's bugs and which point
 * of acceptance, and whether there are such tests.
 *
 * A test is named as in its file, placeholders and all; where that says too little, with the group
 * it stands in: `group > test`. A workload of `test/crash/` is a test by its `law`.
 */
import { isNode, type Node, type SourceFile } from "../tidy/source_file.ts";

/** The heading of the section that holds the table. */
export const HEADING = "## Names from the kernel's history";

/** A row of the table. */
export interface NamedTest {
  readonly id: string;
  readonly path: string;
  readonly name: string;
}

/**
 * Reads the table.
 *
 * @param markdown The page.
 * @throws {Error} When there is no such section, or a row of it is not `id | about | file | test`.
 */
export function readTable(markdown: string): NamedTest[] {
  const start = markdown.indexOf(`${HEADING}\n`);
  if (start < 0) throw new Error(`There is no section "${HEADING}"`);
  const [section = ""] = markdown.slice(start + HEADING.length).split("\n## ");
  const lines = section.split("\n").filter((line) => line.startsWith("|")).slice(2);
  return lines.map((line) => {
    const cells = line.split("|").slice(1, -1).map((cell) => cell.trim());
    const [id, , path, name] = cells;
    const spanned = (cell: string | undefined) => /^`(.+)`$/.exec(cell ?? "")?.[1];
    const [file, title] = [spanned(path), spanned(name)];
    if (id && cells.length === 4 && file !== undefined && title !== undefined) {
      return { id, path: `test/${file}`, name: title };
    }
    throw new Error(`A row is not "id | about | \`file\` | \`test\`": ${line}`);
  });
}

/** A call of `test` or `describe`, or a law. */
interface Title {
  readonly isGroup: boolean;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The names of a file's tests: each for itself, and behind the group it stands in. */
export function testNames(file: SourceFile): Set<string> {
  const titles = [...titlesIn(file)];
  const names = new Set<string>();
  for (const title of titles) {
    if (title.isGroup) continue;
    names.add(title.text);
    for (const group of titles) {
      const isAround = group.isGroup && group.start < title.start && title.end <= group.end;
      if (isAround) names.add(`${group.text} > ${title.text}`);
    }
  }
  return names;
}

function* titlesIn(file: SourceFile): Iterable<Title> {
  for (const node of file.nodes()) {
    if (node.type === "Property" && isNode(node.key) && node.key.name === "law") {
      const law = textOf(node.value, file);
      if (law !== null) yield { isGroup: false, text: law, start: node.start, end: node.end };
    }
    if (node.type !== "CallExpression") continue;
    const word = wordOf(node.callee);
    const text = textOf((node.arguments as unknown[])[0], file);
    if ((word !== "test" && word !== "describe") || text === null) continue;
    yield { isGroup: word === "describe", text, start: node.start, end: node.end };
  }
}

/** The word that is called: `test("…")` or `test.each(…)("…")`. */
function wordOf(callee: unknown): string | null {
  if (!isNode(callee)) return null;
  if (callee.type === "Identifier") return String(callee.name);
  if (callee.type !== "CallExpression") return null;
  const each = callee.callee as Node;
  return each.type === "MemberExpression" ? wordOf(each.object) : null;
}

/** A string or a template, as it is written. */
function textOf(argument: unknown, file: SourceFile): string | null {
  if (!isNode(argument)) return null;
  if (argument.type === "Literal" && typeof argument.value === "string") return argument.value;
  if (argument.type !== "TemplateLiteral") return null;
  return file.text.slice(argument.start + 1, argument.end - 1);
}

/**
 * Tells which rows name no test.
 *
 * @param rows The table.
 * @param files The files of tests.
 * @returns A sentence for each.
 */
export function findMissing(rows: readonly NamedTest[], files: readonly SourceFile[]): string[] {
  const namesOf = new Map<string, Set<string>>();
  return rows.flatMap(({ id, path, name }) => {
    const file = files.find((each) => each.path === path);
    if (file === undefined) return [`${id}: there is no ${path}`];
    const names = namesOf.get(path) ?? testNames(file);
    namesOf.set(path, names);
    return names.has(name) ? [] : [`${id}: ${path} has no test "${name}"`];
  });
}

/** Every example in every help is played, in a folder of files such as examples speak of. */
import { beforeAll, expect, test } from "vitest";
import { example } from "../../../src/cli/example.ts";
import { createProgram } from "../../../src/cli/program.ts";
import { ExampleFiles } from "./example_files.ts";
import { cowdisk, type Folder, spawnCowdisk, TestEnvironment } from "./session.ts";
import { exchangesOf, play } from "./transcript.ts";

test("an example stands behind the options, indented", () => {
  expect(example("$ cowdisk x", "y")).toBe("\nExample:\n  $ cowdisk x\n  y");
});

/** What is printed, as a pattern: a line `…` stands for any lines. */
function patternOf(output: string): RegExp {
  const lines = output.split("\n").map((line) =>
    line === "…" ? "(?:.*\\n)*?" : `${line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\n`
  );
  return new RegExp(`^${lines.join("")}$`);
}

async function exampleOf(name: string): Promise<string> {
  const { out } = await cowdisk([name, "--help"]);
  return (out.split("\nExample:\n")[1] ?? "").replace(/^ {2}/gm, "");
}

const names = (await createProgram(new TestEnvironment())).commands.map((command) =>
  command.name()
);
const files = new ExampleFiles();
beforeAll(() => files.make());

/** Commands whose examples are about a server that runs on `disk.img`. */
const TALKING = ["live", "dm", "watch"];

/** Serves the disk of a folder, until it is told to end. */
async function serve(folder: Folder): Promise<() => Promise<unknown>> {
  const words = ["serve", folder.path("disk.img"), "--socket", folder.path("nbd.sock")];
  const { child, ended } = spawnCowdisk(words);
  await new Promise<void>((resolve) =>
    child.stderr?.on("data", (bytes) => `${bytes}`.includes("serving") && resolve())
  );
  return () => {
    child.kill("SIGTERM");
    return ended;
  };
}

test.each(names)("the example in the help of %s is so", async (name) => {
  const exchanges = exchangesOf(await exampleOf(name));
  expect(exchanges.some(({ command }) => command.includes(`cowdisk ${name}`))).toBe(true);
  const folder = files.copy();
  const end = TALKING.includes(name) ? await serve(folder) : null;
  for (const exchange of exchanges) {
    const { code, screen } = await play(exchange, folder.path(""));
    const { command, output } = exchange;
    expect(`${screen}\n`, command).toMatch(patternOf(output));
    expect(code, command).toBe(0);
  }
  await end?.();
});

test("a line that is left out may be any number of lines, and no other may differ", () => {
  const pattern = patternOf("a\n…\nd");
  expect("a\nb\nc\nd\n").toMatch(pattern);
  expect("a\nd\n").toMatch(pattern);
  expect("a\nb\n").not.toMatch(pattern);
  expect("x\na\nd\n").not.toMatch(pattern);
});

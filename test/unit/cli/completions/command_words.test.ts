import { Command, Option } from "commander";
import { expect, test } from "vitest";
import { commandWords, shellQuoted } from "../../../../src/cli/completions/command_words.ts";

test("what a value is completed with is told by how the help writes it", () => {
  const command = new Command("try")
    .summary("a try")
    .argument("<VIEW>", "a view")
    .argument("[SIZE]", "a size")
    .argument("<DISK...>", "a disk, or mem:SIZE")
    .option("-k, --keep <COW>", "a file")
    .option("--in <path>", "another")
    .option("--jobs <count>", "how many")
    .option("--quiet", "no value")
    .addOption(new Option("--secret", "not told").hideHelp())
    .addOption(new Option("--store <type>", "one of some").choices(["P", "PO"]));
  const { name, summary, places, options } = commandWords(command);
  expect([name, summary]).toEqual(["try", "a try"]);
  expect(places).toEqual([
    { name: "VIEW", wanted: { kind: "view" }, isVariadic: false },
    { name: "SIZE", wanted: { kind: "nothing" }, isVariadic: false },
    { name: "DISK", wanted: { kind: "view" }, isVariadic: true },
  ]);
  expect(options.map(({ flags, value }) => [...flags, value?.wanted])).toEqual([
    ["-k", "--keep", { kind: "file" }],
    ["--in", { kind: "file" }],
    ["--jobs", { kind: "nothing" }],
    ["--quiet", undefined],
    ["--store", { kind: "choice", choices: ["P", "PO"] }],
    ["-h", "--help", undefined],
  ]);
});

test("a quoted text is one word", () => {
  expect(shellQuoted("it's `so`")).toBe("'it'\\''s `so`'");
});

import { expect, test } from "vitest";
import { parseLine, usageOf } from "../../../../../demo/engine/commands/command.ts";
import { COMMANDS } from "../../../../../demo/engine/commands/commands.ts";

const parse = (line: string) => parseLine(line, COMMANDS, 1);

test("a line is split as a shell splits it", () => {
  const { command, words, options } = parse("snapshot  'monday' --chunk=4K --store PO");
  expect(command.name).toBe("snapshot");
  expect(words).toEqual(["monday"]);
  expect(options).toEqual({ chunk: "4K", store: "PO" });
});

test("numbers and ranges stay as they were typed", () => {
  expect(parse("write origin 5-7").words).toEqual(["origin", "5-7"]);
  expect(parse("write origin 0005").words).toEqual(["origin", "0005"]);
});

test("dm's words are left to dm", () => {
  expect(parse('dm table "a b" --x 3').words).toEqual(["table", "a b", "--x", "3"]);
});

test("a cut is read from behind the line", () => {
  expect(parse("write origin 5; pull --after 3 --seed 9 --keep by-sector")).toMatchObject({
    text: "write origin 5",
    cut: { after: 3, seed: 9, manner: "by sector" },
  });
  expect(parse("write origin 5").cut).toBeNull();
});

test("what makes no sense is refused in words", () => {
  const refusals: Record<string, string> = {
    "": "Nothing was typed",
    ";": "Nothing was typed",
    wirte: 'There is no command "wirte"',
    "write origin": "Usage: write DEVICE CHUNK[-CHUNK]",
    "write origin 1 2": "Usage: write",
    "write origin 1 --force": "has no option --force",
    "snapshot a --chunk": "--chunk wants SIZE",
    "write origin 1; write origin 2": "A line is one command",
    "write origin 1; pull": "A line is one command",
    "write origin 1; pull --after 1 --keep half": 'Cannot keep "half"',
    "write origin 1; pull --after x": 'Cannot use "x" as a number of beats',
  };
  refusals[`write origin ${"0".repeat(300)}1`] = "A line has at most 300 characters";
  for (const [line, why] of Object.entries(refusals)) {
    expect(() => parse(line), line).toThrow(why);
  }
});

test("every command says how it is used, and names that are no command's lead to one", () => {
  expect(usageOf(parse("reset").command)).toBe("reset [--size SIZE] [--chunk SIZE]");
  expect(() => parse("snap monday")).toThrow("did you mean snapshot?");
  expect(() => parse("constructor")).toThrow("There is no command");
  expect(() => parse("write origin 1 --__proto__ 3")).toThrow();
});

import { expect, test } from "vitest";
import { ControlRequest } from "../../../../src/nbd/control/control_request.ts";

const parse = (value: unknown) => ControlRequest.parse(JSON.stringify(value));

test("fields are read as what they have to be", () => {
  const request = parse({
    name: "a",
    empty: "",
    store: "PO",
    words: ["ls", "--tree"],
    sectorCount: 8,
    force: true,
  });
  expect(request.text("name")).toBe("a");
  expect([request.textOrNone("empty"), request.textOrNone("missing")]).toEqual(["", ""]);
  expect([request.choice("store", ["P", "PO"]), request.choice("missing", ["P"])])
    .toEqual(["PO", undefined]);
  expect(request.words("words")).toEqual(["ls", "--tree"]);
  expect([request.sectors("sectorCount"), request.sectors("missing")]).toEqual([8, undefined]);
  expect([request.flag("force"), request.flag("missing")]).toEqual([true, false]);
  request.end();
});

test("what is something else is refused, with what is wanted", () => {
  for (const line of ["", "{", "[]", "null", "7", '"take"', "{}{}"]) {
    expect(() => ControlRequest.parse(line)).toThrow(/^Cannot read the request: want/);
  }
  const wrong: [unknown, (request: ControlRequest) => unknown][] = [
    [{}, (request) => request.text("k")],
    [{ k: "" }, (request) => request.text("k")],
    [{ k: 7 }, (request) => request.text("k")],
    [{ k: "x".repeat(4097) }, (request) => request.text("k")],
    [{ k: [] }, (request) => request.textOrNone("k")],
    [{ k: "N" }, (request) => request.choice("k", ["P"])],
    [{ k: null }, (request) => request.choice("k", ["P"])],
    [{ k: [] }, (request) => request.words("k")],
    [{ k: ["a", 1] }, (request) => request.words("k")],
    [{ k: { length: 1 } }, (request) => request.words("k")],
    ...[0, -1, 0.5, 2 ** 54, "8", null, true].map((
      k,
    ): [unknown, (r: ControlRequest) => unknown] => [
      { k },
      (request) => request.sectors("k"),
    ]),
    [{ k: 1 }, (request) => request.flag("k")],
  ];
  for (const [value, read] of wrong) {
    expect(() => read(parse(value))).toThrow(/^Cannot read "k" in the request: want/);
  }
});

test("a field that nobody knows is refused, and no name is one by inheritance", () => {
  const request = parse({ name: "a", forec: true });
  request.text("name");
  expect(() => request.end()).toThrow('Cannot use "forec" in the request: nothing is known of it');
  expect(() => parse({}).text("constructor")).toThrow(/want a text/);
  expect(() => ControlRequest.parse('{"__proto__":{"name":"a"}}').text("name")).toThrow(/want a/);
});

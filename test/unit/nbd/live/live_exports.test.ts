import { expect, test } from "vitest";
import { CMD, contexts, Dialogue, info, OPT, option, SET_META, u32 } from "../dialogue.ts";
import { deviceOf, filled, liveRig, namesOf } from "./rig.ts";

const ENDED = 108;

test("the list is one array, whose contents follow; the origin is first", async () => {
  const { stack } = await liveRig();
  const list = stack.exports;
  await stack.dm(["create", "a", "--table", "0 8 zero"]);
  await stack.take({ name: "monday", path: "monday.cow" });
  expect(list.map(({ name, description }) => [name, description])).toEqual([
    ["origin", "disk.img"],
    ["a", "mapped: zero"],
    ["monday", "snapshot of disk.img"],
  ]);
  await stack.dm(["remove", "origin"]);
  await stack.dm(["create", "origin", "--table", "0 512 snapshot-origin 7:0"]);
  expect(namesOf(stack)).toEqual(["origin", "a", "monday"]);
  await stack.close();
  expect(list).toEqual([]);
});

test("a change is seen by the next LIST, INFO and choice of contexts of a client that is there", async () => {
  const { stack } = await liveRig();
  const dialogue = new Dialogue(stack.exports);
  dialogue.read(18);
  dialogue.say(u32(3), option(OPT.structured));
  const list = () => {
    dialogue.say(option(OPT.list));
    return dialogue.optionAnswers().filter(({ kind }) => kind === 2)
      .map(({ body }) => body.subarray(4, 4 + body.readUInt32BE()).toString());
  };
  const choose = (name: string) => {
    dialogue.say(option(SET_META, contexts(name, "qemu:dirty-bitmap:monday")));
    return dialogue.optionAnswers().filter(({ kind }) => kind === 4).length;
  };
  const inform = (name: string) => {
    dialogue.say(option(OPT.info, info(name)));
    return dialogue.optionAnswers().at(-1)?.kind;
  };
  expect([list(), choose("origin"), inform("monday")]).toEqual([["origin"], 0, 0x80000006]);
  await stack.take({ name: "monday", path: "monday.cow" });
  expect([list(), choose("origin"), choose("monday"), inform("monday")])
    .toEqual([["origin", "monday"], 1, 1, 1]);
  await stack.drop("monday");
  expect([list(), choose("origin"), inform("monday")]).toEqual([["origin"], 0, 0x80000006]);
  await stack.close();
});

test("contexts hold that were chosen before a change and entered after it", async () => {
  const { stack } = await liveRig();
  await stack.take({ name: "monday", path: "monday.cow" });
  const dialogue = new Dialogue(stack.exports);
  dialogue.read(18);
  dialogue.say(u32(3), option(OPT.structured));
  dialogue.say(option(SET_META, contexts("origin", "qemu:dirty-bitmap:monday")));
  await stack.take({ name: "a", path: "a.cow" });
  await deviceOf(stack, "origin").write(filled(8, 1), 8);
  dialogue.say(option(OPT.go, info("origin")));
  expect(dialogue.kinds().at(-1)).toBe(1);
  const status = () => dialogue.ask({ command: CMD.status, cookie: 1, length: 16384 })[0]!;
  const { body } = status();
  // The context's number, then lengths and flags.
  const words = Array.from({ length: body.length / 4 }, (_, at) => body.readUInt32BE(at * 4));
  expect(words).toEqual([2, 4096, 0, 4096, 1, 8192, 0]);
  await stack.drop("monday");
  expect(status().error).toBe(ENDED);
  await stack.close();
});

test("the clients of what is dropped or merged are told so, and live on", async () => {
  const { stack } = await liveRig();
  await stack.take({ name: "monday", path: "monday.cow" });
  await stack.take({ name: "tuesday", path: "tuesday.cow" });
  for (const isStructured of [false, true]) {
    const [monday, tuesday] = ["monday", "tuesday"].map((name) =>
      new Dialogue(stack.exports).enter(isStructured ? "structured" : "simple", name)
    ) as [Dialogue, Dialogue];
    const read = { command: CMD.read, cookie: 7, length: 512 };
    const write = { command: CMD.write, cookie: 8, payload: filled(1, 1) };
    expect(monday.ask(read).at(-1)!.error).toBe(0);
    if (isStructured) await stack.drop("tuesday");
    else {
      await stack.merge("monday");
      await stack.take({ name: "monday", path: "monday2.cow" }).catch(() => {});
    }
    const gone = isStructured ? tuesday : monday;
    for (const each of [read, write, { command: CMD.flush, cookie: 9 }, read]) {
      expect(gone.ask(each).at(-1)!.error).toBe(ENDED);
    }
    expect(gone.connection.hasEnded).toBe(false);
    while (stack.merging !== null) await new Promise((resolve) => setImmediate(resolve));
    if (!namesOf(stack).includes("monday")) {
      await stack.take({ name: "monday", path: "monday3.cow" });
    }
  }
  await stack.close();
});

test("what is asked is counted, and a new name keeps the count", async () => {
  const { stack } = await liveRig();
  const dialogue = new Dialogue(stack.exports).enter("structured", "origin");
  dialogue.ask({ command: CMD.write, cookie: 1, payload: filled(2, 1) });
  dialogue.ask({ command: CMD.read, cookie: 2, length: 512 });
  dialogue.ask({ command: CMD.read, cookie: 3, offset: 2 ** 40, length: 512 });
  await stack.dm(["rename", "origin", "other"]);
  expect({ ...stack.exports[0]!.traffic }).toEqual({
    requestCount: 2,
    readBytes: 512,
    writtenBytes: 1024,
  });
  await stack.close();
});

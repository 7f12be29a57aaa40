import { assertEquals, assertThrows } from "@std/assert";
import { describe, test } from "vitest";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { DustMessages } from "../../../../src/targets/fault/dust_messages.ts";

function setUp(blockCount = 128) {
  const log: string[] = [];
  const messages = new DustMessages({
    deviceName: "disk",
    blockCount,
    log: (line) => log.push(line),
  });
  const send = (text: string) => messages.send(text.split(" "));
  return { log, messages, send };
}

test("words are the same in any case", () => {
  const { send } = setUp();
  send("AddBadBlock 7");
  assertEquals(send("QUERYBLOCK 7"), "dust_query_block: block 7 found in badblocklist");
  assertEquals(send("queryblock 8"), "dust_query_block: block 8 not found in badblocklist");
  send("REMOVEBADBLOCK 7");
  assertEquals(send("CountBadBlocks"), "countbadblocks: 0 badblock(s) found");
  assertEquals(send("ListBadBlocks"), "No blocks in badblocklist");
  assertEquals(send("ClearBadBlocks"), "dust_clear_badblocks: no badblocks found");
});

test("bad blocks are told in ascending order, one a line", () => {
  const { send, messages } = setUp();
  for (const block of ["72", "60 255", "067"]) assertEquals(send(`addbadblock ${block}`), "");
  assertEquals(send("listbadblocks"), "60\n67\n72\n");
  assertEquals(messages.badBlocks.writeFailuresLeft(60), 255);
  assertEquals(send("clearbadblocks"), "dust_clear_badblocks: badblocks cleared");
  assertEquals(messages.badBlocks.count, 0);
});

test("enable and disable are what they say, twice too", () => {
  const { send, messages } = setUp();
  const states = ["enable", "enable", "disable", "Disable", "ENABLE"].map((word) => {
    assertEquals(send(word), "");
    return messages.isEnabled;
  });
  assertEquals(states, [true, true, false, false, true]);
});

test.each([[127, true], [128, false], [129, false]])(
  "of 128 blocks, %i is one: %o",
  (block, isOne) => {
    for (const verb of ["addbadblock", "queryblock", "removebadblock"]) {
      const { send, log, messages } = setUp();
      if (verb === "removebadblock") messages.badBlocks.add(block, 0);
      if (isOne) send(`${verb} ${block}`);
      else assertThrows(() => send(`${verb} ${block}`), BlockDeviceError, "out of range");
      assertEquals(log.includes("dust: selected block value out of range"), !isOne);
    }
  },
);

test("messages that are wrong are refused with dm's line, and change nothing", () => {
  const refused: [string, string | null][] = [
    ["addbadblock", "addbadblock requires an additional argument"],
    ["RemoveBadBlock", "RemoveBadBlock requires an additional argument"],
    ["queryblock", "queryblock requires an additional argument"],
    ["polish", "unrecognized message 'polish' received"],
    ["polish 3", "unrecognized message 'polish' received"],
    ["removebadblock 3 1", "unrecognized message 'removebadblock' received"],
    ["queryblock 3 1", "unrecognized message 'queryblock' received"],
    ["enable 1", "unrecognized message 'enable' received"],
    ["addbadblock x", null],
    ["addbadblock -1", null],
    ["addbadblock 1 x", null],
    ["addbadblock 99999999999999999999", null],
    ["addbadblock 1 256", "selected write fail count out of range"],
    ["addbadblock 1 2 3", "invalid number of arguments '4'"],
    ["addbadblock 3", "dust_add_block: block 3 already in badblocklist"],
    ["removebadblock 4", "dust_remove_block: block 4 not found in badblocklist"],
  ];
  const { send, log, messages } = setUp();
  send("addbadblock 3");
  for (const [text, line] of refused) {
    log.length = 0;
    const error = assertThrows(() => send(text), BlockDeviceError, "dust target");
    assertEquals([error.code, log], ["EINVAL", line === null ? [] : [`dust: ${line}`]], text);
  }
  assertThrows(() => messages.send([]), BlockDeviceError, "invalid number of arguments '0'");
  assertEquals([send("listbadblocks"), messages.isEnabled, messages.isQuiet], [
    "3\n",
    false,
    false,
  ]);
});

describe("what becomes of blocks", () => {
  const LINES = [
    "dust: dust_add_block: badblock added at block 3 with write fail count 2",
    "dust: dust_add_block: block 3 already in badblocklist",
    "dust: dust_remove_block: badblock removed at block 3",
    "dust: dust_remove_block: block 3 not found in badblocklist",
    "dust: block 9 removed from badblocklist by write",
  ];
  const script = ({ send, messages }: ReturnType<typeof setUp>) => {
    send("addbadblock 3 2");
    assertThrows(() => send("addbadblock 3"));
    send("removebadblock 3");
    assertThrows(() => send("removebadblock 3"));
    messages.report("block 9 removed from badblocklist by write");
  };

  test("is logged, unless it is quiet; quiet is a toggle", () => {
    const rig = setUp();
    const logged = [0, 1, 2].map(() => {
      rig.log.length = 0;
      script(rig);
      const lines = [...rig.log];
      rig.send("quiet");
      return lines;
    });
    assertEquals(logged, [LINES, [], LINES]);
  });

  test("is all that quiet hides", () => {
    const { send, log } = setUp();
    send("quiet");
    send("enable");
    send("disable");
    assertThrows(() => send("polish"));
    assertEquals(log, [
      "dust: enabling read failures on bad sectors",
      "dust: disabling read failures on bad sectors",
      "dust: unrecognized message 'polish' received",
    ]);
  });
});

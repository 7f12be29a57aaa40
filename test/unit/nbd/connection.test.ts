import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { checked } from "../../../src/block/checked.ts";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { NbdConnection } from "../../../src/nbd/connection.ts";
import {
  ask,
  askExtended,
  CMD,
  Dialogue,
  memoryExports,
  OPT,
  option,
  PAYLOAD_FLAG,
  u32,
} from "./dialogue.ts";
import { SlowDevice } from "./slow_device.ts";

const MIB = 1024 * 1024;

/** With extended headers a payload can be so long that only an end is an answer. */
function expectNoLongPayload(): void {
  for (const length of [32 * MIB + 1, 2 ** 32, 2 ** 62]) {
    const dialogue = new Dialogue().enter("extended");
    dialogue.say(
      askExtended({ command: CMD.write, cookie: 1, length, flags: PAYLOAD_FLAG }),
      askExtended({ command: CMD.flush, cookie: 2 }),
    );
    expect([dialogue.connection.hasEnded, dialogue.unread.length]).toEqual([true, 0]);
  }
}

describe.each(["extended", "structured", "simple"] as const)(
  "with %s messages",
  (mode) => {
    const entered = () => new Dialogue().enter(mode);

    test("what is written is read", () => {
      const dialogue = entered();
      const payload = Buffer.alloc(1024, 5);
      const [done] = dialogue.ask({ command: CMD.write, cookie: 1, offset: 4096, payload });
      expect(done).toMatchObject({ cookie: 1, error: 0, chunk: mode === "extended" ? 0 : -1 });
      const content = dialogue.content(0, 16384);
      expect(content.subarray(4096, 5120).equals(payload)).toBe(true);
      expect(content.every((byte, at) => byte === (at >= 4096 && at < 5120 ? 5 : 0))).toBe(true);
    });

    test("zeroes, discards, flushes and hints are answered", () => {
      const dialogue = entered();
      dialogue.ask({ command: CMD.write, cookie: 1, payload: Buffer.alloc(8192, 5) });
      for (const command of [CMD.zeroes, CMD.trim, CMD.cache, CMD.flush]) {
        const length = command === CMD.flush ? 0 : 512;
        expect(dialogue.ask({ command, cookie: 2, length })).toMatchObject([{
          cookie: 2,
          error: 0,
        }]);
      }
      expect(dialogue.content(0, 512).every((byte) => byte === 0)).toBe(true);
      expect(dialogue.content(512, 512).every((byte) => byte === 5)).toBe(true);
    });

    test("a request that is refused is answered, and the next one is found behind it", () => {
      const dialogue = entered();
      const refused = [
        { command: CMD.write, cookie: 10, flags: 2, payload: Buffer.alloc(700, 0x25) },
        { command: CMD.read, cookie: 11, offset: 2 ** 40, length: 512 },
        { command: 99, cookie: 12, length: 512 },
        { command: CMD.zeroes, cookie: 13, length: 512, flags: 16 },
        { command: CMD.status, cookie: 14, length: 512 },
      ];
      const errors = refused.map((each) =>
        dialogue.ask(each).map(({ cookie, error }) => [cookie, error])
      );
      expect(errors.flat()).toEqual([[10, 22], [11, 22], [12, 22], [13, 95], [14, 22]]);
      expect(dialogue.content(0, 65536).every((byte) => byte === 0)).toBe(true);
    });

    test("a write of 4 GiB is dropped as it comes, held nowhere, and refused", () => {
      if (mode === "extended") return expectNoLongPayload();
      const dialogue = entered();
      const head = ask({ command: CMD.write, cookie: 3, length: 100 * MIB });
      dialogue.say(head);
      const piece = Buffer.alloc(MIB, 1);
      for (let sent = 0; sent < 100; sent++) {
        expect([dialogue.unread.length, dialogue.connection.wantsInput]).toEqual([0, true]);
        dialogue.connection.receive(piece);
      }
      expect(dialogue.answer()).toMatchObject({ cookie: 3, error: 22 });
      expect(dialogue.content(0, 512)[0]).toBe(0);
    });
  },
);

test("a read-only export refuses what changes it, with its payload taken", () => {
  const [disk] = memoryExports();
  const dialogue = new Dialogue([{ ...disk, isReadOnly: true }]).enter();
  const payload = Buffer.alloc(512, 5);
  expect(dialogue.ask({ command: CMD.write, cookie: 1, payload })[0]!.error).toBe(1);
  expect(dialogue.content(0, 512)[0]).toBe(0);
});

test("status tells what was chosen", () => {
  const dialogue = new Dialogue().enter("structured", "disk", "base:allocation");
  dialogue.ask({ command: CMD.write, cookie: 1, payload: Buffer.alloc(4096, 5) });
  const [status] = dialogue.ask({ command: CMD.status, cookie: 2, length: 65536 });
  expect(status!.body.toString("hex")).toBe("00000000" + "0000100000000000" + "0000f00000000002");
});

test("what comes byte by byte is done as what comes at once", () => {
  const session = Buffer.concat([
    ask({ command: CMD.write, cookie: 1, payload: Buffer.alloc(512, 7) }),
    ask({ command: CMD.write, cookie: 2, offset: 3, payload: Buffer.alloc(777, 7) }),
    ask({ command: CMD.read, cookie: 3, length: 8192 }),
    ask({ command: CMD.disc, cookie: 0 }),
  ]);
  const once = new Dialogue().enter();
  once.say(session);
  const slowly = new Dialogue().enter();
  for (const byte of session) slowly.say(Buffer.of(byte));
  expect(slowly.unread.equals(once.unread)).toBe(true);
  expect([once.connection.hasEnded, slowly.connection.hasEnded]).toEqual([true, true]);
});

describe("on a device that takes time", () => {
  function slowDialogue(sectorCount?: number) {
    const [disk] = memoryExports(sectorCount);
    const device = new SlowDevice(disk.device);
    return { device, dialogue: new Dialogue([{ ...disk, device }]).enter() };
  }

  test("requests are under way together, and answered as they end", async () => {
    const { device, dialogue } = slowDialogue();
    for (const cookie of [1, 2, 3]) {
      dialogue.say(ask({ command: CMD.read, cookie, offset: 512 * cookie, length: 512 }));
    }
    expect(dialogue.connection.underWay).toBe(3);
    device.waiting.reverse();
    await device.answerAll();
    expect([1, 2, 3].map(() => dialogue.answer().cookie)).toEqual([3, 2, 1]);
  });

  test("payloads that came in pieces are kept apart while they are written", async () => {
    const [disk] = memoryExports();
    // As a device may that answers later: the bytes are read when they are written.
    const device = new (class extends SlowDevice {
      override async write(source: Uint8Array, sector: number): Promise<void> {
        await new Promise<void>((resolve) => void this.waiting.push(resolve));
        await this.below.write(source, sector);
      }
    })(disk.device);
    const dialogue = new Dialogue([{ ...disk, device }]).enter();
    for (const cookie of [1, 2, 3]) {
      const payload = Buffer.alloc(4096, cookie);
      const bytes = ask({ command: CMD.write, cookie, offset: cookie * 4096, payload });
      for (const part of [bytes.subarray(0, 1000), bytes.subarray(1000)]) dialogue.say(part);
    }
    expect(device.waiting.length).toBe(3);
    await device.answerAll();
    const found = Buffer.alloc(4 * 4096);
    await disk.device.read(found, 0);
    expect([0, 4096, 8192, 12288].map((at) => found[at])).toEqual([0, 1, 2, 3]);
  });

  test("DISC and the end of the input wait for what is under way", async () => {
    for (const end of ["disc", "input"]) {
      const { device, dialogue } = slowDialogue();
      dialogue.say(ask({ command: CMD.write, cookie: 1, payload: Buffer.alloc(512, 9) }));
      if (end === "disc") dialogue.say(ask({ command: CMD.disc, cookie: 2 }));
      else dialogue.connection.endInput();
      expect(dialogue.connection.hasEnded).toBe(false);
      dialogue.say(ask({ command: CMD.read, cookie: 3, length: 512 }));
      const changesBefore = dialogue.changes;
      await device.answerAll();
      expect(dialogue.changes).toBeGreaterThan(changesBefore);
      expect(dialogue.connection.hasEnded).toBe(true);
      expect(dialogue.answer()).toMatchObject({ cookie: 1, error: 0 });
      expect(dialogue.unread.length).toBe(0);
    }
  });

  test("no more than 256 requests are under way; the others wait and are not lost", async () => {
    const { device, dialogue } = slowDialogue();
    for (let cookie = 0; cookie < 300; cookie++) {
      dialogue.say(ask({ command: CMD.read, cookie, length: 512 }));
    }
    dialogue.connection.endInput();
    expect([dialogue.connection.underWay, dialogue.connection.wantsInput]).toEqual([256, false]);
    while (device.waiting.length > 0) await device.answerAll();
    const cookies = Array.from({ length: 300 }, () => dialogue.answer().cookie);
    expect(new Set(cookies).size).toBe(300);
    expect(dialogue.connection.hasEnded).toBe(true);
  });

  test("what is held is bounded while large writes wait, more so if they are of parts of blocks", () => {
    for (const [offset, underWay] of [[0, 2], [1, 1]] as const) {
      const { device, dialogue } = slowDialogue(2 ** 20);
      const payload = Buffer.alloc(20 * MIB, 1);
      const write = ask({ command: CMD.write, cookie: 1, offset, payload });
      for (let count = 0; count < 4; count++) dialogue.say(write);
      expect([device.waiting.length, dialogue.connection.wantsInput]).toEqual([underWay, false]);
    }
  });
});

test("a client that does not take its replies is not read any more, until it does", () => {
  // Half a mebibyte may wait: two replies of 256 KiB with their heads, or one that is longer.
  for (const [length, waiting] of [[16 * MIB, 1], [MIB / 4, 2], [4096, 128]] as const) {
    const dialogue = new Dialogue(memoryExports(2 ** 17)).enter();
    dialogue.ask({ command: CMD.write, cookie: 0, payload: Buffer.alloc(16 * MIB, 1) });
    dialogue.isPrompt = false;
    for (let cookie = 0; cookie < 200; cookie++) {
      dialogue.say(ask({ command: CMD.read, cookie, length }));
    }
    const replyBytes = 28 + length;
    expect(dialogue.connection.wantsInput).toBe(false);
    expect(dialogue.unread.length).toBe(waiting * replyBytes);
    for (let count = 0; count < 200; count++) {
      dialogue.read(replyBytes);
      dialogue.connection.sent(replyBytes);
    }
    expect([dialogue.unread.length, dialogue.connection.wantsInput]).toEqual([0, true]);
  }
});

test("what is no request ends the connection, and nothing behind it is done", () => {
  const dialogue = new Dialogue().enter();
  dialogue.say(Buffer.alloc(28, 1), ask({ command: CMD.flush, cookie: 1 }));
  expect([dialogue.connection.hasEnded, dialogue.unread.length]).toEqual([true, 0]);
});

test("a device's failure is a number to the client, and its words are told here", () => {
  const [disk] = memoryExports();
  const failures: string[] = [];
  const device = checked({
    name: "broken",
    sectorCount: 128,
    supports: { write: true, discard: false, discardZeroes: false, permanence: false },
    readSync() {
      throw new BlockDeviceError("EIO", "Cannot read /home/secret.img");
    },
    writeSync() {},
    flushSync() {},
    closeSync() {},
  });
  const heard: Uint8Array[] = [];
  const connection = new NbdConnection({
    exports: [{ ...disk, device }],
    send: (pieces) => void heard.push(...pieces),
    onFailure: (error) => void failures.push((error as Error).message),
  });
  const zeroes = ask({ command: CMD.zeroes, cookie: 1, length: 512, flags: 16 });
  const read = ask({ command: CMD.read, cookie: 2, length: 512 });
  connection.receive(
    Buffer.concat([u32(3), option(OPT.structured), option(OPT.name), zeroes, read]),
  );
  const all = Buffer.concat(heard);
  expect(all.includes("secret")).toBe(false);
  expect(all.subarray(-26).toString("hex")).toMatch(/00000006000000050000$/);
  expect(failures).toEqual(["Cannot read /home/secret.img"]);
});

test("nobody is told of the end before the last bytes were sent", () => {
  for (
    const last of [
      option(OPT.abort),
      Buffer.concat([
        option(OPT.name),
        ask({ command: CMD.flush, cookie: 1 }),
        ask({ command: CMD.disc, cookie: 2 }),
      ]),
    ]
  ) {
    const events: string[] = [];
    const connection: NbdConnection = new NbdConnection({
      exports: memoryExports(),
      send: () => void events.push("sent"),
      onChange: () => void (connection.hasEnded && events.push("told")),
    });
    connection.receive(Buffer.concat([u32(3), last]));
    expect(connection.hasEnded).toBe(true);
    expect(events).toEqual(["sent", "sent"]);
  }
});

test("an end in the middle of anything ends the connection", () => {
  const greeting = u32(3);
  const request = ask({ command: CMD.write, cookie: 1, payload: Buffer.alloc(512) });
  for (const piece of [greeting.subarray(0, 2), Buffer.concat([greeting, option(OPT.list)])]) {
    const dialogue = new Dialogue();
    dialogue.say(piece);
    dialogue.connection.endInput();
    expect(dialogue.connection.hasEnded).toBe(true);
  }
  for (const length of [1, 27, 28, 500]) {
    const dialogue = new Dialogue().enter();
    dialogue.say(request.subarray(0, length));
    dialogue.connection.endInput();
    expect([dialogue.connection.hasEnded, dialogue.unread.length]).toEqual([true, 0]);
  }
});

/** A connection whose client has agreed on extended headers, which no client of Debian's speaks yet. */
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { ask, askExtended, CMD, Dialogue, memoryExports, u32, u64 } from "./dialogue.ts";

const MIB = 1024 * 1024;

describe("extended headers", () => {
  const chosen = () => {
    const [disk] = memoryExports(2 ** 25);
    const named = (name: string, flags: number) => ({
      name,
      *planStatus(_sector: number, sectorCount: number) {
        return [{ sectorCount, flags }];
      },
    });
    const contexts = [named("x:one", 1), named("x:two", 2)];
    return new Dialogue([{ ...disk, contexts }])
      .enter("extended", "disk", "x:one", "x:two", "base:allocation");
  };

  test("every reply has the request's offset, whatever was wrong with it", () => {
    const dialogue = chosen();
    for (const offset of [4096, 4097, 2 ** 40]) {
      for (const command of [CMD.read, CMD.zeroes, CMD.status, CMD.cache, 99]) {
        const answers = dialogue.ask({ command, cookie: 5, offset, length: 8192 });
        for (const answer of answers) expect(answer).toMatchObject({ cookie: 5, offset });
      }
    }
  });

  test("stretches of 16 GiB are zeroed, discarded and told of in one request", async () => {
    const dialogue = chosen();
    const length = 16 * 2 ** 30;
    dialogue.ask({
      command: CMD.write,
      cookie: 1,
      offset: length - 512,
      payload: Buffer.alloc(512, 1),
    });
    const status = { command: CMD.status, cookie: 2, length };
    dialogue.say(askExtended(status));
    while (dialogue.unread.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const answers = dialogue.reply(status);
    const told = answers.map((
      { chunk, body },
    ) => [chunk, body.readUInt32BE(), body.readUInt32BE(4), Number(body.readBigUInt64BE(8))]);
    expect(told).toEqual([[6, 0, 1, 8 * MIB], [6, 1, 1, length], [6, 2, 1, length]]);
    dialogue.say(askExtended({ command: CMD.trim, cookie: 3, length }));
    while (dialogue.unread.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(dialogue.answer()).toMatchObject({ cookie: 3, error: 0, chunk: 0 });
    expect(dialogue.content(length - 512, 512)[0]).toBe(0);
  });

  test("a status can be about some of the contexts", () => {
    const dialogue = chosen();
    const filter = (length: number, ...ids: number[]) =>
      Buffer.concat([u64(length), ...ids.map(u32)]);
    const ids = (payload: Buffer, flags = 0) =>
      dialogue.ask({ command: CMD.status, cookie: 3, offset: 512, payload, flags })
        .map(({ error, body }) => error === 0 ? body.readUInt32BE() : -error);
    expect(ids(filter(4096, 2))).toEqual([2]);
    expect(ids(filter(4096, 2, 0), 8)).toEqual([2, 0]);
    const [one] = dialogue.ask({ command: CMD.status, cookie: 3, payload: filter(1024, 1) });
    expect(one!.body.toString("hex")).toBe(
      "00000001" + "00000001" + "0000000000000400" + "0000000000000001",
    );
    for (
      const wrong of [
        ...[filter(4096), filter(4096, 3), filter(4096, 1, 1), filter(4096, 0, 1, 2, 0)],
        ...[filter(0, 1), filter(2 ** 60, 1), Buffer.alloc(7), Buffer.alloc(13)],
        ...[Buffer.alloc(0), Buffer.alloc(100_000)],
      ]
    ) expect(ids(wrong)).toEqual([-22]);
    expect(ids(filter(100, 1))).toEqual([1]);
  });

  test("a payload where none belongs is taken, and one that is missing is not waited for", () => {
    const dialogue = chosen();
    const payload = Buffer.alloc(512, 9);
    for (const command of [CMD.read, CMD.trim, CMD.zeroes, CMD.cache, CMD.flush, 99]) {
      expect(dialogue.ask({ command, cookie: 4, payload })).toMatchObject([{ error: 22 }]);
    }
    dialogue.say(askExtended({ command: CMD.write, cookie: 5, length: 512 }));
    expect(dialogue.answer()).toMatchObject({ cookie: 5, error: 22 });
    expect(dialogue.content(0, 512)[0]).toBe(0);
  });

  test("a compact request is out of step, and so is an extended one elsewhere", () => {
    const flush = { command: CMD.flush, cookie: 1 };
    for (const [mode, bytes] of [["extended", ask], ["structured", askExtended]] as const) {
      const dialogue = new Dialogue().enter(mode);
      dialogue.say(bytes(flush), bytes(flush));
      expect([dialogue.connection.hasEnded, dialogue.unread.length]).toEqual([true, 0]);
    }
  });
});

import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { ByteQueue } from "../../../../src/nbd/byte_queue.ts";
import { Handshake, type TlsPolicy } from "../../../../src/nbd/handshake/handshake.ts";
import {
  contexts,
  Dialogue,
  info,
  LIST_META,
  memoryExports,
  OPT,
  option,
  SET_META,
  u32,
} from "../dialogue.ts";

const ACK = 1;
const UNSUPPORTED = 0x80000001;
const POLICY = 0x80000002;
const INVALID = 0x80000003;
const TLS_REQUIRED = 0x80000005;
const UNKNOWN = 0x80000006;
const TOO_BIG = 0x80000009;
const EXTENDED_REQUIRED = 0x8000000a;

/** A client that has greeted. */
function greeted(flags = 3, exports = memoryExports(), tls: TlsPolicy = "off"): Dialogue {
  const dialogue = new Dialogue(exports, tls);
  dialogue.read(18);
  dialogue.say(u32(flags));
  return dialogue;
}

test("an agreement holds the export, the kind of replies and the contexts", () => {
  const [disk] = memoryExports();
  const input = new ByteQueue();
  const handshake = new Handshake([disk], input, () => {});
  for (
    const message of [
      u32(3),
      option(OPT.structured),
      option(SET_META, contexts("disk", "base:allocation")),
      option(OPT.go, info("disk")),
    ]
  ) {
    expect(handshake.agreement).toBe(null);
    input.push(message);
    handshake.advance();
  }
  expect(handshake.agreement).toEqual({
    export: disk,
    mode: "structured",
    contexts: [0],
  });
});

describe("every option is answered once", () => {
  test("LIST names all exports, INFO describes, and the handshake goes on", () => {
    const [disk] = memoryExports();
    const dialogue = greeted(3, [disk, { ...disk, name: "two" }] as never);
    dialogue.say(option(OPT.list), option(OPT.info, info("two", 1)));
    const answers = dialogue.optionAnswers();
    expect(answers.map(({ option, kind }) => [option, kind])).toEqual([
      ...[[3, 2], [3, 2], [3, ACK]],
      ...[[6, 3], [6, 3], [6, 3], [6, ACK]],
    ]);
    expect(answers[1]!.body.toString()).toBe("\0\0\0\x03twofor tests");
  });

  test("what is unknown is unsupported, and what it holds is dropped", () => {
    const dialogue = greeted();
    for (const kind of [0, 4, 12, 999, 0xffffffff]) {
      dialogue.say(option(kind, Buffer.alloc(300, 7)));
    }
    dialogue.say(option(OPT.list));
    expect(dialogue.kinds()).toEqual([...Array(5).fill(UNSUPPORTED), 2, ACK]);
  });

  test("what holds nonsense is invalid", () => {
    const dialogue = greeted();
    const junk = Buffer.from("junk");
    for (const kind of [OPT.list, OPT.info, OPT.go, OPT.structured, LIST_META, SET_META]) {
      dialogue.say(option(kind, junk));
    }
    expect(dialogue.kinds()).toEqual(Array(6).fill(INVALID));
    dialogue.say(option(OPT.structured), option(OPT.structured), option(LIST_META, junk));
    expect(dialogue.kinds()).toEqual([ACK, INVALID, INVALID]);
  });

  test("an export that is not there is unknown, whatever its name looks like", () => {
    const dialogue = greeted();
    dialogue.say(option(OPT.structured));
    for (const name of ["other", "../disk", "/etc/passwd", "disk\0"]) {
      dialogue.say(option(OPT.go, info(name)), option(SET_META, contexts(name, "base:allocation")));
    }
    expect(dialogue.kinds()).toEqual([ACK, ...Array(8).fill(UNKNOWN)]);
  });

  test("an option of 4 GiB is dropped as it comes, and refused at its end", () => {
    const dialogue = greeted();
    const head = option(OPT.info);
    head.writeUInt32BE(1_000_000, 12);
    dialogue.say(head);
    for (let sent = 0; sent < 1_000_000; sent += 50_000) {
      expect(dialogue.unread.length).toBe(0);
      dialogue.say(Buffer.alloc(50_000, 0x49));
    }
    dialogue.say(option(OPT.list));
    expect(dialogue.kinds()).toEqual([TOO_BIG, 2, ACK]);
  });

  test("ABORT is answered, and then nothing more is", () => {
    const dialogue = greeted();
    dialogue.say(option(OPT.abort), option(OPT.list));
    expect(dialogue.kinds()).toEqual([ACK]);
    expect(dialogue.connection.hasEnded).toBe(true);
  });
});

describe("extended headers", () => {
  test("are agreed on once, without data, and take the place of structured replies", () => {
    const dialogue = greeted();
    dialogue.say(option(OPT.extended, u32(1)), option(OPT.structured), option(OPT.extended));
    dialogue.say(option(OPT.extended), option(OPT.structured));
    expect(dialogue.kinds()).toEqual([INVALID, ACK, ACK, INVALID, EXTENDED_REQUIRED]);
  });

  test("are enough for contexts, of which the flags tell", () => {
    const dialogue = greeted();
    const flags = () => {
      const [size] = dialogue.optionAnswers();
      return size!.body.readUInt16BE(10);
    };
    dialogue.say(option(OPT.extended));
    expect(dialogue.kinds()).toEqual([ACK]);
    dialogue.say(option(OPT.info, info("disk")));
    expect(flags()).toBe(0b0000_1101_1110_1101);
    dialogue.say(option(SET_META, contexts("disk", "base:allocation")));
    expect(dialogue.kinds()).toEqual([4, ACK]);
    for (const kind of [OPT.info, OPT.go]) {
      dialogue.say(option(kind, info("disk")));
      expect(flags()).toBe(0b0001_1101_1110_1101);
    }
  });

  test("are forgotten with TLS, and exclude the old way to enter", () => {
    const dialogue = greeted(3, memoryExports(), "on");
    dialogue.say(option(OPT.extended), option(OPT.tls));
    dialogue.connection.secured();
    dialogue.say(option(OPT.structured), option(OPT.extended), option(OPT.name));
    expect(dialogue.kinds()).toEqual([ACK, ACK, ACK, ACK]);
    expect(dialogue.connection.hasEnded).toBe(true);
  });
});

describe("contexts", () => {
  test("need structured replies", () => {
    const dialogue = greeted();
    dialogue.say(option(SET_META, contexts("disk", "base:allocation")));
    expect(dialogue.kinds()).toEqual([INVALID]);
  });

  test("are listed all, by name or by namespace, and chosen by name alone", () => {
    const dialogue = greeted();
    dialogue.say(option(OPT.structured));
    expect(dialogue.kinds()).toEqual([ACK]);
    for (const queries of [[], ["base:"], ["base:allocation"]]) {
      dialogue.say(option(LIST_META, contexts("disk", ...queries)));
      expect(dialogue.kinds()).toEqual([4, ACK]);
    }
    for (const queries of [[], ["base:"], ["x:y"]]) {
      dialogue.say(option(SET_META, contexts("disk", ...queries)));
      expect(dialogue.kinds()).toEqual([ACK]);
    }
  });

  test("a choice holds for its export; a later one, failed or not, forgets it", () => {
    const [disk] = memoryExports();
    const exports = [disk, { ...disk, name: "two" }];
    const chosen = (...messages: Buffer[]) => {
      const input = new ByteQueue();
      const handshake = new Handshake(exports, input, () => {});
      for (const message of [u32(3), option(OPT.structured), ...messages]) input.push(message);
      handshake.advance();
      return handshake.agreement?.contexts;
    };
    const choose = (name: string) => option(SET_META, contexts(name, "base:allocation"));
    const go = (name: string) => option(OPT.go, info(name));
    expect(chosen(choose("disk"), go("disk"))).toEqual([0]);
    expect(chosen(choose(""), go("disk"))).toEqual([0]);
    expect(chosen(choose("disk"), go("two"))).toEqual([]);
    expect(chosen(choose("disk"), choose("two"), go("disk"))).toEqual([]);
    expect(chosen(choose("disk"), choose("none"), go("disk"))).toEqual([]);
    expect(chosen(choose("disk"), option(SET_META, u32(9)), go("disk"))).toEqual([]);
  });
});

describe("TLS", () => {
  const tls = (policy: TlsPolicy, flags = 3) => greeted(flags, memoryExports(), policy);
  const isOver = ({ connection, unread }: Dialogue) => [connection.hasEnded, unread.length];

  test("that is not offered is refused by policy, and the handshake goes on in the clear", () => {
    const dialogue = tls("off");
    dialogue.say(option(OPT.tls), option(OPT.list));
    expect(dialogue.kinds()).toEqual([POLICY, 2, ACK]);
    expect(dialogue.connection.wantsTls).toBe(false);
  });

  test("that is required comes before all else, however long or unknown", () => {
    const dialogue = tls("require");
    const meta = contexts("disk", "base:allocation");
    for (const kind of [OPT.list, OPT.structured, 4, OPT.extended, 12]) dialogue.say(option(kind));
    for (const kind of [OPT.info, OPT.go]) dialogue.say(option(kind, info("disk")));
    for (const kind of [LIST_META, SET_META]) dialogue.say(option(kind, meta));
    dialogue.say(option(OPT.info, info("no such export")), option(OPT.list, Buffer.alloc(70_000)));
    expect(dialogue.kinds()).toEqual(Array(11).fill(TLS_REQUIRED));
    dialogue.say(option(OPT.abort));
    expect(dialogue.kinds()).toEqual([ACK]);
  });

  test("that is required ends who cannot be told so", () => {
    const byName = tls("require");
    byName.say(option(OPT.name, Buffer.from("disk")));
    expect(isOver(byName)).toEqual([true, 0]);
    expect(isOver(tls("require", 2))).toEqual([true, 0]);
  });

  test("is not for who has not agreed on the fixed newstyle", () => {
    const dialogue = tls("on", 2);
    dialogue.say(option(OPT.tls), option(OPT.list));
    expect(dialogue.kinds()).toEqual([POLICY, 2, ACK]);
  });

  test.each(["on", "require"] as const)("that is %s begins once, without data", (policy) => {
    const dialogue = tls(policy);
    dialogue.say(option(OPT.tls, u32(1)));
    expect(dialogue.kinds()).toEqual([INVALID]);
    dialogue.say(option(OPT.tls));
    expect(dialogue.kinds()).toEqual([ACK]);
    const { connection } = dialogue;
    expect([connection.wantsTls, connection.wantsInput]).toEqual([true, false]);
    connection.secured();
    expect([connection.wantsTls, connection.wantsInput]).toEqual([false, true]);
    dialogue.say(option(OPT.tls), option(OPT.list), option(OPT.go, info("disk")));
    expect(dialogue.kinds()).toEqual([INVALID, 2, ACK, 3, 3, ACK]);
  });

  test("forgets what was agreed on in the clear", () => {
    const dialogue = tls("on");
    const meta = option(SET_META, contexts("disk", "base:allocation"));
    dialogue.say(option(OPT.structured), meta, option(OPT.tls));
    expect(dialogue.kinds()).toEqual([ACK, 4, ACK, ACK]);
    dialogue.connection.secured();
    dialogue.say(meta, option(OPT.structured), option(OPT.go, info("disk")));
    expect(dialogue.kinds()).toEqual([INVALID, ACK, 3, 3, ACK]);
    const [refused] = dialogue.ask({ command: 7, cookie: 1, length: 512 });
    expect(refused).toMatchObject({ cookie: 1, error: 22 });
  });

  test("believes nothing that came in the clear behind STARTTLS", () => {
    const inOnePiece = tls("require");
    const injected = option(OPT.go, info("disk"));
    inOnePiece.connection.receive(Buffer.concat([option(OPT.tls), injected]));
    expect(isOver(inOnePiece)).toEqual([true, 0]);
    for (const policy of ["on", "require"] as const) {
      const later = tls(policy);
      later.say(option(OPT.tls));
      expect(later.kinds()).toEqual([ACK]);
      later.say(injected);
      later.connection.secured();
      later.say(option(OPT.list));
      expect(isOver(later)).toEqual([true, 0]);
    }
  });
});

describe("the connection ends when it cannot be told no", () => {
  const endsAfter = (...pieces: Uint8Array[]) => {
    const dialogue = new Dialogue();
    dialogue.read(18);
    dialogue.say(...pieces);
    return [dialogue.connection.hasEnded, dialogue.unread.length];
  };

  test("flags that are unknown, an option that is none, a name that is not there or too long", () => {
    expect(endsAfter(u32(7))).toEqual([true, 0]);
    expect(endsAfter(u32(3), Buffer.alloc(16, 1))).toEqual([true, 0]);
    expect(endsAfter(u32(3), option(OPT.name, Buffer.from("other")))).toEqual([true, 0]);
    expect(endsAfter(u32(3), option(OPT.name, Buffer.alloc(70_000)))).toEqual([true, 0]);
  });

  test("EXPORT_NAME enters, with zeroes for an old client", () => {
    expect(endsAfter(u32(3), option(OPT.name, Buffer.from("disk")))).toEqual([false, 10]);
    expect(endsAfter(u32(1), option(OPT.name, Buffer.from("")))).toEqual([false, 134]);
  });
});

test("what comes byte by byte is answered as what comes at once", () => {
  const messages = Buffer.concat([
    ...[u32(3), option(OPT.structured), option(OPT.list), option(99, u32(1))],
    ...[option(OPT.info, info("disk", 1, 2)), option(OPT.go, info("disk"))],
  ]);
  const once = new Dialogue();
  once.say(messages);
  const slowly = new Dialogue();
  for (const byte of messages) slowly.say(Buffer.of(byte));
  expect(slowly.unread.equals(once.unread)).toBe(true);
});

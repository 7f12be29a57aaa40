import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { ControlSession, LINE_BYTES_MAX } from "../../../../src/nbd/control/control_session.ts";
import type { ControlRequest } from "../../../../src/nbd/control/control_request.ts";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { Prng } from "../../../../src/testing/prng.ts";

/** A session that echoes `say`, fails for `fail`, and waits for `wait` until it is told to go on. */
class Echo {
  answers: unknown[] = [];
  waiting: (() => void)[] = [];
  changes = 0;
  readonly session = new ControlSession({
    perform: (request) => this.#perform(request),
    send: (bytes) => {
      const text = Buffer.from(bytes).toString();
      expect(text.indexOf("\n")).toBe(text.length - 1);
      this.answers.push(JSON.parse(text));
    },
    onChange: () => void this.changes++,
  });

  async #perform(request: ControlRequest): Promise<unknown> {
    const verb = request.text("verb");
    if (verb === "wait") await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (verb === "fail") throw new BlockDeviceError("EBUSY", "Cannot fail: it is busy");
    if (verb === "bug") throw new TypeError("a bug");
    return verb === "nothing" ? undefined : request.textOrNone("text");
  }

  say(text: string | Uint8Array): void {
    this.session.receive(typeof text === "string" ? new TextEncoder().encode(text) : text);
  }
}

const line = (verb: string, text = "") => `${JSON.stringify({ verb, text })}\n`;
const settle = () => new Promise((resolve) => setImmediate(resolve));
const unread = (why: RegExp) => ({
  error: { code: "EINVAL", message: expect.stringMatching(why) },
});

test("every line has one answer, in order", async () => {
  const echo = new Echo();
  echo.say(line("say", "one") + line("fail") + line("nothing") + line("bug") + line("say", "ü"));
  await settle();
  expect(echo.answers).toEqual([
    { result: "one" },
    { error: { code: "EBUSY", message: "Cannot fail: it is busy" } },
    { result: null },
    { error: { code: "EINVAL", message: "a bug" } },
    { result: "ü" },
  ]);
  expect([echo.session.wantsInput, echo.session.hasEnded]).toEqual([true, false]);
});

test("while a request is under way nothing else is begun, and no more is read", async () => {
  const echo = new Echo();
  echo.say(line("wait", "late") + line("say", "after"));
  await settle();
  expect([echo.answers, echo.session.wantsInput]).toEqual([[], false]);
  echo.say(line("say", "more"));
  await settle();
  expect(echo.answers).toEqual([]);
  echo.waiting.shift()?.();
  await settle();
  expect(echo.answers).toEqual([{ result: "late" }, { result: "after" }, { result: "more" }]);
  expect(echo.changes).toBeGreaterThan(0);
});

test("a client that has said all is answered before the end", async () => {
  const echo = new Echo();
  echo.say(line("wait", "late") + line("say", "after") + '{"verb":"say"');
  echo.session.endInput();
  await settle();
  expect(echo.session.hasEnded).toBe(false);
  echo.waiting.shift()?.();
  await settle();
  expect([echo.answers.length, echo.session.hasEnded]).toEqual([2, true]);
});

test("what is closed begins nothing more, and answers what is under way", async () => {
  const echo = new Echo();
  echo.say(line("wait", "late") + line("say", "after"));
  echo.session.close();
  echo.say(line("say", "more"));
  echo.waiting.shift()?.();
  await settle();
  expect([echo.answers, echo.session.hasEnded]).toEqual([[{ result: "late" }], true]);
});

test("what is no request is answered, and the next line is found", async () => {
  const echo = new Echo();
  const bad = ["", "garbage", "[]", "{", '{"verb":7}', "\u0000\u0001", "GET / HTTP/1.1\r"];
  for (const each of bad) echo.say(`${each}\n${line("say", "fine")}`);
  echo.say(Buffer.from([0x22, 0xff, 0xfe, 0x22, 0x0a]));
  await settle();
  expect(echo.answers.slice(0, -1)).toEqual(
    bad.flatMap(() => [unread(/^Cannot read /), { result: "fine" }]),
  );
  expect(echo.answers.at(-1)).toEqual(unread(/want UTF-8/));
});

test("a line of the greatest length is taken; one more is dropped as it comes, and answered once", async () => {
  const echo = new Echo();
  const frame = line("say").length - 1;
  const longest = "x".repeat(LINE_BYTES_MAX - frame);
  echo.say(line("say", longest));
  echo.say(line("say", `${longest}y`));
  for (let count = 0; count < 3000; count++) echo.say("z".repeat(1000));
  echo.say(`\n${line("say", "next")}`);
  await settle();
  expect(echo.answers).toEqual([
    { result: longest },
    unread(/want at most 262144 bytes in a line/),
    unread(/want at most 262144 bytes in a line/),
    { result: "next" },
  ]);
});

test("bytes in any pieces, and any bytes, are answered line by line", async () => {
  for (let seed = 0; seed < 40; seed++) {
    const prng = Prng.fromSeed(`control ${seed}`);
    const echo = new Echo();
    const lines = Array.from({ length: 20 }, (_, at) => {
      const bytes = Buffer.from(prng.bool() ? line("say", `${at}`) : line("fail"));
      if (prng.int(3) === 0) bytes[prng.int(bytes.length - 1)] = prng.int(256);
      return bytes;
    });
    const all = Buffer.concat(lines);
    const count = all.filter((byte) => byte === 0x0a).length;
    for (let at = 0; at < all.length;) {
      const end = at + 1 + prng.int(prng.pick([1, 5, 400]));
      echo.say(new Uint8Array(all.subarray(at, end)));
      at = end;
      if (prng.bool()) await settle();
    }
    await settle();
    expect(echo.answers.length, `seed ${seed}`).toBe(count);
  }
});

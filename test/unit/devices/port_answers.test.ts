import { expect, test } from "vitest";
import { PortAnswers } from "../../../src/devices/port_answers.ts";

interface Request {
  readonly id: number;
  readonly word: string;
}

/** Speaks to an answering end, and collects what it says. */
function clientOf(port: MessagePort) {
  const heard: Record<string, unknown>[] = [];
  let wake = () => {};
  port.onmessage = ({ data: said }) => {
    heard.push(said);
    wake();
  };
  return {
    say: (said: object) => port.postMessage(said),
    async heard(count: number) {
      while (heard.length < count) await new Promise<void>((resolve) => wake = resolve);
      return heard;
    },
  };
}

test("requests are begun in the order in which they come, and answered as they end", async () => {
  const { port1, port2 } = new MessageChannel();
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const told: object[] = [];
  const answers = new PortAnswers<Request, { readonly id?: never }>(port1, async ({ word }) => {
    begun.push(word);
    await new Promise<void>((resolve) => ends.set(word, resolve));
    if (word === "bad") throw new Error("it fails");
    return {};
  }, (said) => void told.push(said));
  const client = clientOf(port2);
  client.say({ id: 1, word: "slow" });
  client.say({ word: "no number" });
  client.say({ id: 2, word: "bad" });
  answers.tell({ word: "a notice" });
  await client.heard(1);
  while (ends.size < 2) await Promise.resolve();
  expect(begun).toEqual(["slow", "bad"]);
  expect(told).toEqual([{ word: "no number" }]);
  answers.close();
  ends.get("bad")!();
  await client.heard(2);
  ends.get("slow")!();
  expect(await client.heard(3)).toEqual([
    { word: "a notice" },
    { id: 2, error: { code: "EIO", message: "it fails" } },
    { id: 1 },
  ]);
});

test("bytes of an answer are handed over; those in shared memory stay where they are", async () => {
  const { port1, port2 } = new MessageChannel();
  const own = new Uint8Array(8).fill(1);
  const shared = new Uint8Array(new SharedArrayBuffer(8)).fill(2);
  const answers = new PortAnswers<Request>(
    port1,
    ({ word }) => Promise.resolve({ bytes: word === "own" ? own : shared }),
  );
  const client = clientOf(port2);
  client.say({ id: 1, word: "own" });
  client.say({ id: 2, word: "shared" });
  const [first, second] = await client.heard(2);
  expect(first!.bytes).toEqual(new Uint8Array(8).fill(1));
  expect(own.length).toBe(0);
  shared[3] = 7;
  expect((second!.bytes as Uint8Array)[3]).toBe(7);
  answers.close();
});

test("whoever sends memory is told that it is seen", async () => {
  const { port1, port2 } = new MessageChannel();
  const answers = new PortAnswers<Request>(port1, () => Promise.resolve({}));
  const client = clientOf(port2);
  client.say({ memory: new SharedArrayBuffer(8) });
  client.say({ id: 1, word: "later" });
  expect(await client.heard(2)).toEqual([{ isShared: true }, { id: 1 }]);
  answers.close();
});

import { expect, test } from "vitest";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { type Heard, PortCalls } from "../../../src/devices/port_calls.ts";
import { packError } from "../../../src/devices/port_protocol.ts";

interface Answer extends Heard {
  readonly word?: string;
}

/** Calls, and what arrives at the other end. */
function rig() {
  const { port1, port2 } = new MessageChannel();
  const heard: string[] = [];
  const arrived: (Record<string, unknown> & { id: number })[] = [];
  let wake = () => {};
  port2.onmessage = ({ data: said }) => {
    if (said.memory !== undefined) return;
    arrived.push(said);
    wake();
  };
  let closedCount = 0;
  const calls = new PortCalls<object, Answer>(port1, "it", {
    heard: ({ word = "" }) => void heard.push(word),
    closed: () => void closedCount++,
  });
  return {
    calls,
    heard,
    far: port2,
    closedCount: () => closedCount,
    async arrivals(count: number) {
      while (arrived.length < count) await new Promise<void>((resolve) => wake = resolve);
      return arrived;
    },
  };
}

const nobody = expect.objectContaining({
  code: "ENODEV",
  message: 'Cannot use "it": its worker has ended',
});

test("each call gets the answer that has its number, in any order", async () => {
  const { calls, far, arrivals } = rig();
  const one = calls.ask({ verb: "one" });
  const other = calls.ask({ verb: "other" });
  const [first, second] = await arrivals(2);
  expect([first!.verb, second!.verb]).toEqual(["one", "other"]);
  far.postMessage({ id: second!.id, word: "two" });
  far.postMessage({
    id: first!.id,
    error: packError(new BlockDeviceError("ENOSPC", "there is no room")),
  });
  expect((await other).word).toBe("two");
  await expect(one).rejects.toThrow(expect.objectContaining({ code: "ENOSPC" }));
  calls.close();
});

test("notices are heard, and an answer before whoever has asked is told", async () => {
  const { calls, far, heard, arrivals } = rig();
  const told = calls.ask({}).then(() => heard.push("told"));
  const [{ id }] = await arrivals(1) as [{ id: number }];
  far.postMessage({ word: "a notice" });
  far.postMessage({ id, word: "the answer" });
  await told;
  expect(heard).toEqual(["a notice", "the answer", "told"]);
  calls.close();
});

test("once there is nobody, calls under way and later ones are ENODEV", async () => {
  const { calls, closedCount } = rig();
  const underWay = calls.ask({});
  calls.end("its worker has ended");
  calls.end("something else");
  await expect(underWay).rejects.toThrow(nobody);
  await expect(calls.ask({})).rejects.toThrow(nobody);
  expect(calls.ending).toEqual(nobody);
  calls.close({ told: "bye" });
  expect(closedCount()).toBe(1);
});

test("it is closed after the last answer and the last word", async () => {
  const { calls, far, arrivals, closedCount } = rig();
  const underWay = calls.ask({});
  calls.close({ told: "bye" });
  expect(closedCount()).toBe(0);
  const [{ id }] = await arrivals(1) as [{ id: number }];
  far.postMessage({ id });
  await underWay;
  expect(closedCount()).toBe(1);
  expect((await arrivals(2))[1]).toEqual({ told: "bye" });
  await expect(calls.ask({})).rejects.toThrow(expect.objectContaining({ code: "ENODEV" }));
});

test("what cannot be sent is refused, and harms no other call", async () => {
  const { calls, far, arrivals } = rig();
  await expect(calls.ask({ odd() {} })).rejects.toThrow();
  const next = calls.ask({});
  const [{ id }] = await arrivals(1) as [{ id: number }];
  far.postMessage({ id, word: "it goes on" });
  expect((await next).word).toBe("it goes on");
  calls.close();
});

test("memory is shared once the other end has said that it sees it", async () => {
  const { port1, port2 } = new MessageChannel();
  let wake = () => {};
  const heard = new Promise<void>((resolve) => wake = resolve);
  const calls = new PortCalls<object, Answer>(port1, "it", { heard: () => wake() });
  const probe = await new Promise<{ memory: SharedArrayBuffer }>((resolve) => {
    port2.onmessage = ({ data: said }) => resolve(said);
  });
  expect(probe.memory).toBeInstanceOf(SharedArrayBuffer);
  expect(calls.ring).toBeNull();
  port2.postMessage({ isShared: true });
  await heard;
  expect(calls.ring).not.toBeNull();
  expect(calls.ring).toBe(calls.ring);
  calls.close();
});

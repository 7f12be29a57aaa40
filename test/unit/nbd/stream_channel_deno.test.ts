import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { StreamChannel } from "../../../src/nbd/stream_channel_deno.ts";

const tick = () => new Promise((resolve) => setImmediate(resolve));

function heard() {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const channel = new StreamChannel(input, output);
  const events: string[] = [];
  channel.listen({
    room: () => new Uint8Array(0),
    received: () => events.push("received"),
    take: (bytes) => events.push([...bytes].join()),
    ended: () => events.push("ended"),
    lost: () => events.push("lost"),
  });
  return { input, output, channel, events };
}

test("an input that has ended well and closed is not lost while its replies are to go", async () => {
  const { input, output, channel, events } = heard();
  input.write(Uint8Array.of(1, 2));
  input.end();
  while (!input.closed) await tick();
  expect(events).toEqual(["1,2", "ended"]);
  await new Promise<void>((resolve) => channel.write(Uint8Array.of(3), resolve));
  expect([...output.read()]).toEqual([3]);
});

test("what fails is lost, and a piece that did not go is not told to have gone", async () => {
  const { output, channel, events } = heard();
  output.destroy(new Error("reset"));
  channel.write(Uint8Array.of(3), () => events.push("gone"));
  while (!output.closed) await tick();
  await tick();
  expect([...new Set(events)]).toEqual(["lost"]);
});

test("what is left to TLS is not taken any more", async () => {
  const { input, channel, events } = heard();
  channel.leaveToTls();
  expect(channel.isPaused).toBe(true);
  input.end(Uint8Array.of(1));
  input.resume();
  while (!input.closed) await tick();
  expect(events).toEqual([]);
});

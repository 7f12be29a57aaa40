import { expect, onTestFinished, test } from "vitest";
import type { Channel, ChannelListener } from "../../../src/nbd/channel.ts";
import {
  type DenoSocket,
  listenByDeno,
  SocketChannel,
} from "../../../src/nbd/socket_channel_deno.ts";
import { HandClock } from "../targets/fault/rig.ts";

const tick = () => new Promise((resolve) => setImmediate(resolve));

/** A socket that says what it is told to, and takes three bytes at a time. */
class HandSocket implements DenoSocket {
  readonly written: number[] = [];
  readCount = 0;
  closeCount = 0;
  hasEnded = false;
  isBroken = false;
  #reading = Promise.withResolvers<number | null>();
  #target = new Uint8Array(0);

  read(target: Uint8Array<ArrayBuffer>): Promise<number | null> {
    this.readCount++;
    this.#target = target;
    this.#reading = Promise.withResolvers();
    return this.#reading.promise;
  }

  async say(...bytes: number[]): Promise<void> {
    this.#target.set(bytes);
    this.#reading.resolve(bytes.length);
    await tick();
  }

  async endInput(): Promise<void> {
    this.#reading.resolve(null);
    await tick();
  }

  async fail(): Promise<void> {
    this.#reading.reject(new Error("reset"));
    await tick();
  }

  async write(source: Uint8Array): Promise<number> {
    await tick();
    if (this.isBroken) throw new Error("broken");
    const taken = [...source.subarray(0, 3)];
    this.written.push(...taken);
    return taken.length;
  }

  closeWrite(): Promise<void> {
    this.hasEnded = true;
    return this.isBroken ? Promise.reject(new Error("broken")) : Promise.resolve();
  }

  close(): void {
    this.closeCount++;
    this.#reading.reject(new Error("closed"));
  }
}

function heard() {
  const socket = new HandSocket();
  const channel = new SocketChannel(socket);
  const room = new Uint8Array(8);
  const events: string[] = [];
  const listener: ChannelListener = {
    room: () => room,
    received: (count) => events.push([...room.subarray(0, count)].join()),
    take: () => events.push("a piece"),
    ended: () => events.push("ended"),
    lost: () => events.push("lost"),
  };
  channel.listen(listener);
  return { socket, channel, events };
}

test("what is said comes to where there is room, until the end, behind which nothing is read", async () => {
  const { socket, channel, events } = heard();
  await socket.say(1, 2);
  await socket.say(3);
  await socket.endInput();
  channel.pause();
  channel.resume();
  await tick();
  expect(events).toEqual(["1,2", "3", "ended"]);
  expect(socket.readCount).toBe(3);
});

test("a pause lets one read end, and begins no other until it is over", async () => {
  const { socket, channel, events } = heard();
  channel.pause();
  expect(channel.isPaused).toBe(true);
  await socket.say(1);
  expect([events, socket.readCount]).toEqual([["1"], 1]);
  channel.resume();
  channel.resume();
  await tick();
  expect(socket.readCount).toBe(2);
  await socket.say(2);
  expect(events).toEqual(["1", "2"]);
});

test("a piece that is taken in parts goes whole, and then that is told", async () => {
  const { socket, channel } = heard();
  await new Promise<void>((resolve) => channel.write(Uint8Array.of(1, 2, 3, 4, 5, 6, 7), resolve));
  expect(socket.written).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test("a client is lost when it cannot be read, or not be written to", async () => {
  const unread = heard();
  await unread.socket.fail();
  expect(unread.events).toEqual(["lost"]);
  const unwritten = heard();
  unwritten.socket.isBroken = true;
  unwritten.channel.write(Uint8Array.of(1), () => unwritten.events.push("gone"));
  while (unwritten.events.length === 0) await tick();
  expect(unwritten.events).toEqual(["lost"]);
});

test("our half ends though nobody is there to hear it", async () => {
  for (const isBroken of [false, true]) {
    const { socket, channel } = heard();
    socket.isBroken = isBroken;
    await new Promise<void>((resolve) => channel.end(resolve));
    expect([socket.hasEnded, socket.closeCount]).toEqual([true, 0]);
  }
});

test("behind the close nothing is told, and it happens once", async () => {
  const { socket, channel, events } = heard();
  channel.write(Uint8Array.of(1), () => events.push("gone"));
  channel.destroy();
  channel.destroy();
  await tick();
  await tick();
  expect([events, socket.closeCount]).toEqual([[], 1]);
});

test("who cannot be taken now is taken later, and nobody behind the close", async () => {
  const clock = new HandClock();
  const answers = [Promise.reject(new Error("too many files")), Promise.resolve(new HandSocket())];
  const closed = Promise.withResolvers<DenoSocket>();
  let closeCount = 0;
  const listen = () => ({
    addr: { port: 7 },
    accept: () => answers.shift() ?? closed.promise,
    close() {
      closeCount++;
      closed.reject(new Error("closed"));
    },
  });
  const channels: Channel[] = [];
  const place = { transport: "unix", path: "socket" } as const;
  const listener = listenByDeno({ listen }, place, clock, (each) => channels.push(each));
  onTestFinished(() => expect(closeCount).toBe(1));
  await tick();
  expect([listener.port, channels.length, answers.length]).toEqual([7, 0, 1]);
  clock.pass(100);
  await tick();
  expect(channels.length).toBe(1);
  listener.close();
  await tick();
  expect(channels.length).toBe(1);
});

import { Buffer } from "node:buffer";
import { Duplex, PassThrough, Writable } from "node:stream";
import { expect, test } from "vitest";
import type { NbdExport } from "../../../src/nbd/export.ts";
import { NbdLink } from "../../../src/nbd/link_deno.ts";
import { StreamChannel } from "../../../src/nbd/stream_channel_deno.ts";
import { ask, CMD, info, memoryExports, OPT, option, u32 } from "./dialogue.ts";
import { SlowDevice } from "./slow_device.ts";

const MIB = 1024 * 1024;
const tick = () => new Promise((resolve) => setImmediate(resolve));

/** An output that takes one piece and no more until told. */
class Stubborn extends Writable {
  readonly taken: Buffer[] = [];
  isStubborn = true;
  #next: () => void = () => {};

  constructor() {
    super({ highWaterMark: 1 });
  }

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.taken.push(piece);
    if (this.isStubborn) this.#next = done;
    else done();
  }

  giveIn(): void {
    this.isStubborn = false;
    this.#next();
  }

  get text(): Buffer {
    return Buffer.concat(this.taken);
  }
}

function linked(exports: readonly NbdExport[] = memoryExports()) {
  const input = new PassThrough();
  const output = new Stubborn();
  output.isStubborn = false;
  const link = new NbdLink(new StreamChannel(input, output), { exports });
  input.write(Buffer.concat([u32(3), option(OPT.go, info("disk"))]));
  return { input, output, link };
}

test("a session over two streams ends with its input, every reply sent", async () => {
  const { input, output, link } = linked();
  input.write(ask({ command: CMD.write, cookie: 1, payload: Buffer.alloc(512, 3) }));
  input.end(ask({ command: CMD.read, cookie: 2, length: 512 }));
  await link.ended;
  expect(output.text.subarray(-512).equals(Buffer.alloc(512, 3))).toBe(true);
  expect([output.writableFinished, output.destroyed, input.destroyed]).toEqual([true, true, true]);
});

test("an input that has ended and closed is answered though the output is slow", async () => {
  const { input, output, link } = linked();
  await tick();
  output.isStubborn = true;
  for (let cookie = 0; cookie < 3; cookie++) {
    input.write(ask({ command: CMD.read, cookie, length: 32768 }));
    await tick();
  }
  input.end();
  while (!input.closed) await tick();
  output.giveIn();
  await link.ended;
  expect([output.writableFinished, output.text.length > 3 * 32768]).toEqual([true, true]);
});

test("DISC closes both streams, though the client says more", async () => {
  const { input, link } = linked();
  input.write(ask({ command: CMD.disc, cookie: 1 }));
  await link.ended;
  expect(input.destroyed).toBe(true);
});

test("an input is not read while its replies are not taken, and is read on when they are", async () => {
  const { input, output, link } = linked(memoryExports(2 ** 17));
  await tick();
  output.isStubborn = true;
  for (let cookie = 0; cookie < 5; cookie++) {
    input.write(ask({ command: CMD.read, cookie, length: 16 * MIB }));
  }
  await tick();
  expect(input.isPaused()).toBe(true);
  output.giveIn();
  input.end();
  await link.ended;
  expect(output.text.length).toBeGreaterThan(5 * 16 * MIB);
});

test("a client that vanishes leaves nothing half done, and the end is told after that", async () => {
  const [disk] = memoryExports();
  const device = new SlowDevice(disk.device);
  const { input, link } = linked([{ ...disk, device }]);
  input.write(ask({ command: CMD.write, cookie: 1, payload: Buffer.alloc(512, 8) }));
  await tick();
  let hasEnded = false;
  link.ended.then(() => hasEnded = true);
  input.destroy(new Error("reset"));
  await tick();
  expect([hasEnded, device.waiting.length]).toEqual([false, 1]);
  await device.answerAll();
  await link.ended;
  const sector = new Uint8Array(512);
  await disk.device.read(sector, 0);
  expect(sector[0]).toBe(8);
});

test("closing answers what is under way; dropping answers nobody", async () => {
  const [disk] = memoryExports();
  for (const how of ["close", "drop"] as const) {
    const device = new SlowDevice(disk.device);
    const { input, output, link } = linked([{ ...disk, device }]);
    input.write(ask({ command: CMD.flush, cookie: 6 }));
    await tick();
    const before = output.text.length;
    link[how]();
    await device.answerAll();
    await link.ended;
    expect(output.text.length - before).toBe(how === "close" ? 16 : 0);
  }
});

test("one object can be both streams", async () => {
  const said: Buffer[] = [];
  const socket = new Duplex({
    read() {},
    write(piece, _encoding, done) {
      said.push(piece);
      done();
    },
  });
  const link = new NbdLink(new StreamChannel(socket, socket), { exports: memoryExports() });
  socket.push(Buffer.concat([u32(3), option(OPT.abort)]));
  await link.ended;
  expect(Buffer.concat(said).length).toBe(18 + 20);
});

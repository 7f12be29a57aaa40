import { Buffer } from "node:buffer";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { connect as connectTls } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Clock } from "../../../src/block/clock.ts";
import type { NbdExport } from "../../../src/nbd/export.ts";
import { NbdServer } from "../../../src/nbd/server_deno.ts";
import { readTlsCredentials } from "../../../src/nbd/tls_deno.ts";
import { certificates } from "./certificates.ts";
import { ask, CMD, info, memoryExports, OPT, option, u32 } from "./dialogue.ts";
import { HandClock } from "../targets/fault/rig.ts";
import { SlowDevice } from "./slow_device.ts";

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), "cowdisk-nbd-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "socket");
}

function serverOf(exports: readonly NbdExport[] = memoryExports()): NbdServer {
  const server = new NbdServer({ exports });
  onTestFinished(() => server.close());
  return server;
}

/** A client on a socket. */
class Client {
  #heard: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};
  readonly closed: Promise<void>;

  constructor(readonly socket: Socket) {
    socket.on("data", (bytes) => {
      this.#heard = Buffer.concat([this.#heard, bytes]);
      this.#wake();
    });
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => socket.on("close", () => resolve()));
  }

  async hear(byteCount: number): Promise<Buffer> {
    while (this.#heard.length < byteCount) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const bytes = this.#heard.subarray(0, byteCount);
    this.#heard = this.#heard.subarray(byteCount);
    return bytes;
  }

  /** How many bytes were heard and not looked at. */
  get left(): number {
    return this.#heard.length;
  }

  /** Enters the default export by its old name, whose answer has one length. */
  async enter(): Promise<this> {
    this.socket.write(Buffer.concat([u32(3), option(OPT.name)]));
    await this.hear(18 + 10);
    return this;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    this.socket.write(ask({ command: CMD.read, cookie: 1, offset, length }));
    return (await this.hear(16 + length)).subarray(16);
  }

  async write(offset: number, payload: Buffer): Promise<void> {
    this.socket.write(ask({ command: CMD.write, cookie: 2, offset, payload }));
    await this.hear(16);
  }
}

test("a Unix socket is this user's alone, and is gone after the end", async () => {
  const path = place();
  const server = serverOf();
  await server.listenUnix(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const one = await new Client(connect(path)).enter();
  const two = await new Client(connect(path)).enter();
  await one.write(4096, Buffer.alloc(512, 4));
  expect((await two.read(4096, 512))[0]).toBe(4);
  expect(server.clientCount).toBe(2);
  await server.close();
  await Promise.all([one.closed, two.closed]);
  expect([existsSync(path), server.clientCount]).toEqual([false, 0]);
});

test("TCP is listened to on this machine, on a port that is free", async () => {
  const server = serverOf();
  const port = await server.listenTcp(0);
  const client = await new Client(connect(port, "127.0.0.1")).enter();
  expect((await client.read(0, 512)).length).toBe(512);
  await expect(serverOf().listenTcp(port)).rejects.toMatchObject({ code: "EIO" });
});

test("what a dead server left is replaced; a live one and a file are not", async () => {
  const path = place();
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(path, resolve));
  const alive = serverOf();
  await expect(alive.listenUnix(path)).rejects.toMatchObject({ code: "EBUSY" });
  await new Promise((resolve) => dead.close(resolve));
  await alive.listenUnix(path);
  await new Client(connect(path)).enter();
  const file = place();
  writeFileSync(file, "mine");
  await expect(alive.listenUnix(file)).rejects.toMatchObject({ code: "EEXIST" });
  expect(statSync(file).size).toBe(4);
  await expect(alive.listenUnix(`${file}.none/s`)).rejects.toThrow(/^Cannot listen on/);
});

test("a client that closes its half is answered before the other half closes", async () => {
  const path = place();
  await serverOf().listenUnix(path);
  const client = await new Client(connect({ path, allowHalfOpen: true })).enter();
  client.socket.end(ask({ command: CMD.read, cookie: 1, length: 65536 }));
  await client.hear(16 + 65536);
  await client.closed;
});

test("closing does what is under way to its end, and flushes", async () => {
  const [disk] = memoryExports();
  const device = new SlowDevice(disk.device);
  const server = serverOf([{ ...disk, device }]);
  const path = place();
  await server.listenUnix(path);
  const client = await new Client(connect(path)).enter();
  client.socket.write(ask({ command: CMD.write, cookie: 2, payload: Buffer.alloc(512, 6) }));
  while (device.waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
  let hasClosed = false;
  const closed = server.close().then(() => hasClosed = true);
  await device.answerAll();
  expect((await client.hear(16)).readUInt32BE(4)).toBe(0);
  while (device.waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(hasClosed).toBe(false);
  await device.answerAll();
  await closed;
  const sector = new Uint8Array(512);
  await disk.device.read(sector, 0);
  expect(sector[0]).toBe(6);
});

test("a client that does not take its answers does not keep the server from closing", async () => {
  let slept = 0;
  const clock = { nowMs: () => 0, sleep: () => Promise.resolve(void slept++) };
  const server = new NbdServer({ exports: memoryExports(2 ** 17), clock });
  const input = new PassThrough();
  const output = new PassThrough({ highWaterMark: 1 });
  const ended = server.serveStreams(input, output);
  input.write(Buffer.concat([
    ...[u32(3), option(OPT.go, info("disk"))],
    ask({ command: CMD.read, cookie: 1, length: 2 ** 24 }),
  ]));
  await new Promise((resolve) => setImmediate(resolve));
  expect(server.clientCount).toBe(1);
  await server.close();
  await ended;
  expect([slept, server.clientCount]).toEqual([1, 0]);
});

test("clients who say nothing lose their places; one who has entered may idle", async () => {
  const clock = new HandClock();
  const server = new NbdServer({ exports: memoryExports(), clock });
  onTestFinished(() => {
    const closed = server.close();
    clock.pass(10_000);
    return closed;
  });
  const path = place();
  await server.listenUnix(path);
  const idle = await new Client(connect(path)).enter();
  const silent = Array.from({ length: 255 }, () => new Client(connect(path)));
  for (const client of silent) await client.hear(18);
  const unlucky = new Client(connect(path));
  await unlucky.closed;
  expect([server.clientCount, unlucky.left]).toEqual([256, 0]);
  silent[7]!.socket.write(u32(3));
  clock.pass(10_000);
  for (const client of silent) await client.closed;
  expect(server.clientCount).toBe(1);
  expect((await idle.read(0, 512)).length).toBe(512);
  await new Client(connect(path)).enter();
});

describe("TLS", () => {
  /** A server that wants TLS and clients' certificates, and how it is reached. */
  async function secureServer(policy: "on" | "require" = "require", clock?: Clock) {
    const credentials = readTlsCredentials(certificates().server, true);
    const tls = { policy, credentials };
    const server = new NbdServer({ exports: memoryExports(), tls, ...clock && { clock } });
    onTestFinished(() => server.close());
    const port = await server.listenTcp(0);
    return {
      server,
      connect: (allowHalfOpen = false) => new Client(connect({ port, allowHalfOpen })),
    };
  }

  /** Agrees on TLS, and begins it. */
  async function upgraded(client: Client, folder = certificates().client): Promise<Client> {
    client.socket.write(Buffer.concat([u32(3), option(OPT.tls)]));
    expect((await client.hear(18 + 20)).readUInt32BE(18 + 12)).toBe(1);
    client.socket.removeAllListeners("data");
    const read = (name: string) => readFileSync(join(folder, name));
    const [ca, cert, key] = [read("ca-cert.pem"), read("client-cert.pem"), read("client-key.pem")];
    const options = { socket: client.socket, ca, cert, key, servername: "localhost" };
    return new Client(connectTls(options));
  }

  /** Enters through TLS. */
  async function entered(client: Client): Promise<Client> {
    client.socket.write(option(OPT.name));
    await client.hear(10);
    return client;
  }

  test("goes between the socket and the connection, and a half that closes is answered", async () => {
    const { server, connect } = await secureServer();
    const client = await entered(await upgraded(connect(true)));
    await client.write(4096, Buffer.alloc(512, 9));
    expect((await client.read(4096, 512))[0]).toBe(9);
    client.socket.end(ask({ command: CMD.read, cookie: 1, length: 65536 }));
    await client.hear(16 + 65536);
    await client.closed;
    while (server.clientCount > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  test("is begun many times over without losing a byte", async () => {
    const { server, connect } = await secureServer();
    const clients = await Promise.all(
      Array.from({ length: 40 }, async () => await entered(await upgraded(connect()))),
    );
    for (const client of clients) expect((await client.read(0, 4096)).length).toBe(4096);
    expect(server.clientCount).toBe(40);
    await server.close();
    for (const client of clients) await client.closed;
    expect(server.clientCount).toBe(0);
  });

  test("lets nobody in who is not believed, or who speaks in the clear", async () => {
    const { server, connect } = await secureServer("on");
    const impostor = await upgraded(connect(), certificates().impostor);
    await impostor.closed;
    const injecting = connect();
    const injected = option(OPT.name);
    injecting.socket.write(Buffer.concat([u32(3), option(OPT.tls), injected]));
    await injecting.closed;
    expect(injecting.left).toBe(18);
    const late = connect();
    late.socket.write(Buffer.concat([u32(3), option(OPT.tls)]));
    await late.hear(18 + 20);
    late.socket.write(injected);
    await late.closed;
    while (server.clientCount > 0) await new Promise((resolve) => setImmediate(resolve));
    await (await connect().enter()).read(0, 512);
  });
  test("that is agreed on and does not begin ends with the handshake's time", async () => {
    const clock = new HandClock();
    const { server, connect } = await secureServer("on", clock);
    const silent = connect();
    const gone = connect();
    for (const client of [silent, gone]) {
      client.socket.write(Buffer.concat([u32(3), option(OPT.tls)]));
      await client.hear(18 + 20);
    }
    const prompt = await entered(await upgraded(connect()));
    gone.socket.destroy();
    clock.pass(10_000);
    await silent.closed;
    while (server.clientCount > 1) await new Promise((resolve) => setImmediate(resolve));
    expect((await prompt.read(0, 512)).length).toBe(512);
  });
});

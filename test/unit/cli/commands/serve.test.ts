import { Buffer } from "node:buffer";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { expectRefusal } from "../command_clauses.ts";
import { cowdisk, expectBytes, Folder, TestEnvironment, writtenSnapshot } from "../session.ts";
import { certificates } from "../../nbd/certificates.ts";
import { Dialogue, info, OPT, option, u32 } from "../../nbd/dialogue.ts";

class Impatient extends TestEnvironment {
  override isImpatient = true;
}

test("one place to listen on is wanted, no more and no less", async () => {
  const disk = new Folder().disk();
  for (const words of [[], ["--port", "0", "--stdio"], ["--socket", "s", "--port", "0"]]) {
    expectRefusal(await cowdisk(["serve", disk, ...words]), 2, /places to listen on: want one of/);
  }
});

test("a socket that was not handed down is not listened on", async () => {
  const words = ["serve", new Folder().disk(), "--socket-activation"];
  expectRefusal(await cowdisk(words), 1, /^cowdisk: Found LISTEN_FDS= and LISTEN_PID=: want one/);
});

test("it says where it serves, and ends when it is told", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const socket = folder.path("nbd.sock");
  const words = ["serve", folder.path("disk.img"), "--snapshot", folder.path("snap.cow")];
  const before = folder.read("disk.img");
  const ending = await cowdisk([...words, "--socket", socket], new Impatient());
  expect(ending).toEqual({
    code: 0,
    out: "",
    err: `cowdisk: control socket ${socket}.control\n` +
      `cowdisk: serving nbd+unix:///?socket=${socket}\n`,
  });
  expect([existsSync(socket), existsSync(`${socket}.control`)]).toEqual([false, false]);
  expectBytes(folder.read("disk.img"), before);
});

test("the control socket is where it is said to be, or nowhere", async () => {
  const folder = new Folder();
  const disk = folder.disk();
  const said = async (...words: string[]) =>
    (await cowdisk(["serve", disk, ...words], new Impatient())).err.replaceAll(
      `${folder.path("")}/`,
      "",
    );
  const serving = "cowdisk: serving nbd+unix:///?socket=s\n";
  expect(await said("--socket", folder.path("s"), "--no-control")).toBe(serving);
  expect(await said("--socket", folder.path("s"), "--control", folder.path("c")))
    .toBe(`cowdisk: control socket c\n${serving}`);
  expect(await said("--port", "0", "--control", folder.path("c"))).toMatch(
    /^cowdisk: control socket c\ncowdisk: serving nbd:/,
  );
  expect(await said("--port", "0")).toMatch(/^cowdisk: serving nbd:/);
  folder.write("c", "mine");
  expect(await said("--port", "0", "--control", folder.path("c"))).toBe(
    'cowdisk: Cannot listen on "c": it is there, and no socket\n',
  );
});

test("who can come in from elsewhere is said loudly", async () => {
  const disk = new Folder().disk();
  const serve = async (...words: string[]) =>
    (await cowdisk(["serve", disk, "--port", "0", ...words], new Impatient())).err;
  expect(await serve()).toMatch(/^cowdisk: serving nbd:\/\/127\.0\.0\.1:\d+\n$/);
  expect(await serve("--host", "0.0.0.0")).toMatch(/WARNING: anybody .* no TLS and no password\n/);
});

test("TLS needs certificates and a socket, and certificates need TLS", async () => {
  const disk = new Folder().disk();
  const serve = (...words: string[]) =>
    cowdisk(["serve", disk, "--port", "0", ...words], new Impatient());
  expectRefusal(await serve("--tls", "require"), 2, /without certificates: want --tls-cert/);
  expectRefusal(await serve("--tls-certificates", "/"), 2, /want --tls on or require/);
  expectRefusal(await serve("--tls-verify-peer"), 2, /want --tls on or require/);
  const stdio = ["serve", disk, "--stdio", "--tls", "on", "--tls-certificates", "/"];
  expectRefusal(await cowdisk(stdio), 2, /--stdio: want a socket/);
  expectRefusal(await serve("--tls", "on", "--tls-certificates", disk), 1, /ca-cert\.pem/);
});

test("TLS that is required takes the warning away, one that is offered does not", async () => {
  const disk = new Folder().disk();
  const told = async (...words: string[]) => {
    const all = ["--tls-certificates", certificates().server, "--host", "0.0.0.0", ...words];
    return (await cowdisk(["serve", disk, "--port", "0", ...all], new Impatient())).err;
  };
  expect(await told("--tls", "require", "--tls-verify-peer")).toMatch(
    /^cowdisk: serving nbds:.*\n$/,
  );
  expect(await told("--tls", "on")).toMatch(/WARNING: anybody .*: TLS is not required\n/);
  const unverified = await told("--tls", "require");
  expect(unverified).not.toMatch(/WARNING/);
  expect(unverified).toMatch(/anybody .*, over TLS: no --tls-verify-peer\n/);
});

test("two exports of one name are refused, and so is one that is invalid or not there", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const serve = (...words: string[]) =>
    cowdisk(["serve", folder.path("disk.img"), "--port", "0", ...words], new Impatient());
  const cow = folder.path("snap.cow");
  expectRefusal(await serve("--snapshot", cow, "--snapshot", cow), 1, /the same file/);
  const namesake = new Folder();
  await writtenSnapshot(namesake);
  const other = namesake.path("snap.cow");
  expectRefusal(
    await serve("--snapshot", cow, "--snapshot", other),
    1,
    /export "snap.cow" already/,
  );
  expectRefusal(await serve("--snapshot", folder.path("none.cow")), 1, /no such file/);
  expectRefusal(await serve("--port", "70000"), 2, /Want a port from 0 to 65535/);
});

test("a client sees the origin and its snapshots, and what it writes is kept from them", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const socket = folder.path("nbd.sock");
  const environment = new TestEnvironment();
  const words = ["serve", folder.path("disk.img"), "--snapshot", folder.path("snap.cow")];
  const ended = cowdisk([...words, "--socket", socket], environment);
  while (!environment.err.text.includes("serving")) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const client = connect(socket);
  const heard: Uint8Array[] = [];
  client.on("data", (bytes) => heard.push(bytes));
  client.write(u32(3));
  client.write(option(OPT.list));
  client.write(option(OPT.info, info("snap.cow", 2)));
  client.write(option(OPT.abort));
  await new Promise((resolve) => client.on("close", resolve));
  const dialogue = new Dialogue();
  dialogue.unread = Buffer.concat(heard);
  dialogue.read(18);
  const answers = dialogue.optionAnswers();
  const names = answers.filter(({ kind }) => kind === 2).map(({ body }) =>
    body.subarray(4, 4 + body.readUInt32BE()).toString()
  );
  expect(names).toEqual(["origin", "snap.cow"]);
  expect(answers.at(-3)?.body.subarray(2).toString()).toMatch(/^snapshot of /);
  environment.interrupt();
  expect((await ended).code).toBe(0);
});

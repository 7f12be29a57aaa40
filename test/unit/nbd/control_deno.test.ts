import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ControlServer } from "../../../src/nbd/control_deno.ts";
import { liveRig, namesOf } from "./live/rig.ts";

async function controlled() {
  const rig = await liveRig();
  const folder = mkdtempSync(join(tmpdir(), "cowdisk-control-"));
  const path = join(folder, "control");
  const server = new ControlServer({ stack: rig.stack, clientCount: 0, nowMs: () => 0 });
  onTestFinished(async () => {
    await rig.stack.release();
    await server.close();
    await rig.stack.close();
    rmSync(folder, { recursive: true });
  });
  await server.listen(path);
  return { ...rig, server, path };
}

/** Everything that a client hears until its end. */
function heardBy(socket: Socket): Promise<string> {
  let heard = "";
  socket.on("data", (bytes) => heard += bytes);
  socket.on("error", () => {});
  return new Promise((resolve) => socket.on("close", () => resolve(heard)));
}

const TAKE = `${JSON.stringify({ verb: "take", name: "monday", path: "/m.cow" })}\n`;

test("the socket is this user's alone, is gone after the end, and a client is answered", async () => {
  const { stack, server, path } = await controlled();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const client = connect({ path, allowHalfOpen: true });
  const heard = heardBy(client);
  client.end(`${TAKE}${TAKE}`);
  const [first, second] = (await heard).trim().split("\n").map((line) => JSON.parse(line));
  expect([first, second.error.code]).toEqual([{ result: null }, "EEXIST"]);
  expect(namesOf(stack)).toEqual(["origin", "monday"]);
  await server.close();
  expect(existsSync(path)).toBe(false);
});

test("clients that come and go, say nothing, or say anything, harm nobody", async () => {
  const { stack, path } = await controlled();
  const silent = connect(path);
  const ended = heardBy(silent);
  const gone = connect(path);
  gone.on("error", () => {});
  gone.write(`${TAKE.slice(0, 10)}`, () => gone.destroy());
  const rude = connect({ path, allowHalfOpen: true });
  const heard = heardBy(rude);
  rude.write(new Uint8Array(3_000_000).fill(0x41));
  rude.end(`\n\u0000\n${TAKE}`);
  const answers = (await heard).trim().split("\n").map((line) => JSON.parse(line));
  expect(answers.map((each) => each.error?.code)).toEqual(["EINVAL", "EINVAL", undefined]);
  expect(namesOf(stack)).toEqual(["origin", "monday"]);
  silent.end();
  expect(await ended).toBe("");
});

test("more than 32 clients are turned away, until one has gone", async () => {
  const { path } = await controlled();
  const clients = Array.from({ length: 32 }, () => connect(path));
  await Promise.all(clients.map((each) => new Promise((resolve) => each.on("connect", resolve))));
  expect(await heardBy(connect(path))).toBe("");
  const parted = heardBy(clients[0]!);
  clients[0]!.end();
  await parted;
  const next = connect({ path, allowHalfOpen: true });
  const heard = heardBy(next);
  next.end('{"verb":"status"}\n');
  expect(JSON.parse(await heard).result.devices.length).toBe(1);
  for (const each of clients) each.destroy();
});

test("the end answers what is under way", async () => {
  const { stack, server, path } = await controlled();
  const client = connect({ path, allowHalfOpen: true });
  const heard = heardBy(client);
  client.write('{"verb":"status"}\n');
  await new Promise((resolve) => client.once("data", resolve));
  client.write('{"verb":"dm","words":["wait","origin"]}\n');
  await new Promise((resolve) => setImmediate(resolve));
  await stack.release();
  await server.close();
  const last = (await heard).trim().split("\n").at(-1)!;
  // The line may not have arrived before the end; if it has, it was answered.
  expect(JSON.parse(last)).toSatisfy(({ result, error }) => result || error.code === "ESHUTDOWN");
});

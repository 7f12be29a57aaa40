/**
 * What other people's clients see of a server whose snapshots are taken, dropped and merged while they read
 * and write: the real program, on its sockets.
 */
import { Buffer } from "node:buffer";
import { existsSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { ControlClient } from "../../src/cli/control/control_client.ts";
import {
  cowdisk,
  expectBytes,
  Folder,
  notes,
  spawnCowdisk,
  taskPermissions,
} from "../unit/cli/session.ts";
import { begin, client, type Served, served, succeed } from "./session.ts";

const MIB = 2 ** 20;
const DISK_BYTES = 12 * MIB;

function diskBytes(): Uint8Array {
  return notes(DISK_BYTES / 512, 1);
}

async function servedDisk(): Promise<Served> {
  const folder = new Folder();
  folder.write("disk.img", diskBytes());
  return await served(folder);
}

/** fio writes here, unless said. */
const FIO_BYTES = 4 * MIB;

/** fio, which writes everything in random order, and reads back what it wrote. */
function fioWords(uri: string, ...more: string[]): string[] {
  return [
    ...["--name=verify", "--ioengine=nbd", `--uri=${uri}`, "--rw=randwrite", "--bs=4k"],
    ...["--iodepth=16", `--size=${FIO_BYTES}`, "--verify=crc32c", "--verify_fatal=1"],
    ...["--randseed=7", "--output-format=json", "--fsync=512", "--verify_state_save=0", ...more],
  ];
}

function expectVerified({ code, out, err }: { code: number | null; out: string; err: string }) {
  expect([code, err]).toEqual([0, expect.not.stringMatching(/verify|error/i)]);
  const [{ error, read }] = JSON.parse(out.replace(/^[^{]*/, "")).jobs;
  expect([error, read.io_bytes]).toEqual([0, FIO_BYTES]);
}

/** Makes a snapshot `first` whose merge takes as long as one likes: it reads its COW device, which delays. */
async function slowSnapshot(server: ControlClient, folder: Folder) {
  const dm = async (...words: string[]) => {
    expect(await server.ask({ verb: "dm", words })).toMatchObject({ exitStatus: 0, stderr: "" });
  };
  const cowSectors = 2 * DISK_BYTES / 512;
  const slow = (readMs: number) => `0 ${cowSectors} delay 7:1 0 ${readMs} 7:1 0 0`;
  await server.ask({ verb: "attach", path: folder.path("first.cow"), sectorCount: cowSectors });
  await dm("create", "slow", "--table", slow(0));
  const table = `0 ${DISK_BYTES / 512} snapshot 7:0 /dev/mapper/slow P 8`;
  await dm("create", "first", "--table", table);
  return async (readMs: number) => {
    await dm("load", "slow", "--table", slow(readMs));
    await dm("resume", "slow");
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("fio verifies what it writes while snapshots are taken and dropped, and while one is merged", async () => {
  const { uri, folder, control, end } = await servedDisk();
  using server = await ControlClient.connect(control);
  const delay = await slowSnapshot(server, folder);
  const writing = begin("fio", ...fioWords(uri("origin")));
  let takenCount = 0;
  for (; !writing.hasEnded && takenCount < 200; takenCount++) {
    const name = `s${takenCount}`;
    const chunkSectors = [8, 16, 64][takenCount % 3]!;
    await server.ask({ verb: "take", name, path: folder.path(`${name}.cow`), chunkSectors });
    if (takenCount > 1) {
      await server.ask({ verb: "drop", name: `s${takenCount - 2}`, remove: true });
    }
    // Something is to be written between two of them.
    for (let count = 0; count < 20; count++) await server.status();
  }
  expectVerified(await writing.ended);
  expect(takenCount).toBeGreaterThan(2);
  succeed("nbdcopy", uri("first"), folder.path("first.img"));
  expectBytes(folder.read("first.img"), diskBytes());

  // As many steps as there are chunks, for fio wrote in random order: 20 s, if one waited for them.
  await delay(20);
  await server.ask({ verb: "merge", name: "first" });
  // It reads soon after it writes; with other checksums, for the merge must not show what was there before.
  const verifying = fioWords(uri("origin"), "--verify=md5", "--randseed=8", "--verify_backlog=32");
  expectVerified(await begin("fio", ...verifying).ended);
  const { merge } = await server.status();
  expect(merge).toMatchObject({ name: "first", state: "under way" });
  expect(merge!.chunksLeft).toBeLessThan(merge!.chunkCount);
  await delay(0);
  while ((await server.status()).merge !== null) await turn();
  const { devices } = await server.status();
  expect(devices[0]).toMatchObject({ name: "origin", types: ["snapshot-origin"] });
  succeed("nbdcopy", uri("origin"), folder.path("origin.img"));
  // fio wrote its part anew; the rest is what the snapshot was.
  expectBytes(
    folder.read("origin.img").subarray(FIO_BYTES),
    diskBytes().subarray(FIO_BYTES),
  );
  expect((await end()).code).toBe(0);
  for (const name of ["first", `s${takenCount - 1}`]) {
    expect((await cowdisk(["check", folder.path(`${name}.cow`)])).code, name).toBe(0);
  }
});

test("a snapshot that is taken while fio writes is stable, and outlives a server that is killed", async () => {
  const { uri, folder, control, kill } = await servedDisk();
  using server = await ControlClient.connect(control);
  const all = [`--size=${DISK_BYTES}`, "--do_verify=0"];
  const writing = begin("fio", ...fioWords(uri("origin"), ...all));
  const writtenBytes = async () => (await server.status()).devices[0]!.traffic.writtenBytes;
  while (await writtenBytes() < MIB) await turn();
  await server.ask({ verb: "take", name: "live", path: folder.path("live.cow") });
  succeed("nbdcopy", uri("live"), folder.path("one.img"));
  expect((await writing.ended).code).toBe(0);
  succeed("nbdcopy", uri("live"), folder.path("two.img"));
  const copy = folder.read("one.img");
  expectBytes(folder.read("two.img"), copy);
  // It was taken in the midst of it: some is written, some is not yet.
  const original = diskBytes();
  const changed = Array.from({ length: DISK_BYTES / 4096 }, (_, at) =>
    Buffer.compare(
      copy.subarray(at * 4096, at * 4096 + 4096),
      original.subarray(at * 4096, at * 4096 + 4096),
    ) !== 0).filter(Boolean).length;
  expect(changed * 4096).toBeGreaterThanOrEqual(MIB / 2);
  expect(changed * 4096).toBeLessThan(DISK_BYTES);

  const before = await writtenBytes();
  const again = begin("fio", ...fioWords(uri("origin"), ...all, "--randseed=9"));
  // It is killed while it takes snapshots, one after the other.
  for (let count = 0; await writtenBytes() < before + MIB; count++) {
    const path = folder.path(`taken${count}.cow`);
    await server.ask({ verb: "take", name: `taken${count}`, path });
  }
  const refused = server.ask({ verb: "take", name: "last", path: folder.path("last.cow") })
    .catch(() => {});
  await kill();
  await Promise.all([again.ended, refused]);
  const cows = readdirSync(folder.path("")).filter((name) => name.endsWith(".cow"));
  expect(cows.length).toBeGreaterThan(1);
  for (const cow of cows) {
    expect((await cowdisk(["check", folder.path(cow)])).code, cow).toBe(0);
  }
  succeed("rm", folder.path("two.img"));
  const view = `${folder.path("disk.img")}+${folder.path("live.cow")}`;
  expect((await cowdisk(["export", view, folder.path("two.img")])).code).toBe(0);
  expectBytes(folder.read("two.img"), copy);
  // The sockets it left are in nobody's way.
  expect(existsSync(control)).toBe(true);
  const next = await served(folder, "--snapshot", folder.path("live.cow"));
  expect(succeed("nbdinfo", "--size", next.uri("live.cow"))).toBe(`${DISK_BYTES}\n`);
  expect((await next.end()).code).toBe(0);
});

test("a server that is killed in the midst of a merge leaves a snapshot that shows what it did", async () => {
  const { uri, folder, control, kill } = await servedDisk();
  const server = await ControlClient.connect(control);
  const delay = await slowSnapshot(server, folder);
  expect((await begin("fio", ...fioWords(uri("origin"), "--do_verify=0")).ended).code).toBe(0);
  await delay(5);
  await server.ask({ verb: "merge", name: "first" });
  while (true) {
    const { merge } = await server.status();
    expect(merge).not.toBe(null);
    if (merge!.chunksLeft < merge!.chunkCount - 50) break;
  }
  await kill();
  expect((await cowdisk(["check", folder.path("first.cow")])).code).toBe(0);
  const view = `${folder.path("disk.img")}+${folder.path("first.cow")}`;
  expect((await cowdisk(["export", view, folder.path("view.img")])).code).toBe(0);
  expectBytes(folder.read("view.img"), diskBytes());
  expect((await cowdisk(["merge", folder.path("disk.img"), folder.path("first.cow")])).code).toBe(
    0,
  );
  expectBytes(folder.read("disk.img"), diskBytes());
});

test("nbdinfo's list and contexts follow, and a client of what is dropped is told so", async () => {
  const { uri, folder, control } = await servedDisk();
  const run = async (...words: string[]) => {
    const ending = await cowdisk([words[0]!, words[1]!, "--control", control, ...words.slice(2)]);
    expect(ending).toMatchObject({ code: 0, err: "" });
  };
  const list = () => {
    const { exports } = JSON.parse(succeed("nbdinfo", "--json", "--list", uri()));
    return exports.map((each: Record<string, unknown>) => [each["export-name"], each.contexts]);
  };
  const plain = ["base:allocation", "qemu:allocation-depth"];
  const monday = [...plain, "qemu:dirty-bitmap:monday"];
  expect(list()).toEqual([["origin", plain]]);
  await run("live", "take", "monday", folder.path("monday.cow"));
  expect(list()).toEqual([["origin", monday], ["monday", monday]]);
  succeed("qemu-io", "-f", "raw", "-c", "write -P 1 1M 64k", uri());
  const map = JSON.parse(
    succeed("nbdinfo", "--map=qemu:dirty-bitmap:monday", "--json", uri("origin")),
  );
  expect(map.map(({ length, type }: { length: number; type: number }) => [length, type]))
    .toEqual([[MIB, 0], [65536, 1], [DISK_BYTES - MIB - 65536, 0]]);
  // One reads on and on, and is told in the midst of it.
  const reading = begin(
    "fio",
    ...["--name=read", "--ioengine=nbd", `--uri=${uri("monday")}`, "--rw=randread", "--bs=4k"],
    ...[`--size=${DISK_BYTES}`, "--time_based", "--runtime=40"],
  );
  using server = await ControlClient.connect(control);
  const readBytes = async () => (await server.status()).devices[1]!.traffic.readBytes;
  while (await readBytes() === 0) await turn();
  await run("live", "drop", "monday");
  const { code, err } = await reading.ended;
  expect([code, err]).toEqual([1, expect.stringMatching(/shutdown|108/i)]);
  expect(list()).toEqual([["origin", plain]]);
  expect(client("nbdinfo", uri("monday")).code).toBe(1);
  succeed("qemu-io", "-f", "raw", "-c", "read -P 1 1M 64k", uri());
});

test("garbage and half-closed connections on the control socket harm nobody; what the task may do is enough", async () => {
  const folder = new Folder("disk");
  folder.write("disk.img", new Uint8Array(MIB));
  const { uri, control, end } = await served(folder);
  const say = (text: string | Uint8Array, isHalf: boolean) =>
    new Promise<string>((resolve) => {
      let heard = "";
      const socket = connect({ path: control, allowHalfOpen: true });
      socket.on("data", (bytes) => heard += bytes);
      socket.on("error", () => {});
      socket.on("close", () => resolve(heard));
      socket.write(text, () => isHalf ? socket.end() : socket.destroy());
    });
  const half = (text: string | Uint8Array) => say(text, true);
  expect(await half("")).toBe("");
  expect(await half('{"verb":"status"')).toBe("");
  expect(JSON.parse(await half("NBDMAGIC\n")).error.code).toBe("EINVAL");
  expect(await half(notes(2000, 3))).toMatch(/^({"error":{"code":"EINVAL"[^\n]*\n)*$/);
  await Promise.all(Array.from({ length: 20 }, (_, at) => say(notes(at, at), false)));
  expect(JSON.parse(await half('{"verb":"status"}\n')).result.devices.length).toBe(1);
  expect(succeed("nbdinfo", "--size", uri())).toBe(`${MIB}\n`);
  const words = ["live", "take", "monday", folder.path("m.cow"), "--control", control];
  expect(await spawnCowdisk(words, taskPermissions()).ended).toMatchObject({ code: 0, err: "" });
  const watch = spawnCowdisk(["watch", "--control", control], taskPermissions());
  await new Promise((resolve) => watch.child.stdout?.once("data", resolve));
  expect(await end()).toMatchObject({ code: 0 });
  expect(await watch.ended).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^monday: active, 0\.0 % used, 0 exceptions$/m),
    err: expect.stringMatching(/has gone\n$/),
  });
  expect([existsSync(control), existsSync(folder.path("nbd.sock"))]).toEqual([false, false]);
});

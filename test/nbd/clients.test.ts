/**
 * What other people's clients see: libnbd's tools, qemu's, and fio, against the real program on a socket.
 */
// deno-lint-ignore-file camelcase
import { Buffer } from "node:buffer";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  cowdisk,
  expectBytes,
  Folder,
  notes,
  programWords,
  spawnCowdisk,
  taskPermissions,
} from "../unit/cli/session.ts";
import { ask, CMD, Dialogue, info, memoryExports, OPT, option, u32 } from "../unit/nbd/dialogue.ts";
import { client, type Served, served, succeed } from "./session.ts";

const MIB = 2 ** 20;
const DISK_BYTES = 16 * MIB;

/** 4 MiB of bytes of which no two sectors are alike, in the midst of zeroes. */
function diskBytes(): Buffer {
  const bytes = Buffer.alloc(DISK_BYTES);
  bytes.set(notes(4 * MIB / 512, 1), 4 * MIB);
  return bytes;
}

/** A folder with `disk.img` and a snapshot of it, `snap.cow`. */
async function folderWithDisk(): Promise<Folder> {
  const folder = new Folder();
  folder.write("disk.img", diskBytes());
  const { code } = await cowdisk(["snapshot", folder.path("disk.img"), folder.path("snap.cow")]);
  expect(code).toBe(0);
  return folder;
}

async function servedDisk(...words: string[]): Promise<Served> {
  const folder = await folderWithDisk();
  return await served(folder, "--snapshot", folder.path("snap.cow"), ...words);
}

test("nbdinfo lists the exports, with what each can do", async () => {
  const { uri } = await servedDisk();
  const { exports } = JSON.parse(succeed("nbdinfo", "--json", "--list", uri()));
  const able = {
    "export-size": DISK_BYTES,
    is_read_only: false,
    can_flush: true,
    can_fua: true,
    can_multi_conn: true,
    can_zero: true,
    can_fast_zero: true,
    can_cache: true,
    can_df: true,
    contexts: ["base:allocation", "qemu:allocation-depth", "qemu:dirty-bitmap:snap.cow"],
    block_size_minimum: 1,
    block_size_maximum: 32 * MIB,
  };
  expect(exports).toMatchObject([
    { "export-name": "origin", ...able },
    { "export-name": "snap.cow", ...able },
  ]);
  expect(client("nbdinfo", uri("../disk.img")).code).toBe(1);
});

test("a read-only server says so, and refuses", async () => {
  const { uri, folder } = await servedDisk("--read-only");
  expect(client("nbdinfo", "--is", "readonly", uri()).code).toBe(0);
  expect(client("nbdinfo", "--can", "zero", uri()).code).toBe(2);
  expect(client("qemu-io", "-f", "raw", "-c", "write 0 4k", uri()).code).toBe(1);
  expectBytes(folder.read("disk.img"), diskBytes());
});

test("nbdinfo and qemu-img map the zeroes", async () => {
  const { uri } = await servedDisk();
  const extents = JSON.parse(succeed("nbdinfo", "--map", "--json", uri("snap.cow")));
  const pair = ({ length, type }: { length: number; type: number }) => [length, type];
  expect(extents.map(pair)).toEqual([[4 * MIB, 2], [4 * MIB, 0], [8 * MIB, 2]]);
  const map = JSON.parse(succeed("qemu-img", "map", "-f", "raw", "--output=json", uri()));
  expect(map.map(({ length, zero }: { length: number; zero: boolean }) => [length, zero])).toEqual(
    [[4 * MIB, true], [4 * MIB, false], [8 * MIB, true]],
  );
});

test("nbdinfo and qemu-img see what was changed, and in which layer it lies", async () => {
  const { uri, folder, end } = await servedDisk();
  succeed("qemu-io", "-f", "raw", "-c", "write -P 1 1M 1M", "-c", "write -P 2 9M 4k", uri());
  const map = (context: string, name: string) =>
    JSON.parse(succeed("nbdinfo", `--map=${context}`, "--json", uri(name)))
      .map(({ length, type }: { length: number; type: number }) => [length, type]);
  const lengths = [MIB, MIB, 7 * MIB, 4096, 7 * MIB - 4096];
  const by = (...types: number[]) => lengths.map((length, at) => [length, types[at]]);
  expect(map("qemu:dirty-bitmap:snap.cow", "origin")).toEqual(by(0, 1, 0, 1, 0));
  expect(map("qemu:allocation-depth", "snap.cow")).toEqual(by(2, 1, 2, 1, 2));
  expect(map("qemu:allocation-depth", "origin")).toEqual([[DISK_BYTES, 1]]);
  const options = [
    ...["driver=nbd,server.type=unix", `server.path=${folder.path("nbd.sock")}`, "export=origin"],
    "x-dirty-bitmap=qemu:dirty-bitmap:snap.cow",
  ].join(",");
  const dirty = JSON.parse(succeed("qemu-img", "map", "--output=json", "--image-opts", options));
  // Through this option qemu-img says of what is dirty that it is no data.
  expect(dirty.map(({ length, data }: { length: number; data: boolean }) => [length, data ? 0 : 1]))
    .toEqual(by(0, 1, 0, 1, 0));
  expect((await end()).code).toBe(0);
  const view = `${folder.path("disk.img")}+${folder.path("snap.cow")}`;
  const ours: { depth: number; length: number }[] = JSON.parse(
    (await cowdisk(["map", view, "--json"])).out,
  );
  const held = ours.filter(({ depth }) => depth === 0);
  expect(held.reduce((sum, { length }) => sum + length, 0)).toBe(MIB + 4096);
});

test("nbdcopy copies out and in, over several connections", async () => {
  const { uri, folder, end } = await servedDisk();
  const many = ["--connections=4", "--threads=2", "--requests=16", "--request-size=65536"];
  succeed("nbdcopy", ...many, uri(), folder.path("out.img"));
  expectBytes(folder.read("out.img"), diskBytes());
  const other = diskBytes().reverse();
  folder.write("in.img", other);
  succeed("nbdcopy", ...many, "--flush", folder.path("in.img"), uri());
  succeed("nbdcopy", ...many, uri("snap.cow"), folder.path("kept.img"));
  expectBytes(folder.read("kept.img"), diskBytes());
  expect(await end()).toMatchObject({ code: 0 });
  expectBytes(folder.read("disk.img"), other);
});

test("qemu-img compares and converts", async () => {
  const { uri, folder } = await servedDisk();
  const disk = folder.path("disk.img");
  succeed("qemu-img", "compare", "-f", "raw", "-F", "raw", disk, uri("snap.cow"));
  const copy = folder.path("copy.qcow2");
  succeed("qemu-img", "convert", "-f", "raw", "-O", "qcow2", uri(), copy);
  succeed("qemu-img", "compare", "-f", "qcow2", "-F", "raw", copy, uri());
  folder.write("new.img", diskBytes().reverse());
  succeed("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", folder.path("new.img"), uri());
  succeed("qemu-img", "compare", "-f", "raw", "-F", "raw", folder.path("new.img"), uri());
  succeed("qemu-img", "compare", "-f", "qcow2", "-F", "raw", copy, uri("snap.cow"));
  expect(JSON.parse(succeed("qemu-img", "info", "-f", "raw", "--output=json", uri())))
    .toMatchObject(
      { "virtual-size": DISK_BYTES },
    );
});

test("qemu-io's patterns, zeroes, discards, FUA and flushes read back, live in every view", async () => {
  const { uri, folder, end } = await servedDisk();
  const io = (name: string, ...commands: string[]) =>
    succeed("qemu-io", "-f", "raw", ...commands.flatMap((each) => ["-c", each]), uri(name));
  io(
    "origin",
    ...[
      "write -P 0xaa 4M 64k",
      "write -f -P 0xbb 5M 512",
      "write -z 6M 64k",
      "write -z -u 6208k 64k",
    ],
    ...[
      "discard 7M 64k",
      "flush",
      "aio_write -P 0xcc 1M 1M",
      "aio_write -P 0xcd 2M 1M",
      "aio_flush",
    ],
    ...["read -P 0xaa 4M 64k", "read -P 0xbb 5M 512", "read -P 0 6M 128k", "read -P 0xcc 1M 1M"],
    "read -P 0xcd 2M 1M",
    // Neither whole sectors nor whole ones in between.
    ...["write -P 0x77 9436001 7777", "write -z 9436100 7", "write -f -P 0x78 9436099 1"],
    ...["read -P 0x77 9436001 98", "read -P 0x78 9436099 1", "read -P 0 9436100 7"],
    ...["read -P 0x77 9436107 7671", "read -P 0 9436000 1", "read -P 0 9443778 1"],
  );
  io("snap.cow", "read -P 0 1M 3M", "write -P 0xee 1M 8k", "read -P 0xee 1M 8k");
  io("origin", "read -P 0xcc 1M 1M");
  expect((await end()).code).toBe(0);

  const kept = diskBytes().fill(0xee, MIB, MIB + 8192);
  const view = `${folder.path("disk.img")}+${folder.path("snap.cow")}`;
  const { out } = await cowdisk(["read", view]);
  expectBytes(Buffer.from(out, "latin1"), kept);
  expect((await cowdisk(["check", folder.path("snap.cow")])).code).toBe(0);
  expect(existsSync(folder.path("nbd.sock"))).toBe(false);
});

test("qemu-io's illegal requests are refused, and the connection lives on", async () => {
  const { uri } = await servedDisk();
  const { out, err } = client(
    "qemu-io",
    ...["-f", "raw", "-c", "read 16M 512", "-c", "read -P 0 0 512", uri()],
  );
  expect(out + err).toMatch(/failed: (Input\/output error|Invalid argument)|beyond/);
  expect(out).toMatch(/read 512\/512 bytes at offset 0/);
});

describe("fio", () => {
  test.each(["origin", "snap.cow"])("verifies what it wrote to %s", async (name) => {
    const { uri, end } = await servedDisk();
    const words = [
      ...["--name=verify", "--ioengine=nbd", `--uri=${uri(name)}`, "--rw=randwrite"],
      ...["--bs=4k", "--iodepth=16", "--size=8m", "--verify=crc32c", "--verify_fatal=1"],
      ...["--randseed=7", "--output-format=json", "--fsync=64", "--verify_state_save=0"],
    ];
    const report = JSON.parse(succeed("fio", ...words).replace(/^[^{]*/, ""));
    const [{ error, read, write }] = report.jobs;
    expect([error, write.io_bytes, read.io_bytes]).toEqual([0, 8 * MIB, 8 * MIB]);
    expect((await end()).code).toBe(0);
  });
});

test("what the task may do is enough", async () => {
  const folder = new Folder("disk");
  folder.write("disk.img", diskBytes());
  const { uri, end } = await served(folder);
  expect(succeed("nbdinfo", "--size", uri())).toBe(`${DISK_BYTES}\n`);
  expect(await end()).toMatchObject({ code: 0 });
  const words = programWords(
    ["serve", folder.path("disk.img"), "--socket-activation"],
    taskPermissions(),
  );
  expect(succeed("nbdinfo", "--size", "--", "[", ...words, "]")).toBe(`${DISK_BYTES}\n`);
});

test("libnbd's tools start the server themselves, and hand it its socket", async () => {
  const folder = await folderWithDisk();
  const disk = folder.path("disk.img");
  const server = ["[", ...programWords(["serve", disk, "--socket-activation"]), "]"];
  expect(succeed("nbdinfo", "--size", "--", ...server)).toBe(`${DISK_BYTES}\n`);
  succeed("nbdcopy", "--", ...server, folder.path("out.img"));
  expectBytes(folder.read("out.img"), diskBytes());
});

test("one client is served on standard input and output", async () => {
  const folder = await folderWithDisk();
  const { child, ended } = spawnCowdisk(["serve", folder.path("disk.img"), "--stdio"]);
  const heard: Buffer[] = [];
  child.stdout?.on("data", (bytes) => heard.push(bytes));
  child.stdin?.write(Buffer.concat([
    ...[u32(3), option(OPT.structured), option(OPT.go, info("origin"))],
    ask({ command: CMD.write, cookie: 1, payload: Buffer.alloc(4096, 0x77) }),
    ask({ command: CMD.disc, cookie: 2 }),
  ]));
  expect(await ended).toMatchObject({ code: 0, err: "" });
  const dialogue = new Dialogue(memoryExports());
  dialogue.unread = Buffer.concat(heard);
  dialogue.unread = dialogue.unread.subarray(dialogue.unread.length - 16);
  expect(dialogue.answer()).toMatchObject({ cookie: 1, error: 0 });
  expect(folder.read("disk.img")[4095]).toBe(0x77);
});

/**
 * Exports behind other people's programs: as files, by nbdfuse, with a file system on them; and behind an
 * nbdkit that is slow and fails.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, statSync, truncateSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import {
  complaints,
  listFolder,
  listImage,
  makeImage,
  repairFileSystem,
  requireE2fsprogs,
} from "../filesystem/e2fsprogs.ts";
import { findProgram, packageAdvice } from "../setup.ts";
import { cowdisk, Folder, notes } from "../unit/cli/session.ts";
import { begin, client, type Served, served, succeed } from "./session.ts";

const MIB = 2 ** 20;
const DISK_BYTES = 16 * MIB;

/** Starts a program that is ended after the test at the latest, and waits for a file that it makes. */
async function start(file: string, name: string, ...words: string[]): Promise<ChildProcess> {
  const child = spawn(findProgram(name) ?? name, words, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr!.on("data", (bytes) => said += bytes);
  onTestFinished(() => end(child));
  while (!existsSync(file)) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}: ${said}`);
    await sleep(10);
  }
  return child;
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.on("exit", () => resolve());
    process.kill(child.pid!, "SIGTERM");
  });
}

/** Presents an export as a file. */
async function fuse({ folder, uri }: Served, name: string) {
  const place = folder.path(`${name}.mount`);
  mkdirSync(place);
  const file = `${place}/disk`;
  const child = await start(file, "nbdfuse", file, uri(name));
  return { file, end: () => end(child) };
}

const canFuse = existsSync("/dev/fuse");

test.skipIf(!canFuse)(
  "a file system that is made on an export is whole in its snapshot while the origin is overwritten (needs /dev/fuse)",
  async () => {
    requireE2fsprogs();
    const folder = new Folder();
    folder.write("disk.img", new Uint8Array(DISK_BYTES));
    const files = folder.path("files");
    mkdirSync(files);
    folder.write("files/notes", notes(4096, 3));
    const first = await served(folder);
    const made = await fuse(first, "origin");
    makeImage(made.file, files, DISK_BYTES);
    await made.end();
    expect((await first.end()).code).toBe(0);
    expect(complaints(folder.path("disk.img"))).toBe("");

    const cow = folder.path("snap.cow");
    expect((await cowdisk(["snapshot", folder.path("disk.img"), cow])).code).toBe(0);
    const second = await served(folder, "--snapshot", cow);
    const kept = await fuse(second, "snap.cow");
    const where = ["--name=write", "--ioengine=nbd", `--uri=${second.uri("origin")}`, "--bs=4k"];
    const what = ["--rw=randwrite", "--size=16m", "--rate=12m", "--iodepth=16"];
    const writer = spawn(findProgram("fio")!, [...where, ...what], { cwd: folder.path("") });
    const written = new Promise((resolve) => writer.on("exit", resolve));
    let checks = 0;
    for (; writer.exitCode === null; checks++) {
      expect(complaints(kept.file)).toBe("");
      await sleep(50);
    }
    expect(await written).toBe(0);
    expect(checks).toBeGreaterThan(2);
    expect(listImage(kept.file)).toEqual(listFolder(files));
    await kept.end();
    expect((await second.end()).code).toBe(0);
    expect(complaints(folder.path("disk.img"))).not.toBe("");
    expect((await cowdisk(["check", cow])).code).toBe(0);
  },
);

test.skipIf(!canFuse)(
  "a snapshot that is taken in the middle of a file system's write is what a loss of power leaves (needs /dev/fuse)",
  async () => {
    requireE2fsprogs();
    const folder = new Folder();
    const disk = folder.write("disk.img", "");
    truncateSync(disk, DISK_BYTES);
    const files = folder.path("files");
    mkdirSync(files);
    folder.write("files/notes", notes(4096, 3));
    const big = folder.write("big", notes(12 * MIB / 512, 4));
    const server = await served(folder);
    const origin = await fuse(server, "origin");
    makeImage(origin.file, files, DISK_BYTES);

    const writtenBytes = () => statSync(disk).blocks * 512;
    const before = writtenBytes();
    const writer = begin("debugfs", "-w", "-R", `write ${big} big`, origin.file);
    while (writtenBytes() < before + MIB) await sleep(1);
    const cow = folder.path("middle.cow");
    const take = ["live", "take", "middle", cow, "--control", server.control];
    expect(await cowdisk(take)).toMatchObject({ code: 0 });
    expect(writer.hasEnded).toBe(false);
    expect((await writer.ended).code).toBe(0);
    expect(complaints(origin.file)).toBe("");

    // On its export, as on any disk: e2fsck writes single words of a superblock.
    const middle = await fuse(server, "middle");
    repairFileSystem(middle.file);
    expect(complaints(middle.file)).toBe("");
    expect(listImage(middle.file)).toEqual(expect.arrayContaining(listFolder(files)));
    await middle.end();
    expect(listImage(origin.file).map((line) => line.split(" ")[0])).toEqual(["big", "notes"]);
    await origin.end();
    expect((await server.end()).code).toBe(0);
    expect((await cowdisk(["check", cow])).code).toBe(0);
  },
);

test("behind an nbdkit that is slow and fails, fio reads what it wrote, errors tried again", async () => {
  const advice = packageAdvice("nbdkit");
  if (advice !== null) throw new Error(advice);
  const folder = new Folder();
  folder.write("disk.img", new Uint8Array(DISK_BYTES));
  const { end } = await served(folder);
  const socket = folder.path("proxy.sock");
  const filters = ["retry-request", "error", "delay"].map((name) => `--filter=${name}`);
  await start(
    ...[socket, "nbdkit", "-f", "-U", socket, ...filters] as [string, string, ...string[]],
    ...["nbd", `socket=${folder.path("nbd.sock")}`, "delay-read=1ms", "delay-write=1ms"],
    ...["error-rate=3%", "retry-request-delay=1", "retry-request-retries=9"],
  );
  const words = [
    ...["--name=verify", "--ioengine=nbd", `--uri=nbd+unix:///?socket=${socket}`, "--bs=4k"],
    ...["--rw=randwrite", "--iodepth=16", "--size=256k", "--verify=crc32c", "--verify_fatal=1"],
    ...["--randseed=7", "--output-format=json", `--aux-path=${folder.path("")}`],
  ];
  const report = JSON.parse(succeed("fio", ...words).replace(/^[^{]*/, ""));
  const [{ error, read, write }] = report.jobs;
  expect([error, write.io_bytes, read.io_bytes]).toEqual([0, MIB / 4, MIB / 4]);
  expect((await end()).code).toBe(0);
});

test("no TRIM is offered where it would be but a word, and FAST_ZERO is, to be refused at once", async () => {
  const folder = new Folder();
  folder.write("disk.img", new Uint8Array(MIB));
  const file = await served(folder);
  expect(client("nbdinfo", "--can", "trim", file.uri()).code).toBe(2);
  expect(client("nbdinfo", "--can", "fast-zero", file.uri()).code).toBe(0);
});

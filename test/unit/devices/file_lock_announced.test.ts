import { chmodSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { describe, expect, test } from "vitest";
import { announceLock, type ProcessTable } from "../../../src/devices/file_lock_announced.ts";
import { temporaryPath } from "./temporary.ts";

/** A host whose processes are given as number and start. */
function hostWith(host: string, pid: number, starts: Record<number, string>): ProcessTable {
  return { host, pid, startOf: (other) => starts[other] };
}

function image(): string {
  const path = temporaryPath();
  writeFileSync(path, "");
  return path;
}

function namesBeside(path: string): string[] {
  return readdirSync(dirname(path)).filter((name) => name !== basename(path));
}

test("a holder announces its use, its process and its host in the name of an empty file", () => {
  const path = image();
  const here = hostWith("my host", 4711, { 4711: "88123" });
  const lock = announceLock(path, "exclusive", here);
  expect(namesBeside(path)).toEqual(["disk.img.lock.exclusive.4711.88123.0.my%20host"]);
  lock.release();
  expect(namesBeside(path)).toEqual([]);
});

test("the refusal names the process, the host and the file that tells of it", () => {
  const path = image();
  const starts = { 1: "10", 2: "20" };
  announceLock(path, "exclusive", hostWith("host", 1, starts));
  expect(() => announceLock(path, "shared", hostWith("host", 2, starts))).toThrow(
    expect.objectContaining({
      code: "EBUSY",
      message: `Cannot open "${path}" for reading: process 1 on host has it open for writing, ` +
        `as "${path}.lock.exclusive.1.10.0.host" tells`,
    }),
  );
  expect(namesBeside(path)).toEqual(["disk.img.lock.exclusive.1.10.0.host"]);
});

describe("a holder that no longer lives is cleared away", () => {
  const gone: [string, Record<number, string>][] = [
    ["its process has ended", { 2: "20" }],
    ["its number now belongs to a process that started later", { 1: "15", 2: "20" }],
  ];
  for (const [why, starts] of gone) {
    test(why, () => {
      const path = image();
      announceLock(path, "exclusive", hostWith("host", 1, { 1: "10" }));
      const lock = announceLock(path, "exclusive", hostWith("host", 2, starts));
      expect(namesBeside(path)).toEqual(["disk.img.lock.exclusive.2.20.0.host"]);
      lock.release();
    });
  }
});

describe("a holder counts as alive when nobody can tell", () => {
  const doubtful: [string, ProcessTable][] = [
    ["it is on another host", hostWith("elsewhere", 2, { 2: "20" })],
    ["the system does not say when its process started", hostWith("host", 2, { 1: "0", 2: "20" })],
  ];
  for (const [why, there] of doubtful) {
    test(why, () => {
      const path = image();
      announceLock(path, "exclusive", hostWith("host", 1, { 1: "10" }));
      expect(() => announceLock(path, "exclusive", there)).toThrow(/process 1 on host/);
    });
  }
});

test("of two that come at the same moment both may be refused, and never are both let in", () => {
  const path = image();
  const starts = { 1: "10", 2: "20" };
  // The second announces itself between the first's announcement and its look.
  const between: ProcessTable = {
    host: "host",
    pid: 1,
    startOf(pid) {
      if (pid === 1 && namesBeside(path).length === 0) {
        writeFileSync(join(dirname(path), "disk.img.lock.exclusive.2.20.0.host"), "");
      }
      return starts[pid as 1 | 2];
    },
  };
  expect(() => announceLock(path, "exclusive", between)).toThrow(/process 2/);
  expect(namesBeside(path)).toEqual(["disk.img.lock.exclusive.2.20.0.host"]);
});

test("files that only look like announcements are left alone", () => {
  const path = image();
  const strangers = ["disk.img.lock.", "disk.img.lock.exclusive", "disk.img.lock.both.1.1.0.host"];
  for (const name of strangers) writeFileSync(join(dirname(path), name), "");
  announceLock(path, "exclusive", hostWith("host", 1, { 1: "10" })).release();
  expect(namesBeside(path)).toEqual([...strangers].sort());
});

test("the system's own processes are told from those that are not", () => {
  const path = image();
  const lock = announceLock(path, "exclusive");
  const [name] = namesBeside(path);
  expect(name).toContain(`.exclusive.${process.pid}.`);
  expect(() => announceLock(path, "shared")).toThrow(`process ${process.pid} on `);
  lock.release();
  // No process has this number, and none of ours ever had it.
  writeFileSync(`${path}.lock.exclusive.4194305.1.0.${encodeURIComponent(hostname())}`, "");
  announceLock(path, "exclusive").release();
  expect(namesBeside(path)).toEqual([]);
});

const isRoot = process.getuid?.() === 0;

test.runIf(!isRoot)("a reader needs no right to write to the directory, a writer does", () => {
  const path = image();
  chmodSync(dirname(path), 0o500);
  announceLock(path, "shared").release();
  expect(() => announceLock(path, "exclusive")).toThrow();
  chmodSync(dirname(path), 0o700);
  expect(existsSync(path)).toBe(true);
});

import { expect, test } from "vitest";
import { commandClauses, expectRefusal } from "../command_clauses.ts";
import { cowdisk, expectBytes, Folder, TestEnvironment, writtenSnapshot } from "../session.ts";

commandClauses({
  name: "read",
  words: ["disk.img+snap.cow"],
  inputs: ["disk.img", "snap.cow"],
  untouched: ["disk.img", "snap.cow"],
});

const bytesOf = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

test("what the snapshot shows is printed, byte for byte, all or from the middle", async () => {
  const folder = new Folder();
  const shown = await writtenSnapshot(folder);
  const word = `${folder.path("disk.img")}+${folder.path("snap.cow")}`;
  const all = await cowdisk(["read", word]);
  expect([all.code, all.err]).toEqual([0, ""]);
  expectBytes(bytesOf(all.out), shown);
  const part = await cowdisk(["read", word, "--offset", "51199", "--length", "1026"]);
  expectBytes(bytesOf(part.out), shown.subarray(51199, 51199 + 1026));
  expect((await cowdisk(["read", word, "--length", "0"])).out).toBe("");
});

test("a terminal gets hexadecimal, and no raw bytes", async () => {
  const folder = new Folder();
  const disk = folder.disk();
  const raw = await cowdisk(["read", disk], new TestEnvironment(true));
  expect(raw).toEqual({ code: 2, out: "", err: expect.stringMatching(/want --hex, or a pipe/) });
  const words = ["read", disk, "--hex", "--offset", "512", "--length", "32"];
  const { out } = await cowdisk(words, new TestEnvironment(true));
  expect(out).toMatch(/^00000200 {2}([0-9a-f]{2} ){8} .*\n00000210 {2}.*\n00000220\n$/);
});

test("what lies behind the end is not there to be read", async () => {
  const folder = new Folder();
  const words = ["read", folder.disk(), "--offset", "1M", "--length", "1M"];
  expectRefusal(await cowdisk(words), 1, /Cannot reach 1048576 bytes from byte 1048576 on/);
});

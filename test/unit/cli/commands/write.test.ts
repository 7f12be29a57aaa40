import { expect, test } from "vitest";
import { commandClauses, expectRefusal } from "../command_clauses.ts";
import {
  cowdisk,
  expectBytes,
  Folder,
  notes,
  spawnCowdisk,
  TestEnvironment,
  writtenSnapshot,
} from "../session.ts";

commandClauses({
  name: "write",
  words: ["snap.cow", "--in", "disk.img"],
  inputs: ["disk.img", "snap.cow"],
  untouched: [],
  isLenient: true,
});

const fed = (...pieces: readonly Uint8Array[]) => new TestEnvironment(false, pieces);

async function shownBy(word: string): Promise<Uint8Array> {
  const { out } = await cowdisk(["read", word]);
  return Uint8Array.from(out, (letter) => letter.charCodeAt(0));
}

test("what comes in pieces lands as a whole, at any byte", async () => {
  const folder = new Folder();
  const disk = folder.disk();
  const want = folder.read("disk.img");
  const bytes = notes(2100, 5).subarray(3);
  want.set(bytes.subarray(0, 700_001), 777);
  const pieces = [bytes.slice(0, 1), bytes.slice(1, 600_000), bytes.slice(600_000, 700_001)];
  const ending = await cowdisk(["write", disk, "--offset", "777"], fed(...pieces));
  expect(ending).toEqual({ code: 0, out: "", err: `${disk}: 683.6 KiB written\n` });
  expectBytes(folder.read("disk.img"), want);
});

test("through a snapshot only its COW image is written", async () => {
  const folder = new Folder();
  const want = await writtenSnapshot(folder);
  const before = folder.read("disk.img");
  const word = `${folder.path("disk.img")}+${folder.path("snap.cow")}`;
  const file = folder.write("in.bin", notes(3, 9));
  expect((await cowdisk(["write", word, "--offset", "100", "--in", file])).code).toBe(0);
  want.set(notes(3, 9), 100);
  expectBytes(await shownBy(word), want);
  expectBytes(folder.read("disk.img"), before);
});

test("a snapshot that is named keeps its view of an image that is written", async () => {
  const folder = new Folder();
  const shown = await writtenSnapshot(folder);
  const [disk, cow] = [folder.path("disk.img"), folder.path("snap.cow")];
  expect((await cowdisk(["write", disk, "--keep", cow], fed(notes(300, 4)))).code).toBe(0);
  expectBytes(await shownBy(`${disk}+${cow}`), shown);
});

test("a file that does not fit changes nothing; a pipe writes what fits", async () => {
  const folder = new Folder();
  const disk = folder.disk();
  const before = folder.read("disk.img");
  const file = folder.write("in.bin", new Uint8Array(2 ** 20));
  const words = ["write", disk, "--offset", "4K"];
  expectRefusal(await cowdisk([...words, "--in", file]), 1, /Cannot reach 1048576 bytes from/);
  expectBytes(folder.read("disk.img"), before);
  const ending = await cowdisk(words, fed(new Uint8Array(2 ** 20), new Uint8Array(2 ** 20)));
  expect(ending.err).toMatch(/Cannot reach/);
  expect(ending.code).toBe(1);
});

test("nobody is left waiting for a person to type a disk", async () => {
  const folder = new Folder();
  const ending = await cowdisk(["write", folder.disk()], new TestEnvironment());
  expectRefusal(ending, 2, /Nothing to write: want --in FILE, or a pipe/);
  const absent = ["write", folder.disk(), "--in", folder.path("absent.bin")];
  expectRefusal(await cowdisk(absent), 1, /no such file/);
});

test("a pipe of the system's is read to its end", async () => {
  const folder = new Folder();
  const disk = folder.disk();
  const { child, ended } = spawnCowdisk(["write", disk, "--offset", "512"]);
  child.stdin!.end(notes(1000, 3));
  expect(await ended).toMatchObject({ code: 0, out: "" });
  expectBytes(folder.read("disk.img").subarray(512, 512 + 512_000), notes(1000, 3));
});

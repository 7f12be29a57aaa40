import { expect, test } from "vitest";
import { hashView } from "../../../../src/cli/hash/hash_view.ts";
import { LEAF_SECTORS, leafHash, rootHash } from "../../../../src/cli/hash/tree_hash.ts";
import { Folder, notes, TestEnvironment, writtenSnapshot } from "../session.ts";

test("the hash is that of the contents, whatever the number of workers", async () => {
  const folder = new Folder();
  const sectorCount = 2 * LEAF_SECTORS + 5;
  const image = folder.write("disk.img", notes(sectorCount, 6));
  const bytes = folder.read("disk.img");
  const leafBytes = LEAF_SECTORS * 512;
  const want = rootHash(
    [0, 1, 2].map((leaf) => leafHash(bytes.subarray(leaf * leafBytes, (leaf + 1) * leafBytes))),
  );
  for (const jobs of [1, 2, 9]) {
    expect(await hashView(new TestEnvironment(), { word: image, jobs })).toBe(want);
  }
});

test("a snapshot hashes as an image of what it shows", async () => {
  const folder = new Folder();
  const shown = folder.write("view.img", await writtenSnapshot(folder));
  const word = `${folder.path("disk.img")}+${folder.path("snap.cow")}`;
  const environment = new TestEnvironment();
  expect(await hashView(environment, { word, jobs: 2 })).toBe(
    await hashView(environment, { word: shown, jobs: 1 }),
  );
});

test("Ctrl-C ends it, and so does what cannot be opened", async () => {
  const folder = new Folder();
  const environment = new TestEnvironment();
  environment.isImpatient = true;
  await expect(hashView(environment, { word: folder.disk(), jobs: 2 })).rejects.toThrow(
    expect.objectContaining({ exitCode: 130 }),
  );
  await expect(hashView(new TestEnvironment(), { word: "absent.img", jobs: 2 })).rejects.toThrow(
    /no such file/,
  );
});

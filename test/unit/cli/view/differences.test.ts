import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bytesIn, findDifferences, joinExtents } from "../../../../src/cli/view/differences.ts";
import { openView } from "../../../../src/cli/view/view.ts";
import { Prng } from "../../../../src/testing/mod.ts";
import { cowdisk, Folder, notes, TestEnvironment, writtenSnapshot } from "../session.ts";

async function differences(from: string, to: string) {
  await using one = await openView(from, "read");
  await using other = await openView(to, "read");
  return await findDifferences(new TestEnvironment(), one, other);
}

/** Every 4 KiB that differs, found by looking at all of both. */
function blocksThatDiffer(one: Uint8Array, other: Uint8Array): number[] {
  const blocks: number[] = [];
  for (let block = 0; block * 4096 < one.length; block++) {
    const part = (bytes: Uint8Array) => bytes.subarray(block * 4096, (block + 1) * 4096);
    if (part(one).some((byte, at) => byte !== part(other)[at])) blocks.push(block);
  }
  return blocks;
}

test("extents are joined where they touch or overlap, and end where the device does", () => {
  const extent = (sector: number, sectorCount: number) => ({ sector, sectorCount });
  expect(joinExtents([extent(8, 8), extent(0, 8), extent(20, 4), extent(22, 10)], 30))
    .toEqual([extent(0, 16), extent(20, 10)]);
  expect(joinExtents([extent(40, 8)], 30)).toEqual([]);
  expect(bytesIn([extent(0, 16), extent(20, 10)])).toBe(26 * 512);
});

test("of one origin only what a COW image has is compared, and what is the same is not told", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const [disk, cow] = [folder.path("disk.img"), folder.path("snap.cow")];
  // Chunks 12 to 14 and 64 by the origin; 125, 126 and 256 by the snapshot.
  expect(await differences(disk, `${disk}+${cow}`)).toEqual([
    { sector: 96, sectorCount: 24 },
    { sector: 512, sectorCount: 8 },
    { sector: 1000, sectorCount: 16 },
    { sector: 2048, sectorCount: 3 },
  ]);
  expect(await differences(`${disk}+${cow}`, `${disk}+${cow}`)).toEqual([]);
});

test("whatever two views are, every block that differs is told and no other", async () => {
  const folder = new Folder();
  const prng = Prng.fromSeed("differences");
  await writtenSnapshot(folder);
  const [disk, cow, other] = ["disk.img", "snap.cow", "other.cow"].map((name) => folder.path(name));
  await cowdisk(["snapshot", disk!, other!, "--chunk", "16K"]);
  for (let turn = 0; turn < 12; turn++) {
    const fed = [notes(1 + prng.int(20), turn)];
    const offset = `${prng.int(2000) * 512 + 7}`;
    await cowdisk(
      ["write", `${disk}+${other}`, "--offset", offset],
      new TestEnvironment(false, fed),
    );
  }
  const contents = new Map<string, Uint8Array>();
  for (const word of [disk!, `${disk}+${cow}`, `${disk}+${other}`]) {
    const out = folder.path("out.img");
    await cowdisk(["export", word, out, "--force"]);
    contents.set(word, new Uint8Array(readFileSync(out)));
  }
  const copy = folder.write("copy.img", contents.get(`${disk}+${other}`)!);
  contents.set(copy, contents.get(`${disk}+${other}`)!);
  for (const [from, one] of contents) {
    for (const [to, two] of contents) {
      const told = (await differences(from, to)).flatMap(({ sector, sectorCount }) =>
        Array.from({ length: Math.ceil(sectorCount / 8) }, (_, index) => sector / 8 + index)
      );
      expect(told).toEqual(blocksThatDiffer(one, two));
    }
  }
});

test("views of two sizes are not compared", async () => {
  await expect(differences("mem:1M", "mem:2M")).rejects.toThrow(/they have 2048 and 4096 sectors/);
});

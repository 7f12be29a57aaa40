import { expect, test } from "vitest";
import {
  applyDelta,
  type BlockDevice,
  checked,
  createMemoryDevice,
  writeDelta,
} from "../../../../src/mod.ts";
import { patternOf, Prng, verifySectors } from "../../../../src/testing/mod.ts";

const SECTORS = 6000;

function memory(content: Uint8Array) {
  const device = createMemoryDevice({ sectorCount: content.length / 512, name: "memory" });
  device.writeSync(content, 0);
  return device;
}

function contentOf(device: ReturnType<typeof memory>): Uint8Array {
  const found = new Uint8Array(device.sectorCount * 512);
  device.readSync(found, 0);
  return found;
}

/** Two contents, and extents in which all that differs lies. */
function twoContents(seed: string) {
  const prng = Prng.fromSeed(seed);
  const from = patternOf(1, 0, SECTORS);
  const to = from.slice();
  const extents = [];
  for (let sector = prng.int(100); sector < SECTORS;) {
    const sectorCount = Math.min(prng.pick([1, 7, 8, 300, 2500]), SECTORS - sector);
    const bytes = prng.bool(0.3)
      ? new Uint8Array(sectorCount * 512)
      : patternOf(2 + prng.int(9), sector, sectorCount);
    to.set(bytes, sector * 512);
    extents.push({ sector, sectorCount });
    sector += sectorCount + prng.intBetween(1, 900);
  }
  return { from, to, extents };
}

async function deltaOf({ from, to, extents }: ReturnType<typeof twoContents>) {
  const pieces: Uint8Array[] = [];
  for await (const piece of writeDelta(memory(from), memory(to), extents)) {
    pieces.push(piece.slice());
  }
  return async function* () {
    yield* await Promise.resolve(pieces);
  };
}

test("applied to what it was made from, it makes what it was made to; applied again, nothing", async () => {
  for (let turn = 0; turn < 20; turn++) {
    const contents = twoContents(`there ${turn}`);
    const delta = await deltaOf(contents);
    const device = memory(contents.from);
    const total = contents.extents.reduce((sum, { sectorCount }) => sum + sectorCount, 0);
    const first = await applyDelta(device, delta);
    expect(first.changedSectors + first.sameSectors).toBe(total);
    verifySectors(contentOf(device), contents.to, 0, `turn ${turn}`);
    expect(await applyDelta(device, delta)).toEqual({ changedSectors: 0, sameSectors: total });
    verifySectors(contentOf(device), contents.to, 0, `turn ${turn}, again`);
  }
});

test("applied to something else, or damaged anywhere, it changes nothing", async () => {
  const contents = twoContents("elsewhere");
  const delta = await deltaOf(contents);
  const other = contents.from.slice();
  const last = contents.extents.at(-1)!;
  other[(last.sector + last.sectorCount) * 512 - 1]! ^= 1;
  const device = memory(other);
  await expect(applyDelta(device, delta)).rejects.toThrow(
    expect.objectContaining({ code: "EINVAL", message: expect.stringMatching(/neither what was/) }),
  );
  verifySectors(contentOf(device), other, 0, "another image");

  const damaged = async function* () {
    let at = 0;
    for await (const piece of delta()) {
      at++;
      const bytes = piece.slice();
      if (at === 6) bytes[9]! ^= 4;
      yield bytes;
    }
  };
  const right = memory(contents.from);
  await expect(applyDelta(right, damaged)).rejects.toThrow(/damaged/);
  verifySectors(contentOf(right), contents.from, 0, "the right image");
});

test("whatever write fails, the same delta goes on and makes what it was made to", async () => {
  const contents = twoContents("interrupted");
  const delta = await deltaOf(contents);
  for (let failing = 0;; failing++) {
    const device = memory(contents.from);
    let writeCount = 0;
    const fail = () => {
      if (writeCount++ === failing) throw new Error("pulled the plug");
    };
    const failingDevice: BlockDevice = checked({
      name: "failing",
      sectorCount: SECTORS,
      supports: { write: true, discard: false, discardZeroes: false, permanence: false },
      readSync: (target, sector) => device.readSync(target, sector),
      writeSync(source, sector) {
        fail();
        device.writeSync(source, sector);
      },
      flushSync: () => fail(),
      closeSync: () => {},
    });
    const outcome = await applyDelta(failingDevice, delta).then(() => "done", () => "failed");
    await applyDelta(device, delta);
    verifySectors(contentOf(device), contents.to, 0, `after failing at write ${failing}`);
    if (outcome === "done") break;
  }
});

test("images of another size are refused", async () => {
  const delta = await deltaOf(twoContents("size"));
  const refusal = expect.objectContaining({ code: "EINVAL" });
  await expect(applyDelta(createMemoryDevice({ sectorCount: SECTORS + 1 }), delta)).rejects.toThrow(
    refusal,
  );
  const pieces = writeDelta(memory(patternOf(1, 0, 8)), memory(patternOf(1, 0, 9)), []);
  await expect(pieces.next()).rejects.toThrow(refusal);
});

test("zeroes take no room", async () => {
  const from = memory(patternOf(1, 0, 2048));
  const to = memory(new Uint8Array(2048 * 512));
  let sizeBytes = 0;
  for await (const piece of writeDelta(from, to, [{ sector: 0, sectorCount: 2048 }])) {
    sizeBytes += piece.length;
  }
  expect(sizeBytes).toBe(64 + 96 + 96);
});

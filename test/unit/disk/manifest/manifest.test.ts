import { expect, test } from "vitest";
import {
  DEPTH_MAX,
  formatManifest,
  isName,
  type Manifest,
  parseManifest,
} from "../../../../src/disk/manifest/manifest.ts";
import { Prng } from "../../../../src/testing/mod.ts";
import { EMPTY, randomManifest } from "./random_manifest.ts";

const layer = (id: number, parent: number | null, name: string | null = null) => ({
  id,
  parent,
  name,
});

/** Three layers: a snapshot, and a branch on each side of it. */
const SMALL: Manifest = {
  ...EMPTY,
  nextId: 4,
  layers: [layer(1, null, "one"), layer(2, 1), layer(3, 1)],
  branches: [{ name: "main", layer: 2 }, { name: "other", layer: 3 }],
};

function chain(length: number): Manifest {
  const layers = Array.from(
    { length },
    (_, at) => layer(at + 1, at === 0 ? null : at, at === length - 1 ? null : `name ${at}`),
  );
  return { ...EMPTY, layers, nextId: length + 1, branches: [{ name: "main", layer: length }] };
}

test("what was written is read again, whatever tree it is", () => {
  for (let seed = 0; seed < 200; seed++) {
    const manifest = randomManifest(Prng.fromSeed(`manifest/${seed}`), seed % 40);
    expect(parseManifest(formatManifest(manifest)), `seed ${seed}`).toEqual(manifest);
  }
});

test.each<[string, Partial<Manifest> | Record<string, unknown>, RegExp]>([
  ["another version", { version: 2 }, /version/],
  ["a size that is not the origin's", { sectorCount: 65 }, /has 65 sectors and its origin 64/],
  ["a negative size", { sectorCount: -1 }, /sectorCount/],
  ["a size beyond all devices", { sectorCount: 2 ** 60 }, /sectorCount/],
  ["a chunk size of three", { chunkSectors: 3 }, /3 sectors, want a power of two/],
  ["a chunk size of none", { chunkSectors: 0 }, /chunkSectors/],
  ["a chunk size that is huge", { chunkSectors: 2 ** 40 }, /want at most 4194303/],
  ["an id twice", { layers: [layer(1, null, "a"), layer(1, 1)] }, /layer 1 stands twice/],
  ["an id that is to be given out", { nextId: 3 }, /layer 3 is not below 3/],
  ["an id of zero", { layers: [layer(0, null)] }, /layers\.0\.id/],
  ["an id with a fraction", { layers: [layer(1.5, null)] }, /layers\.0\.id/],
  ["an id that is no exact number", { nextId: 2 ** 53 }, /nextId/],
  ["a parent that is not there", { layers: [layer(1, 9)] }, /layer 1 lies on 9, which is not/],
  ["a layer on itself", { layers: [layer(1, 1)] }, /layer 1 lies on 1, which is not before/],
  ["a circle", { layers: [layer(1, 2), layer(2, 1)] }, /layer 1 lies on 2, which is not before/],
  ["a name twice", { layers: [layer(1, null, "a"), layer(2, 1, "a")] }, /"a" stands twice/],
  ["a name with a line break", { layers: [layer(1, null, "a\nb")] }, /is no name/],
  ["an empty name", { layers: [layer(1, null, "")] }, /is no name/],
  ["no branch", { branches: [] }, /no branch/],
  ["a branch on a snapshot", { branches: [{ name: "x", layer: 1 }] }, /no layer of its own/],
  ["a branch on nothing", { branches: [{ name: "x", layer: 7 }] }, /no layer of its own/],
  ["a branch twice", { branches: [SMALL.branches[0], SMALL.branches[0]] }, /stands twice/],
  ["a layer of no use", { branches: [{ name: "main", layer: 2 }] }, /layer 3 is nobody's/],
  ["layers that are no list", { layers: {} }, /layers/],
  ["a fingerprint that is none", { origin: { ...EMPTY.origin, fingerprint: "x" } }, /fingerprint/],
])("%s is refused, and said", (_, wrong, why) => {
  const text = JSON.stringify({ ...SMALL, ...wrong });
  expect(() => parseManifest(text)).toThrow(why);
  expect(() => parseManifest(text)).toThrow(expect.objectContaining({ code: "EINVAL" }));
});

test("as many layers lie on each other as are allowed, and no more", () => {
  expect(parseManifest(JSON.stringify(chain(DEPTH_MAX))).layers).toHaveLength(DEPTH_MAX);
  expect(() => parseManifest(JSON.stringify(chain(DEPTH_MAX + 1)))).toThrow(/257th on each other/);
});

test("what could not be read again is not written", () => {
  expect(() => formatManifest({ ...SMALL, nextId: 2 })).toThrow(/is not below 2/);
});

/** Values that programs stumble over. */
const ODD = [null, -1, 0, 0.5, 2 ** 53, 1e308, "", "x", "__proto__", [], {}, true];

/** The text with one value exchanged, or some characters. */
function mutate(prng: Prng, text: string): string {
  if (prng.int(3) === 0) {
    const at = prng.int(text.length);
    const bytes = String.fromCharCode(prng.int(128));
    return text.slice(0, at) + bytes + text.slice(at + prng.int(4));
  }
  const places: [Record<string, unknown>, string][] = [];
  const walk = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      places.push([value as Record<string, unknown>, key]);
      walk(inner);
    }
  };
  const root = JSON.parse(text);
  walk(root);
  const [holder, key] = prng.pick(places);
  const action = prng.int(4);
  if (action === 0) delete holder[key];
  else if (action === 1) holder[key] = prng.pick(places.map(([other, name]) => other[name]));
  else if (action === 2 && typeof holder[key] === "number") holder[key] += prng.int(5) - 2;
  else holder[key] = prng.pick(ODD);
  try {
    return JSON.stringify(root);
  } catch {
    return text; // A value was put into itself.
  }
}

test("a manifest that was tampered with is refused with a reason, or still a manifest", () => {
  let refusedCount = 0;
  for (let seed = 0; seed < 3000; seed++) {
    const prng = Prng.fromSeed(`mutated/${seed}`);
    let text = formatManifest(randomManifest(prng, 12));
    for (let count = prng.intBetween(1, 3); count > 0; count--) {
      try {
        text = mutate(prng, text);
      } catch {
        break; // It is no JSON any more.
      }
    }
    try {
      const manifest = parseManifest(text);
      expect(parseManifest(formatManifest(manifest)), `seed ${seed}`).toEqual(manifest);
    } catch (error) {
      expect(error, `seed ${seed}`).toMatchObject({ code: "EINVAL" });
      expect((error as Error).message).toMatch(/^Cannot use the disk's manifest: ./);
      refusedCount++;
    }
  }
  expect(refusedCount).toBeGreaterThan(1500);
});

test("names are of 1 to 255 characters, none of them a control character", () => {
  const right = ["a", "Über alles", "/", "..", "x".repeat(255), "🗿"];
  const wrong = ["", "a\n", "\0", "\u007f", "x".repeat(256)];
  expect(right.filter((name) => !isName(name))).toEqual([]);
  expect(wrong.filter(isName)).toEqual([]);
});

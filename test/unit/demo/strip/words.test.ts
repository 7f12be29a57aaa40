/** What is drawn, for those who listen. */
import { expect, test } from "vitest";
import { PLACES } from "../../../../demo/engine/scene.ts";
import { chunkWords, PLACE_WORDS, stripWords } from "../../../../demo/view/strip/words.ts";
import { stripOf } from "./strips.ts";

test("a snapshot says how much is copied and how much is shared", () => {
  const strip = stripOf({ name: "monday", role: "snapshot", chunkCount: 64 });
  for (const chunk of [3, 9, 12]) strip.places[chunk] = PLACES.indexOf("own");
  expect(stripWords(strip)).toBe("monday: 64 chunks, 61 shared with the origin, 3 copied");
});

test("an origin only says how large it is; what is not well says so", () => {
  expect(stripWords(stripOf({ role: "origin", chunkCount: 64 }))).toBe("origin: 64 chunks");
  const lost = stripOf({ name: "monday", role: "snapshot", chunkCount: 1, health: "invalid" });
  expect(stripWords(lost)).toBe("monday: 1 chunk, 1 shared with the origin, invalid");
});

test("a chunk says what it holds and where that is", () => {
  const strip = stripOf({ role: "snapshot", chunkCount: 4 });
  strip.generations.set([0, 7, 0x8001]);
  strip.places[1] = PLACES.indexOf("own");
  expect(chunkWords(strip, 0)).toBe("chunk 0 of 4: zeroes, in the origin");
  expect(chunkWords(strip, 1)).toBe("chunk 1 of 4: write 7, copied, on the COW device");
  expect(chunkWords(strip, 2)).toBe("chunk 2 of 4: mixed or other bytes, in the origin");
});

test("every place has words of its own", () => {
  expect(new Set(PLACES.map((place) => PLACE_WORDS[place])).size).toBe(PLACES.length);
});

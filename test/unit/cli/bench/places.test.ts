import { expect, test } from "vitest";
import { placesIn } from "../../../../src/cli/bench/places.ts";

test.for([[1, 1], [8, 1], [7, 2], [1000, 8], [4096, 8], [100_003, 3]])(
  "every whole step of %i sectors by %i is a place, once",
  ([sectorCount, stepSectors]) => {
    const sequential = placesIn("sequential", sectorCount!, stepSectors!);
    expect(sequential.length).toBe(Math.floor(sectorCount! / stepSectors!));
    expect([...sequential]).toEqual([...sequential.keys()].map((index) => index * stepSectors!));
    const random = placesIn("random", sectorCount!, stepSectors!);
    expect([...random].sort((a, b) => a - b)).toEqual([...sequential]);
  },
);

test("a random order is no order, and the same in every run", () => {
  const places = placesIn("random", 10_000, 1);
  const neighbours = places.filter((place, index) =>
    Math.abs(place - (places[index - 1] ?? 0)) < 3
  );
  expect(neighbours.length).toBeLessThan(50);
  expect(placesIn("random", 10_000, 1)).toEqual(places);
});

test("where nothing fits there is no place", () => {
  expect(placesIn("random", 7, 8).length).toBe(0);
  expect(placesIn("sequential", 7, 8).length).toBe(0);
});

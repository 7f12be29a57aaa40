import { expect, test } from "vitest";
import { ChunkWalk } from "../../../src/block/chunk_walk.ts";
import { SECTORS_MAX } from "../../../src/block/units.ts";

/** chunk, sector, sectorCount, offset in the chunk, whole? */
type Piece = [number, number, number, number, boolean];

function piecesOf(walk: ChunkWalk, sector: number, sectorCount: number): Piece[] {
  const pieces: Piece[] = [];
  for (walk.start(sector, sectorCount); walk.next();) {
    pieces.push([walk.chunk, walk.sector, walk.sectorCount, walk.offsetSectors, walk.isWhole]);
  }
  return pieces;
}

test("a request of nothing has no pieces, wherever it lies", () => {
  const walk = new ChunkWalk(8);
  for (const sector of [0, 1, 8, SECTORS_MAX]) expect(piecesOf(walk, sector, 0)).toEqual([]);
});

test("limits come in threes: one sector less than a chunk, a chunk, one sector more", () => {
  const walk = new ChunkWalk(8);
  expect(piecesOf(walk, 8, 7)).toEqual([[1, 8, 7, 0, false]]);
  expect(piecesOf(walk, 8, 8)).toEqual([[1, 8, 8, 0, true]]);
  expect(piecesOf(walk, 8, 9)).toEqual([[1, 8, 8, 0, true], [2, 16, 1, 0, false]]);
  expect(piecesOf(walk, 9, 7)).toEqual([[1, 9, 7, 1, false]]);
  expect(piecesOf(walk, 7, 8)).toEqual([[0, 7, 1, 7, false], [1, 8, 7, 0, false]]);
  expect(piecesOf(walk, 7, 10)).toEqual([
    [0, 7, 1, 7, false],
    [1, 8, 8, 0, true],
    [2, 16, 1, 0, false],
  ]);
});

test("a chunk may be one sector", () => {
  expect(piecesOf(new ChunkWalk(1), 5, 2)).toEqual([[5, 5, 1, 0, true], [6, 6, 1, 0, true]]);
});

test("addresses past 2^32 are cut as exactly as small ones", () => {
  const walk = new ChunkWalk(8);
  const sector = 2 ** 40 + 6;
  expect(piecesOf(walk, sector, 4)).toEqual([
    [2 ** 37, sector, 2, 6, false],
    [2 ** 37 + 1, sector + 2, 2, 0, false],
  ]);
  const last = SECTORS_MAX - 1;
  expect(piecesOf(walk, last, 1)).toEqual([[Math.floor(last / 8), last, 1, last % 8, false]]);
});

/** The same, one sector at a time. */
function piecesBySector(chunkSectors: number, sector: number, sectorCount: number): Piece[] {
  const pieces: Piece[] = [];
  for (let at = sector; at < sector + sectorCount; at++) {
    const chunk = Math.floor(at / chunkSectors);
    const last = pieces.at(-1);
    if (last?.[0] === chunk) last[2]++;
    else pieces.push([chunk, at, 1, at % chunkSectors, false]);
  }
  for (const piece of pieces) piece[4] = piece[2] === chunkSectors;
  return pieces;
}

test("the pieces of any request lie end to end and are the request", () => {
  for (const chunkSectors of [1, 2, 8, 16]) {
    const walk = new ChunkWalk(chunkSectors);
    for (let sector = 0; sector < 20; sector++) {
      for (let count = 1; count < 40; count++) {
        expect(piecesOf(walk, sector, count)).toEqual(piecesBySector(chunkSectors, sector, count));
      }
    }
  }
});

test("a walk can be given up and started again", () => {
  const walk = new ChunkWalk(8);
  walk.start(0, 100);
  walk.next();
  expect(piecesOf(walk, 3, 2)).toEqual([[0, 3, 2, 3, false]]);
});

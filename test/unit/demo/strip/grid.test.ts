/** Where the cells of a strip are. */
import { expect, test } from "vitest";
import {
  chunkAt,
  clampRow,
  cornerOf,
  type Grid,
  layOut,
  moveBy,
  rowToSee,
} from "../../../../demo/view/strip/grid.ts";

const COUNTS = [0, 1, 35, 36, 37, 64, 1000, 4096, 2 ** 20];
const WIDTHS = [1, 328, 853, 1900];

function eachGrid(body: (grid: Grid, width: number) => void): void {
  for (const count of COUNTS) {
    for (const width of WIDTHS) body(layOut(count, width), width);
  }
}

test("no strip is wider than its place or higher than 144 pixels, and every row is whole", () => {
  eachGrid((grid, width) => {
    if (grid.columns > 1) expect(grid.columns * grid.pitch).toBeLessThanOrEqual(width);
    expect(grid.rowsSeen * grid.pitch).toBeLessThanOrEqual(144);
    expect(grid.rowsSeen).toBeLessThanOrEqual(grid.rows);
    expect(grid.rows * grid.columns).toBeGreaterThanOrEqual(grid.chunkCount);
  });
});

test("a strip that fits is seen whole, with the largest cells that do", () => {
  expect(layOut(64, 853)).toMatchObject({ pitch: 24, columns: 32, rows: 2, rowsSeen: 2 });
  expect(layOut(2000, 853)).toMatchObject({ pitch: 6, rowsSeen: layOut(2000, 853).rows });
  const large = layOut(2 ** 20, 853);
  expect(large.rowsSeen).toBeLessThan(large.rows);
});

test("a cell is found at its corner and at its far corner, from every row", () => {
  const grid = layOut(5000, 328);
  for (const firstRow of [0, 7, clampRow(grid, Infinity)]) {
    const first = firstRow * grid.columns;
    const end = Math.min(grid.chunkCount, first + grid.rowsSeen * grid.columns);
    for (const chunk of [first, first + 1, end - 1]) {
      const { x, y } = cornerOf(grid, firstRow, chunk);
      expect(chunkAt(grid, firstRow, x, y)).toBe(chunk);
      expect(chunkAt(grid, firstRow, x + grid.pitch - 0.1, y + grid.pitch - 0.1)).toBe(chunk);
    }
  }
});

test("beside the cells there is no chunk", () => {
  const grid = layOut(37, 24 * 36);
  expect(grid).toMatchObject({ columns: 24, rows: 2 });
  expect(chunkAt(grid, 0, 24 * 13 - 1, 25)).toBe(36);
  expect(chunkAt(grid, 0, 24 * 13, 25)).toBeUndefined();
  expect(chunkAt(grid, 0, -1, 0)).toBeUndefined();
  expect(chunkAt(grid, 0, 24 * 24, 0)).toBeUndefined();
  expect(chunkAt(grid, 0, 0, 48)).toBeUndefined();
});

test("keys lead to chunks that exist, and the window follows them", () => {
  eachGrid((grid) => {
    if (grid.chunkCount === 0) return;
    let chunk = 0;
    let firstRow = 0;
    const keys = ["ArrowRight", "ArrowDown", "PageDown", "End", "ArrowUp", "PageUp", "ArrowLeft"];
    for (const key of [...keys, "ArrowRight", "ArrowDown", "Home"]) {
      chunk = moveBy(grid, chunk, key)!;
      expect(chunk).toBeGreaterThanOrEqual(0);
      expect(chunk).toBeLessThan(grid.chunkCount);
      firstRow = rowToSee(grid, firstRow, chunk);
      const { x, y } = cornerOf(grid, firstRow, chunk);
      expect(chunkAt(grid, firstRow, x, y)).toBe(chunk);
    }
    expect(chunk).toBe(0);
  });
  expect(moveBy(layOut(9, 100), 0, "Enter")).toBeUndefined();
});

test("Up and Down leave the column alone: at the edge they stay", () => {
  const grid = layOut(64, 853);
  expect(moveBy(grid, 3, "ArrowUp")).toBe(3);
  expect(moveBy(grid, 3, "ArrowDown")).toBe(35);
  expect(moveBy(grid, 60, "ArrowDown")).toBe(60);
});

/**
 * Where the cells of a strip are: rows of equal cells, as large as fit, and a window on them when all
 * do not. Numbers in CSS pixels; no DOM.
 *
 *     width 120, 11 chunks, pitch 24        firstRow = 1 of 3, two rows seen
 *     ┌──┬──┬──┬──┬──┐                      ┌──┬──┬──┬──┬──┐
 *     │ 0│ 1│ 2│ 3│ 4│                      │ 5│ 6│ 7│ 8│ 9│
 *     │ 5│ 6│ 7│ 8│ 9│                      │10│  │  │  │  │
 *     │10│  │  │  │  │                      └──┴──┴──┴──┴──┘
 *     └──┴──┴──┴──┴──┘
 *
 * Height depends on the number of chunks and the width alone, so nothing jumps when content changes.
 *
 * @module
 */

/** From one cell's edge to the next one's, the gap included: the largest that fits is taken. */
const PITCHES = [24, 18, 12, 8, 6] as const;

/** The pitch of strips that do not fit with any: large enough to be hit, and to be seen. */
const PITCH_OF_WINDOWS = 12;

/** No strip is higher; what does not fit is reached by panning. */
const HEIGHT_MAX = 144;

/** How cells are laid out. */
export interface Grid {
  readonly chunkCount: number;
  readonly pitch: number;
  readonly columns: number;
  readonly rows: number;
  /** Rows that are seen at a time; fewer than `rows` when one has to pan. */
  readonly rowsSeen: number;
}

/**
 * The grid for a strip.
 *
 * @param chunkCount Cells, 0 or more.
 * @param width Pixels to fill; at least one column is made.
 * @returns The layout.
 */
export function layOut(chunkCount: number, width: number): Grid {
  const withPitch = (pitch: number) => {
    const most = Math.max(1, Math.floor(width / pitch));
    const rows = Math.max(1, Math.ceil(chunkCount / most));
    // No more rows for it, but none with two cells left over.
    const columns = Math.min(most, 8 * Math.ceil(Math.max(1, chunkCount) / rows / 8));
    const rowsSeen = Math.min(rows, Math.floor(HEIGHT_MAX / pitch));
    return { chunkCount, pitch, columns, rows, rowsSeen };
  };
  for (const pitch of PITCHES) {
    const grid = withPitch(pitch);
    if (grid.rowsSeen === grid.rows) return grid;
  }
  return withPitch(PITCH_OF_WINDOWS);
}

/**
 * The chunk at a point.
 *
 * @param grid The layout.
 * @param firstRow The row at the top of the window.
 * @param x Pixels from the left.
 * @param y Pixels from the top.
 * @returns The chunk, or `undefined` beside the cells.
 */
export function chunkAt(grid: Grid, firstRow: number, x: number, y: number): number | undefined {
  const column = Math.floor(x / grid.pitch);
  const row = Math.floor(y / grid.pitch);
  if (column < 0 || column >= grid.columns || row < 0 || row >= grid.rowsSeen) return undefined;
  const chunk = (firstRow + row) * grid.columns + column;
  return chunk < grid.chunkCount ? chunk : undefined;
}

/**
 * The upper left corner of a chunk's cell, which is outside of the window for rows that are not seen.
 *
 * @param grid The layout.
 * @param firstRow The row at the top of the window.
 * @param chunk Which.
 * @returns Pixels from the left and the top.
 */
export function cornerOf(grid: Grid, firstRow: number, chunk: number): { x: number; y: number } {
  const row = Math.floor(chunk / grid.columns);
  return { x: (chunk - row * grid.columns) * grid.pitch, y: (row - firstRow) * grid.pitch };
}

/**
 * The window, moved as little as shows a chunk.
 *
 * @param grid The layout.
 * @param firstRow The row at the top now.
 * @param chunk What is to be seen.
 * @returns The row at the top.
 */
export function rowToSee(grid: Grid, firstRow: number, chunk: number): number {
  const row = Math.floor(chunk / grid.columns);
  return clampRow(grid, Math.max(Math.min(firstRow, row), row - grid.rowsSeen + 1));
}

/**
 * A row that can be at the top.
 *
 * @param grid The layout.
 * @param row Any number.
 * @returns The nearest whole one that leaves the window full.
 */
export function clampRow(grid: Grid, row: number): number {
  return Math.max(0, Math.min(grid.rows - grid.rowsSeen, Math.round(row)));
}

/** The keys that move along a strip, after a text field's and a grid's. */
export type MoveKey = keyof typeof MOVES;

const MOVES = {
  ArrowLeft: () => -1,
  ArrowRight: () => 1,
  ArrowUp: ({ columns }: Grid) => -columns,
  ArrowDown: ({ columns }: Grid) => columns,
  PageUp: ({ columns, rowsSeen }: Grid) => -columns * rowsSeen,
  PageDown: ({ columns, rowsSeen }: Grid) => columns * rowsSeen,
  Home: () => -Infinity,
  End: () => Infinity,
} as const;

/**
 * Where a key leads.
 *
 * @param grid The layout.
 * @param chunk Where one is.
 * @param key The key's name.
 * @returns The chunk to be at: the same where there is no further; `undefined` for other keys.
 */
export function moveBy(grid: Grid, chunk: number, key: string): number | undefined {
  if (!Object.hasOwn(MOVES, key)) return undefined;
  const wanted = chunk + MOVES[key as MoveKey](grid);
  const isRowMove = key === "ArrowUp" || key === "ArrowDown";
  if (isRowMove && (wanted < 0 || wanted >= grid.chunkCount)) return chunk;
  return Math.max(0, Math.min(grid.chunkCount - 1, wanted));
}

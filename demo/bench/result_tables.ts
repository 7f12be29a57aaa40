/**
 * Results as tables, one's own and those that came with a link side by side.
 *
 * @module
 */
import { html, nothing, type TemplateResult } from "../view/html.ts";
import { sizeOf } from "../view/panel/bill.ts";
import {
  BYTE_VERBS,
  type ByteRow,
  type Results,
  SIZES,
  type StorageRow,
  STORAGES,
} from "./results.ts";

const SECTOR_BYTES = 512;

/** Whose results they are. */
export interface Owned {
  readonly owner: "yours" | "theirs";
  readonly results: Results;
}

/** Two or three digits, and nothing where there is no number. */
function digits(number: number): string {
  if (!Number.isFinite(number)) return "–";
  return number >= 100 ? number.toFixed(0) : number.toPrecision(2).replace(/^(\d)\.0$/, "$1.0");
}

/** Bytes in nanoseconds are gigabytes in seconds. */
const rate = (byteCount: number, ns: number) => digits(byteCount / ns);

/** How many times as fast as plain code the kernel is. */
export function ratioOf({ kernelNs, plainNs }: ByteRow): number {
  return plainNs / kernelNs;
}

/** Names a size, as tables and plots do. */
export function nameOfSize(byteCount: number): string {
  return sizeOf(byteCount / SECTOR_BYTES).replace("0.5 KiB", "512 B");
}

const ownerMark = (owner: Owned["owner"], isAlone: boolean) =>
  isAlone ? nothing : html`<span class="bench-owner">${owner}</span>`;

function byteCell(row: ByteRow | undefined, owner: Owned["owner"], isAlone: boolean) {
  if (row === undefined) return nothing;
  const { byteCount, kernelNs, plainNs } = row;
  const ratio = ratioOf(row);
  return html`
    <div class=${`bench-cell ${owner}`}>
      ${ownerMark(owner, isAlone)}
      <b class=${ratio < 1 ? "slower" : ""}>${digits(ratio)}×</b>
      <span class="quiet">${rate(byteCount, kernelNs)} : ${rate(byteCount, plainNs)}</span>
    </div>
  `;
}

/**
 * The kernel against plain code.
 *
 * @param all Whose results are shown.
 */
export function byteTable(all: readonly Owned[]): TemplateResult {
  const find = ({ bytes }: Results, verb: string, byteCount: number) =>
    bytes.find((row) => row.verb === verb && row.byteCount === byteCount);
  return html`
    <table class="bench-table" id="bench-bytes">
      <caption>
        The WebAssembly kernel: how many times as fast as without it, with both in GB/s
      </caption>
      <thead>
        <tr>
          <th scope="col">on</th>
          ${SIZES.map((size) => html`<th scope="col">${nameOfSize(size)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${BYTE_VERBS.map((verb) =>
          html`
            <tr>
              <th scope="row">${verb}</th>
              ${SIZES.map((size) =>
                html`<td>${
                  all.map(({ owner, results }) =>
                    byteCell(find(results, verb, size), owner, all.length === 1)
                  )
                }</td>`
              )}
            </tr>
          `
        )}
      </tbody>
    </table>
  `;
}

const TIMES = [
  ["firstTouchUs", "first touch"],
  ["overwriteUs", "overwrite"],
  ["flushUs", "flush"],
] as const;

function timeOf(us: number): string {
  return us >= 1000 ? `${digits(us / 1000)} ms` : `${digits(us)} µs`;
}

function storageCells(row: StorageRow, memory: StorageRow | undefined, mark: unknown) {
  if ("absence" in row) return html`<td colspan=${TIMES.length}>${mark} ${row.absence}</td>`;
  return TIMES.map(([key]) => {
    const base = memory !== undefined && !("absence" in memory) ? memory[key] : NaN;
    const ratio = row.storage === "memory" ? nothing : html`
      <span class="quiet">${digits(row[key] / base)}×</span>
    `;
    return html`
      <td>
        <div class="bench-cell">${mark}<b>${timeOf(row[key])}</b>${ratio}</div>
      </td>
    `;
  });
}

/**
 * Disks by where they are kept.
 *
 * @param all Whose results are shown.
 */
export function storageTable(all: readonly Owned[]): TemplateResult {
  const rows = STORAGES.flatMap((storage) =>
    all.map(({ owner, results: { storages } }) => {
      const row = storages.find((each) => each.storage === storage);
      const memory = storages.find((each) => each.storage === "memory");
      if (row === undefined) return nothing;
      const mark = ownerMark(owner, all.length === 1);
      return html`
        <tr class=${owner}><th scope="row">${storage}</th>${storageCells(row, memory, mark)}</tr>
      `;
    })
  );
  return html`
    <table class="bench-table" id="bench-storages">
      <caption>
        A disk in each storage: writing 512 bytes to a chunk of 4 KiB, with what it takes of memory’s time
      </caption>
      <thead>
        <tr>
          <th scope="col">in</th>
          ${TIMES.map(([, name]) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>${rows}</tbody>
    </table>
  `;
}

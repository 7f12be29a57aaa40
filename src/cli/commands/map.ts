/**
 * `cowdisk map`: which layer of a view holds what, and where there are only zeroes.
 *
 * The JSON is that of `qemu-img map`, without `offset`: depth 0 is the uppermost layer.
 *
 * @module
 */

import type { Command } from "commander";
import { formatSize, sectorsToBytes } from "../../block/units.ts";
import { cutZeroes } from "../../disk/image/image_pieces.ts";
import { allocationOf } from "../../mapper/allocation.ts";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { formatRows } from "../report.ts";
import { eachPiece } from "../transfer.ts";
import { openView, type ViewName } from "../view/view.ts";

/** Zeroes are told from the rest by 4 KiB. */
const ZERO_UNIT_SECTORS = 8;

const JSON_KEYS = ["start", "length", "depth", "zero", "present", "data"];

/** Bytes of one layer that are alike. */
interface MapExtent {
  readonly start: number;
  length: number;
  readonly depth: number;
  readonly zero: boolean;
}

/** Adds an extent, to its neighbour if they are alike. */
function add(extents: MapExtent[], extent: MapExtent): void {
  const last = extents.at(-1);
  if (last?.depth === extent.depth && last.zero === extent.zero) last.length += extent.length;
  else extents.push(extent);
}

function layerNames({ cows, origin, word }: ViewName): string[] {
  const plain = origin.kind === "file" ? origin.path : word.split("+", 1)[0] ?? word;
  return [...cows].reverse().concat(plain);
}

function format(extents: readonly MapExtent[], names: readonly string[]): string {
  const rows = extents.map(({ start, length, depth, zero }) => [
    String(start),
    formatSize(length),
    zero ? "zero" : "data",
    names[depth] ?? "",
  ]);
  return formatRows([["offset", "length", "holds", "layer"], ...rows]);
}

async function map(environment: Environment, word: string, flags: JsonFlags): Promise<void> {
  await using view = await openView(word, "read");
  const { device, name } = view;
  const extents: MapExtent[] = [];
  const transfer = { device, sector: 0, sectorCount: device.sectorCount };
  const words = { verb: "mapping", interruptedWith: "nothing" };
  await eachPiece(environment, { ...transfer, ...words }, (piece, first) => {
    const end = first + piece.byteLength / sectorsToBytes(1);
    for (let sector = first; sector < end;) {
      for (const { sectorCount, depth } of allocationOf(device, sector, end - sector)) {
        const from = sectorsToBytes(sector - first);
        const part = piece.subarray(from, from + sectorsToBytes(sectorCount));
        const start = sectorsToBytes(sector);
        for (const { isZero: zero, ...cut } of cutZeroes(part, ZERO_UNIT_SECTORS)) {
          const length = sectorsToBytes(cut.sectorCount);
          add(extents, {
            start: start + sectorsToBytes(cut.sector),
            length,
            depth: depth - 1,
            zero,
          });
        }
        sector += sectorCount;
      }
    }
  });
  const told = extents.map((extent) => ({ ...extent, present: true, data: !extent.zero }));
  report(environment.out, flags, told, format(extents, layerNames(name)));
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addMap(program: Command, environment: Environment): void {
  program.command("map")
    .summary("print which layer of a view holds what")
    .description(
      "Prints which layer of a view holds what, and which of it is nothing but zeroes, which is found " +
        "by reading. Changes nothing.",
    )
    .argument("<VIEW>", "an image, or ORIGIN+COW: what a snapshot shows")
    .addOption(jsonOption(JSON_KEYS, { isArray: true }))
    .addHelpText(
      "after",
      example(
        "$ cowdisk map disk.img+monday.cow",
        "offset   length    holds  layer",
        "0        1 MiB     zero   disk.img",
        "1048576  4 KiB     zero   monday.cow",
        "1052672  1020 KiB  zero   disk.img",
      ),
    )
    .action((view: string, flags: JsonFlags) => map(environment, view, flags));
}

/**
 * `cowdisk map`: which layer of a view holds what, and where there are only zeroes.
 *
 * The JSON is that of `qemu-img map`, without `offset`: depth 0 is the uppermost layer. Layers are told
 * from the exception tables; zeroes are found by reading everything, unless nobody wants to know.
 *
 * @module
 */

import type { Command } from "commander";
import type { BlockDevice } from "../../block/device.ts";
import { bytesToSectors, formatSize, sectorsToBytes } from "../../block/units.ts";
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

interface MapFlags extends JsonFlags {
  readonly zeroes: boolean;
}

function format(
  extents: readonly MapExtent[],
  names: readonly string[],
  { zeroes }: MapFlags,
): string {
  const rows = extents.map(({ start, length, depth, zero }) => [
    String(start),
    formatSize(length),
    ...(zeroes ? [zero ? "zero" : "data"] : []),
    names[depth] ?? "",
  ]);
  return formatRows([["offset", "length", ...(zeroes ? ["holds"] : []), "layer"], ...rows]);
}

/** Which layer holds what, from one sector to another; nothing is known of zeroes. */
function* layerExtents(device: BlockDevice, first: number, end: number): Generator<MapExtent> {
  for (let sector = first; sector < end;) {
    for (const { sectorCount, depth } of allocationOf(device, sector, end - sector)) {
      const [start, length] = [sectorsToBytes(sector), sectorsToBytes(sectorCount)];
      yield { start, length, depth: depth - 1, zero: false };
      sector += sectorCount;
    }
  }
}

/** The same, with zeroes told from the rest, which is found by reading. */
async function addTold(
  environment: Environment,
  device: BlockDevice,
  extents: MapExtent[],
): Promise<void> {
  const transfer = { device, verb: "mapping", interruptedWith: "nothing" };
  await eachPiece(environment, transfer, (piece, first) => {
    const end = first + bytesToSectors(piece.byteLength);
    for (const { start, length, depth } of layerExtents(device, first, end)) {
      const from = start - sectorsToBytes(first);
      const part = piece.subarray(from, from + length);
      for (const { sector, sectorCount, isZero: zero } of cutZeroes(part, ZERO_UNIT_SECTORS)) {
        const at = start + sectorsToBytes(sector);
        add(extents, { start: at, length: sectorsToBytes(sectorCount), depth, zero });
      }
    }
  });
}

async function map(environment: Environment, word: string, flags: MapFlags): Promise<void> {
  await using view = await openView(word, "read");
  const { device, name } = view;
  const extents: MapExtent[] = [];
  if (flags.zeroes) await addTold(environment, device, extents);
  else for (const extent of layerExtents(device, 0, device.sectorCount)) add(extents, extent);
  const told = extents.map((extent) => ({ ...extent, present: true, data: !extent.zero }));
  report(environment.out, flags, told, format(extents, layerNames(name), flags));
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
        "by reading all of it. Changes nothing.",
    )
    .argument("<VIEW>", "an image, or ORIGIN+COW: what a snapshot shows")
    .option("--no-zeroes", "only tell the layers: nothing is read, and nothing is called zero")
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
    .action((view: string, flags: MapFlags) => map(environment, view, flags));
}

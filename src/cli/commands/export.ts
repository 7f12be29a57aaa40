/**
 * `cowdisk export`: a snapshot's view as a raw image.
 *
 * @module
 */

import type { Command } from "commander";
import type { SyncBlockDevice } from "../../block/device.ts";
import { formatSize, sectorsToBytes } from "../../block/units.ts";
import { isZeroBytes } from "../../devices/byte_scan.ts";
import { openSnapshotSync } from "../../mapper/stack.ts";
import { readCowHeader } from "../cow_image.ts";
import type { Environment } from "../environment.ts";
import { CommandFailure, EXIT_CODES } from "../failure.ts";
import { makeImage, openImage, requireDistinct } from "../files.ts";
import { Progress } from "../progress.ts";

interface ExportFlags {
  readonly force?: boolean;
}

/** Sectors that are read at once. */
const PIECE_SECTORS = 2048;
/** Sectors that become a hole when they are all zeroes. */
const HOLE_SECTORS = 8;
/** The user's Ctrl-C is looked for this often. */
const BREATH_MS = 50;

/** Writes the stretches of a piece that are not zero; returns how many sectors that were. */
function writeStretches(piece: Uint8Array, target: SyncBlockDevice, sector: number): number {
  const holeBytes = sectorsToBytes(HOLE_SECTORS);
  let written = 0;
  for (let from = 0; from < piece.length;) {
    const isHole = isZeroBytes(piece, from, Math.min(from + holeBytes, piece.length));
    let to = from + holeBytes;
    while (
      to < piece.length &&
      isZeroBytes(piece, to, Math.min(to + holeBytes, piece.length)) === isHole
    ) to += holeBytes;
    const stretch = piece.subarray(from, to);
    if (!isHole) {
      target.writeSync(stretch, sector + from / 512);
      written += stretch.length / 512;
    }
    from = to;
  }
  return written;
}

/** Copies what is not zero. */
async function copySparse(
  environment: Environment,
  source: SyncBlockDevice,
  target: SyncBlockDevice,
): Promise<number> {
  const { clock } = environment;
  const { sectorCount } = source;
  const buffer = new Uint8Array(sectorsToBytes(PIECE_SECTORS));
  const progress = new Progress(environment, "exporting", sectorCount, "sectors");
  let isInterrupted = false;
  const stopListening = environment.onInterrupt(() => isInterrupted = true);
  try {
    let written = 0;
    let breathedAtMs = clock.nowMs();
    for (let sector = 0; sector < sectorCount; sector += PIECE_SECTORS) {
      const piece = buffer.subarray(
        0,
        sectorsToBytes(Math.min(PIECE_SECTORS, sectorCount - sector)),
      );
      source.readSync(piece, sector);
      written += writeStretches(piece, target, sector);
      progress.update(sector);
      if (clock.nowMs() - breathedAtMs < BREATH_MS) continue;
      await clock.sleep(0);
      breathedAtMs = clock.nowMs();
      if (isInterrupted) {
        throw new CommandFailure("Interrupted: OUT was not made", EXIT_CODES.interrupted);
      }
    }
    return written;
  } finally {
    stopListening();
    progress.end();
  }
}

async function exportView(
  environment: Environment,
  originPath: string,
  cowPath: string,
  outPath: string,
  flags: ExportFlags,
): Promise<void> {
  requireDistinct({ ORIGIN: originPath, COW: cowPath, OUT: outPath });
  using stack = new DisposableStack();
  const origin = stack.adopt(openImage(originPath, "read"), (device) => device.closeSync());
  const cow = stack.adopt(openImage(cowPath, "read"), (device) => device.closeSync());
  if (!readCowHeader(cow).isValid) {
    throw new CommandFailure(`Cannot export "${cowPath}": the snapshot is invalid`);
  }
  const snapshot = stack.adopt(openSnapshotSync({ origin, cow }), (device) => device.closeSync());
  const { sectorCount } = snapshot;
  const written = await makeImage(
    { path: outPath, sectorCount, force: flags.force ?? false },
    (target) => copySparse(environment, snapshot, target),
  );
  environment.out.write(
    `${outPath}: ${formatSize(sectorsToBytes(sectorCount))}, ` +
      `${formatSize(sectorsToBytes(written))} of it data\n`,
  );
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addExport(program: Command, environment: Environment): void {
  program.command("export")
    .summary("write a snapshot's view as a raw image")
    .description(
      "Writes what the snapshot shows as a raw image, with holes where it is zero. ORIGIN and COW " +
        "are only read.",
    )
    .argument("<ORIGIN>", "the disk image")
    .argument("<COW>", "the snapshot's COW image")
    .argument("<OUT>", "the image to make")
    .option("--force", "replace OUT if it is there")
    .action((origin: string, cow: string, out: string, flags: ExportFlags) =>
      exportView(environment, origin, cow, out, flags)
    );
}

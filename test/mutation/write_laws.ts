/**
 * The laws of writing: a snapshot that opens can be written whole, or fills up as it ought to; what it
 * reads, now and opened again, is what was written.
 */
import { BlockDeviceError } from "../../src/block/errors.ts";
import type { UsableImage } from "./naive_reader.ts";
import type { OpenSnapshot, Subject } from "./subject.ts";
import {
  examine,
  hasBadChunk,
  isSame,
  law,
  open,
  read,
  shownBy,
  type Workbench,
} from "./workbench.ts";

/** A load of a blank image starts afresh, on a disk that is large enough for it. */
export function tryFresh(bench: Workbench, subject: Subject): void {
  const { disk, originBytes, view } = bench;
  const snapshot = open(bench, subject);
  // 16 KiB: what a chunk is when nobody says.
  const hasRoom = disk.sectorCount >= 2 * (bench.tableChunkSectors || 32);
  if (snapshot instanceof Error) {
    law(!hasRoom, `the loader refuses a blank image: ${snapshot.message}`);
    return;
  }
  law(hasRoom, "the loader makes a store where there is no room for one");
  snapshot.device.readSync(view, 0);
  law(isSame(view, originBytes), "a fresh snapshot does not show its origin");
  snapshot.device.closeSync();
  law(read(bench).state === "usable", "a fresh store is not usable");
}

/** Overwrites the whole view. */
export function writeWhole(bench: Workbench, subject: Subject, before: UsableImage): void {
  if (hasBadChunk(bench, before)) return;
  const { disk, base } = bench;
  const { chunkSectors, chunks, roomCount } = before;
  const absentCount = Math.ceil(base.originSectors / chunkSectors) - chunks.size;
  const snapshot = open(bench, subject);
  if (snapshot instanceof Error) throw snapshot;
  const { content } = bench;
  disk.endCounting();
  if (absentCount > roomCount) {
    expectFull(bench, snapshot, content, before);
  } else {
    snapshot.device.writeSync(content, 0);
    snapshot.device.readSync(bench.view, 0);
    law(isSame(bench.view, content), "the snapshot does not read what was written");
    const { findings } = closeAndCheck(bench, snapshot, subject, "usable");
    const hasStaleTail = findings.some(({ kind }) => kind === "staleTail");
    law(absentCount === 0 || !hasStaleTail, "the list has grown in front of stale bytes");
    const now = read(bench);
    law(now.state === "usable", "what was written makes no usable image");
    law(isSame(shownBy(bench, now, disk.bytes), content), "the image holds something else");
    const again = open(bench, subject);
    if (again instanceof Error) throw again;
    again.device.readSync(bench.view, 0);
    law(isSame(bench.view, content), "opened again, the snapshot reads something else");
    again.device.closeSync();
  }
}

function closeAndCheck(
  bench: Workbench,
  snapshot: OpenSnapshot,
  subject: Subject,
  state: string,
) {
  snapshot.device.closeSync();
  const { report, findings } = examine(bench, subject);
  law(report.state === state, `once written, the checker says ${JSON.stringify(findings)}`);
  return { findings };
}

/** There is less room than chunks: `P` becomes invalid, `PO` says overflow and shows what it has. */
function expectFull(
  bench: Workbench,
  snapshot: OpenSnapshot,
  content: Uint8Array,
  before: UsableImage,
): void {
  const { base, view } = bench;
  const isPatient = base.store === "PO";
  const { device } = snapshot;
  const old = shownBy(bench, before, bench.disk.bytes).slice();
  let failure: unknown = null;
  try {
    device.writeSync(content, 0);
  } catch (error) {
    failure = error;
  }
  law(failure instanceof BlockDeviceError, `a write to a full snapshot ends with ${failure}`);
  law(failure.code === "EIO", `a write to a full snapshot fails with ${failure.code}`);
  const status = isPatient ? "Overflow" : "Invalid";
  law(snapshot.status() === status, `a full snapshot has the status ${snapshot.status()}`);
  if (isPatient) {
    device.readSync(view, 0);
    for (let at = 0; at < view.length; at += 512) {
      const sector = view.subarray(at, at + 512);
      const isOneOf = isSame(sector, old.subarray(at, at + 512)) ||
        isSame(sector, content.subarray(at, at + 512));
      law(isOneOf, `sector ${at / 512} of a full snapshot is neither old nor new`);
    }
  }
  device.closeSync();
  const now = read(bench);
  law(now.state === (isPatient ? "usable" : "invalid"), `a full snapshot leaves ${now.state}`);
}

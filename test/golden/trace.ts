/**
 * Block traces: what an operation did to the disks, compared with what the kernel did.
 *
 * A trace is not compared line by line. The kernel splits requests at chunks and commits once for
 * whatever happens to be ready; here requests are joined, only the changed blocks of an area are
 * written, and new data goes to the COW device before the commit, when nobody sees it yet. What must
 * hold all the same:
 *
 * | law | |
 * |---|---|
 * | footprint | the same sectors are changed: all that the kernel changes beside its commits, and none that it does not; no sector is read that it does not read |
 * | preflush | a commit (a write with FUA behind the header) directly follows a flush of its disk |
 * | commit last | nothing is changed on a disk after its last commit but what the kernel changes there after its own: data and the zeroes of the next area come first |
 * | write last | a write of an origin begins after all commits |
 * | merge | merged data is flushed on the origin before its exceptions are forgotten |
 */
import type { Request } from "./disk.ts";

const DISK_MINORS = 16;
const LINE = /^254,(\d+) (\S+) (\d+) \+ (\d+)$/;

/**
 * Reads a recorded trace.
 *
 * @param text Lines like `254,16 FWFS 8 + 8`; other devices' are left out.
 */
export function parseTrace(text: string): Request[] {
  const requests: Request[] = [];
  for (const line of text.split("\n")) {
    const [, minor, flags = "", sector, count] = LINE.exec(line) ?? [];
    if (minor === undefined) continue;
    const disk = `vd${String.fromCharCode(97 + Number(minor) / DISK_MINORS)}`;
    const sectorCount = Number(count);
    const fua = /^F?W.*F/.test(flags.slice(1)) && sectorCount > 0;
    const kind = sectorCount === 0 ? "flush" : flags.startsWith("R") ? "read" : "write";
    requests.push({ disk, kind, sector: Number(sector), sectorCount, fua });
  }
  return requests;
}

const isChange = ({ kind }: Request) => kind !== "read" && kind !== "flush";
const isHeader = ({ sector }: Request) => sector === 0;
const isCommit = (each: Request) => each.kind === "write" && each.fua && !isHeader(each);
const isRead = ({ kind }: Request) => kind === "read";

/** The sectors of requests, each with its disk. */
function sectorsOf(requests: readonly Request[]): Set<string> {
  const sectors = new Set<string>();
  for (const { disk, sector, sectorCount } of requests) {
    for (let index = 0; index < sectorCount; index++) sectors.add(`${disk} ${sector + index}`);
  }
  return sectors;
}

function missing(wanted: ReadonlySet<string>, from: ReadonlySet<string>): string | null {
  for (const sector of wanted) if (!from.has(sector)) return sector;
  return null;
}

/**
 * The footprint law.
 *
 * @param found What was done.
 * @param model What was to be done; its commits and headers may be done in part.
 * @returns What breaks it.
 */
export function footprintFaults(found: readonly Request[], model: readonly Request[]): string[] {
  const faults: string[] = [];
  const changed = sectorsOf(found.filter(isChange));
  // Of a header that is written again only the first block is different.
  const cows = new Set(found.filter((each) => each.fua && isHeader(each)).map(({ disk }) => disk));
  const isInPart = (each: Request) => isCommit(each) || (isHeader(each) && cows.has(each.disk));
  const wanted = sectorsOf(model.filter((each) => isChange(each) && !isInPart(each)));
  const allowed = sectorsOf(model.filter(isChange));
  const left = missing(wanted, changed);
  if (left !== null) faults.push(`footprint: ${left} is not changed`);
  const added = missing(changed, allowed);
  if (added !== null) faults.push(`footprint: ${added} is changed`);
  const read = missing(sectorsOf(found.filter(isRead)), sectorsOf(model.filter(isRead)));
  if (read !== null) faults.push(`footprint: ${read} is read`);
  return faults;
}

/** What is changed behind the last commit of a disk, apart from a header that turns invalid. */
function behindCommits(requests: readonly Request[]): Request[] {
  return requests.filter((request, index) => {
    const isOfSameDisk = (each: Request) => isCommit(each) && each.disk === request.disk;
    return isChange(request) && !isHeader(request) &&
      requests.slice(0, index).some(isOfSameDisk) && !requests.slice(index).some(isOfSameDisk);
  });
}

function preflushFaults(found: readonly Request[]): string[] {
  return found.flatMap((commit, index) => {
    if (!isCommit(commit)) return [];
    const before = found.slice(0, index).filter(({ disk }) => disk === commit.disk).at(-1);
    return before?.kind === "flush" ? [] : [`preflush: ${commit.disk} ${commit.sector}`];
  });
}

/** For a disk that is written beside commits of others. */
function originFaults(found: readonly Request[]): string[] {
  const cows = new Set(found.filter(isCommit).map(({ disk }) => disk));
  return found.flatMap((write, index) => {
    if (!isChange(write) || cows.has(write.disk)) return [];
    const rest = found.slice(index + 1);
    const commit = rest.findIndex(isCommit);
    if (commit < 0) return [];
    const isFlushed = rest.slice(0, commit).some(({ kind, disk }) =>
      kind === "flush" && disk === write.disk
    );
    // A merge goes on after its flush; nothing else writes an origin before a commit.
    return isFlushed ? [] : [`write last: ${write.disk} ${write.sector}`];
  });
}

/**
 * The laws about order, for what was asked of our disks.
 *
 * @param found What was done.
 * @param recorded What the kernel did.
 * @returns What breaks them.
 */
export function orderFaults(found: readonly Request[], recorded: readonly Request[]): string[] {
  const faults = [...preflushFaults(found), ...originFaults(found)];
  const late = missing(sectorsOf(behindCommits(found)), sectorsOf(behindCommits(recorded)));
  if (late !== null) faults.push(`commit last: ${late} is changed after the last commit`);
  return faults;
}

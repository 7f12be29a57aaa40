/**
 * A transcript: what a machine answered to the operations of a vector, entry by entry. The vector
 * itself holds the kernel's; replaying makes ours, or that of the reference.
 */
import type { BlockDevice } from "../../src/block/device.ts";
import { runAsync, runSync } from "../../src/block/plan.ts";
import { sectorsToBytes } from "../../src/block/units.ts";
import { type DiskShelf, makeContents, memoryShelf, type Request } from "./disk.ts";
import { type Face, Machine, type TypesFor } from "./machine.ts";
import { planOperation } from "./operations.ts";
import { sha256 } from "./patterns.ts";
import type { ReadImage, Recorded, Vector } from "./vector.ts";

/** What was answered, or what a disk holds after power-off. */
export interface Entry {
  boot: number;
  /** The operation's place in the boot, and the operation; or the disk. */
  where: string;
  /** The operation; empty for a disk. */
  op: string;
  /** Why the answer is nobody's but the recording machine's, if so. */
  informative?: string;
  rc: string;
  out: string;
  /** What dm logged. */
  kmsg: string;
  /** The digest of a disk; otherwise empty. */
  image: string;
  /** For `trace`: what was asked of the disks since the last one. */
  requests: Request[];
}

/** Whether a boot ends with a reset, so that what its disks hold is a matter of time. */
export function endsWithReset(vector: Vector, boot: number): boolean {
  return vector.timing === true && vector.boots[boot]?.ops.at(-1)?.rc === "none";
}

/** How a vector is replayed. */
export interface Replaying {
  /** Gives the vector's kept images. */
  readonly readImage: ReadImage;
  /** Which face of the devices is used. */
  readonly face: Face;
  /** Where the disks are. Left out: in memory. */
  readonly shelf?: DiskShelf;
  /** Makes target types in place of ours, anew for each boot. */
  readonly typesFor?: TypesFor;
}

const NOTHING = { op: "", rc: "0", out: "", kmsg: "", image: "", requests: [] };

/** Does the operations of a boot. */
async function transcribeBoot(
  machine: Machine,
  boot: number,
  ops: readonly Recorded[],
  face: Face,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const [place, { op }] of ops.entries()) {
    const plan = planOperation(machine, op);
    const answer = face === "sync" ? runSync(plan) : await runAsync(plan);
    const kmsg = machine.takeLog().join("\n");
    if (op === "traceon") machine.takeTrace();
    const requests = op === "trace" ? machine.takeTrace() : [];
    const entry = { ...NOTHING, boot, where: `${place}: ${op}`, op, kmsg, requests };
    if ("informative" in answer) entries.push({ ...entry, ...answer });
    else entries.push({ ...entry, rc: String(answer.rc), out: answer.out });
  }
  return entries;
}

/**
 * Replays a vector. After every boot the disks are closed, and opened again for the next one.
 *
 * @param vector The vector.
 * @param replaying How.
 */
export async function transcribe(
  vector: Vector,
  { readImage, face, typesFor, shelf = memoryShelf() }: Replaying,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  /** What is to be on disks that are not as the last boot has left them. */
  const contents = new Map<string, Uint8Array>();
  for (const [name, spec] of Object.entries(vector.disks)) contents.set(name, makeContents(spec));
  for (const [boot, { ops, after }] of vector.boots.entries()) {
    const disks = new Map<string, BlockDevice>();
    for (const [name, { sectors }] of Object.entries(vector.disks)) {
      const disk = await shelf.open(name, sectors);
      disks.set(name, disk);
      const content = contents.get(name);
      if (content !== undefined) await disk.write(content, 0);
    }
    contents.clear();
    const machine = new Machine(vector, disks, face, typesFor?.());
    entries.push(...await transcribeBoot(machine, boot, ops, face));
    for (const disk of disks.values()) await disk.close();
    for (const [name, { file }] of Object.entries(after)) {
      await using disk = await shelf.open(name, vector.disks[name]!.sectors);
      const bytes = new Uint8Array(sectorsToBytes(disk.sectorCount));
      await disk.read(bytes, 0);
      entries.push({ ...NOTHING, boot, where: name, image: sha256(bytes) });
      // The next boot's answers are for what the reset has left.
      if (endsWithReset(vector, boot) && file !== undefined) contents.set(name, readImage(file));
    }
  }
  return entries;
}

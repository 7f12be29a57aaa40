/**
 * A transcript: what a machine answered to the operations of a vector, entry by entry. The vector
 * itself holds the kernel's; replaying makes ours, or that of the reference.
 */
import { type Plan, runAsync, runSync } from "../../src/block/plan.ts";
import { makeContents, type Request } from "./disk.ts";
import { type Face, Machine, type TypesFor } from "./machine.ts";
import { planOperation } from "./operations.ts";
import { sha256 } from "./patterns.ts";
import { readImage, type Vector } from "./vector.ts";

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

function* planTranscript(
  vector: Vector,
  folder: string,
  face: Face,
  typesFor: TypesFor | undefined,
): Plan<Entry[]> {
  const entries: Entry[] = [];
  const nothing = { op: "", rc: "0", out: "", kmsg: "", image: "", requests: [] };
  const contents = new Map<string, Uint8Array>();
  for (const [name, spec] of Object.entries(vector.disks)) contents.set(name, makeContents(spec));
  for (const [boot, { ops, after }] of vector.boots.entries()) {
    const machine = new Machine(vector, contents, face, typesFor?.());
    for (const [place, { op }] of ops.entries()) {
      const answer = yield* planOperation(machine, op);
      const kmsg = machine.takeLog().join("\n");
      if (op === "traceon") machine.takeTrace();
      const requests = op === "trace" ? machine.takeTrace() : [];
      const entry = { ...nothing, boot, where: `${place}: ${op}`, op, kmsg, requests };
      if ("informative" in answer) entries.push({ ...entry, ...answer });
      else entries.push({ ...entry, rc: String(answer.rc), out: answer.out });
    }
    for (const [name, { file }] of Object.entries(after)) {
      const bytes = contents.get(name) ?? new Uint8Array(0);
      entries.push({ ...nothing, boot, where: name, image: sha256(bytes) });
      // The next boot's answers are for what the reset has left.
      if (endsWithReset(vector, boot) && file !== undefined) {
        contents.set(name, readImage(folder, file));
      }
    }
  }
  return entries;
}

/**
 * Replays a vector.
 *
 * @param vector The vector.
 * @param folder Where its images are.
 * @param face Which face of the devices is used.
 * @param typesFor Target types in place of ours, made anew for each boot.
 */
export async function transcribe(
  vector: Vector,
  folder: string,
  face: Face,
  typesFor?: TypesFor,
): Promise<Entry[]> {
  const plan = planTranscript(vector, folder, face, typesFor);
  return face === "sync" ? runSync(plan) : await runAsync(plan);
}

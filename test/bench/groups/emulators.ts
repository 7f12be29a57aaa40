/**
 * Disks for emulators: in another thread, in v86.
 *
 * @module
 */
import { readBlocking } from "../contests/sync_disk.ts";
import { v86Contests, WRITTEN_BLOCKS } from "../contests/v86_disks.ts";
import { isSmoke } from "../harness/contest.ts";
import { amounts, deadline, FEW, garbage, MANY, race, type Row } from "../harness/row.ts";

/** What a process grows by for each written block, measured in a process of its own. */
function grownBytes(which: "AsyncFileBuffer" | "cowdisk"): number {
  const script = new URL("../programs/v86_memory.ts", import.meta.url).pathname;
  const args = ["run", "-A", "--no-check", "--v8-flags=--expose-gc", script, which];
  if (isSmoke) args.push("--smoke");
  const { success, stdout, stderr } = new Deno.Command(Deno.execPath(), { args }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return Number(new TextDecoder().decode(stdout));
}

/** The rows. */
export async function* emulatorRows(): AsyncGenerator<Row> {
  yield race(await readBlocking(), MANY, 1 / 3);
  const { bare, snapshots, peers, snapshot, rollback } = await v86Contests();
  for (const contest of bare) yield race(contest, MANY, 1 / 1.3);
  for (const contest of snapshots) yield race(contest, MANY);
  for (const contest of peers) yield race(contest, FEW, 3);
  for (const contest of bare) yield garbage(contest);
  yield deadline(snapshot, 1);
  yield deadline(rollback, 5);
  const title = `memory of each of ${WRITTEN_BLOCKS} written blocks of 256 bytes in v86`;
  yield amounts(title, "bytes", () => ({
    AsyncFileBuffer: grownBytes("AsyncFileBuffer"),
    cowdisk: grownBytes("cowdisk"),
  }), { of: "speed", limit: 2 });
}

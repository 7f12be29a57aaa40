/**
 * The whole story, as someone lives it who has a machine on one of our disks:
 *
 *     mkfs, mount, write ──▶ snapshot ──▶ write, delete ──▶ power off ──▶ rollback
 *         (mounted, running)      (writing on)                  │
 *     fsck, all as it was ◀── boot, fsck, what was deleted is there, what was written is not
 *                         └─▶ save the machine ──▶ write, delete ──▶ restore it
 *
 * The body is the same for every storage and every host. What it stands on, and who has the last word
 * on the file system, come from outside.
 *
 * @module
 */
import {
  deleteMachineSnapshots,
  restoreMachine,
  saveMachine,
  v86Disk,
} from "../../../src/emulator/v86.ts";
import type { Disk } from "../../../src/mod.ts";
import { LinuxGuest, type LinuxParts, MKFS, MOUNT } from "./linux_guest.ts";

/** Where the story is set. */
export interface StoryWorld {
  readonly parts: LinuxParts;
  /** Of a guest that has just booted. */
  readonly state: ArrayBuffer;
  /** Whether the second guest boots, in place of beginning from the state. */
  readonly isBooted: boolean;
  /** Opens the disk, lets it be used, and closes it with everything that it lies on. */
  withDisk<Result>(use: (disk: Disk) => Promise<Result>): Promise<Result>;
  readonly signal: AbortSignal;
}

/** What is to be found in the end. */
export interface StoryEnd {
  /** The file system, byte for byte. */
  readonly image: ReadableStream<Uint8Array>;
  /** The files in it, and the digest of each as the guest made it: `sha256  path`. */
  readonly files: readonly string[];
}

const SNAPSHOT = "before the flood";
const LISTED_AFTER_IT = "/mnt:\nkept\nlost+found\nsecond\n\n/mnt/kept:\nmuch";
const SUMS = "cd /mnt && find . -type f | sort | xargs sha256sum; cd /";

/** A file system that was mounted when its disk was taken away: the journal is replayed, no more. */
async function checkAndMount(guest: LinuxGuest): Promise<void> {
  await guest.do("e2fsck -p /dev/sda");
  await guest.do("e2fsck -fn /dev/sda");
  await guest.do(MOUNT);
}

function expectSame(found: string, wanted: string, when: string): void {
  if (found !== wanted) throw new Error(`${when} the guest finds\n${found}\nand should\n${wanted}`);
}

/** The first life: returns what the guest had written when the snapshot was taken. */
async function writeAndLose(world: StoryWorld, disk: Disk): Promise<string> {
  const { parts, state, signal } = world;
  const hda = v86Disk(disk);
  await using guest = await LinuxGuest.start(parts, { hda, state, signal });
  await guest.do(MKFS);
  await guest.do(MOUNT);
  await guest.do("mkdir /mnt/kept && echo 'the first file' >/mnt/kept/first");
  await guest.do("dd if=/dev/urandom of=/mnt/kept/much bs=64k count=16 2>/dev/null");
  await guest.do("sync");
  const before = await guest.do(SUMS);

  await disk.snapshot(SNAPSHOT);

  await guest.do("echo 'the second file' >/mnt/second && rm /mnt/kept/first");
  await guest.do("dd if=/dev/zero of=/mnt/kept/much bs=64k count=16 conv=notrunc 2>/dev/null");
  await guest.do("sync");
  expectSame(await guest.do("ls -1 /mnt /mnt/kept"), LISTED_AFTER_IT, "Before the power is cut");
  // The power is cut in the middle of this.
  await guest.do(
    "(while :; do cat /mnt/second /mnt/kept/much >/mnt/third; sync; done) >/dev/null 2>&1 &",
  );
  await guest.do("usleep 100000");
  return before;
}

/** The second life: finds what the first one had at the snapshot, and goes back once more. */
async function findAndGoBack(world: StoryWorld, disk: Disk, before: string): Promise<string> {
  const { parts, state, isBooted, signal } = world;
  const hda = v86Disk(disk);
  const start = { hda, signal, ...isBooted ? {} : { state } };
  await using guest = await LinuxGuest.start(parts, start);
  await checkAndMount(guest);
  expectSame(await guest.do(SUMS), before, "After the rollback");

  await guest.do("echo 'of the second life' >/mnt/third && sync");
  const wanted = await guest.do(SUMS);
  // Its memory goes with it: this is in no file yet.
  await guest.do("echo 'in memory only' >/mnt/fourth; note='remembered'");
  const saved = await saveMachine(guest.emulator, hda);
  const [name] = hda.snapshots.names;
  if (name === undefined || !new TextDecoder().decode(saved).includes(`["cowdisk","${name}"]`)) {
    throw new Error("The machine's state does not name the snapshot of its disk");
  }
  await guest.do(
    "note='forgotten'; rm -r /mnt/kept /mnt/fourth; echo 'too late' >/mnt/fifth; sync",
  );
  await restoreMachine(guest.emulator, saved, hda);
  expectSame(
    await guest.do('echo "$note"; cat /mnt/fourth'),
    "remembered\nin memory only",
    "Restored",
  );
  await guest.do("rm /mnt/fourth");
  expectSame(await guest.do(SUMS), wanted, "Restored, on its disk");
  await guest.do("umount /mnt");
  await guest.do("e2fsck -fn /dev/sda");
  await guest.cutPower();
  await deleteMachineSnapshots(hda);
  return wanted;
}

/**
 * Tells the story, from an empty disk on.
 *
 * @param world Where it is set.
 * @param judge Has the last word on the end.
 */
export async function tellStory(
  world: StoryWorld,
  judge: (end: StoryEnd) => Promise<void>,
): Promise<void> {
  const before = await world.withDisk((disk) => writeAndLose(world, disk));
  await world.withDisk(async (disk) => {
    await disk.rollback(SNAPSHOT);
    const files = (await findAndGoBack(world, disk, before)).split("\n");
    await disk.settleDeletions();
    await judge({ image: disk.export(), files });
    disk.check();
  });
}

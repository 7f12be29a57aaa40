/**
 * A real Linux whose disk fails, and one that loses power after it was promised that it would not
 * matter: what a program in the guest is told, and what is there afterwards.
 *
 * Skipped, with the reason, where Debian's archive cannot be reached: see `linux.test.ts`.
 */
import { writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { v86Disk, type V86DiskFailure } from "../../src/emulator/v86.ts";
import {
  type BlockDevice,
  createMemoryDevice,
  Mapper,
  openSnapshotSync,
  type SyncBlockDevice,
} from "../../src/mod.ts";
import type { CutManner } from "../../src/testing/volatile_sectors.ts";
import { Prng, SimulatedDisk } from "../../src/testing/mod.ts";
import { complaints, listImage, replayJournal, withFolder } from "../filesystem/e2fsprogs.ts";
import { SimulatedClock } from "../http/simulated_clock.ts";
import { GUEST_TIMEOUT_MS, guestOrReason, type KeptGuest } from "./linux/kept_guest.ts";
import { LINUX_SECTORS, LinuxGuest, type LinuxOptions, MKFS, MOUNT } from "./linux/linux_guest.ts";

const guest = await guestOrReason();

/** Declares a test with a guest that has just booted. */
function guestTest(name: string, body: (kept: KeptGuest, signal: AbortSignal) => Promise<void>) {
  test(name, { timeout: GUEST_TIMEOUT_MS }, async ({ signal, skip }) => {
    // Skipped where Debian's archive cannot be reached, for it has the guest.
    if (typeof guest === "string") return skip(guest);
    await body(guest, signal);
  });
}

/** Starts a guest; it is destroyed when the test is over. */
async function begin({ parts, state }: KeptGuest, options: LinuxOptions): Promise<LinuxGuest> {
  const linux = await LinuxGuest.start(parts, { state, ...options });
  onTestFinished(() => linux.cutPower());
  return linux;
}

/** A disk `vda`, and the mapped device `sda` over it. */
function mapped(table: string): { mapper: Mapper; device: BlockDevice } {
  const disk = createMemoryDevice({ name: "vda", sectorCount: LINUX_SECTORS });
  const mapper = new Mapper({ disks: [{ name: "vda", number: "254:0", device: disk }] });
  mapper.createSync("sda", table);
  return { mapper, device: mapper.device("sda") };
}

/** Puts another table under a guest that runs. */
async function replaceTable(mapper: Mapper, table: string): Promise<void> {
  await mapper.load("sda", table);
  await mapper.suspend("sda");
  await mapper.resume("sda");
}

const WHOLE = `0 ${LINUX_SECTORS} linear /dev/vda 0`;
/** What Linux says when a drive was lost rather than refused. */
const LOST = /timeout|timed out|frozen|resetting link|limiting/;
const BAD_SECTOR = 12_345;
/** The block that it is in, as a program reads it, past the guest's own memory. */
const BLOCK = { bytes: 4096, number: Math.floor(BAD_SECTOR / 8) } as const;
const readBlock = (number: number) =>
  `dd if=/dev/sda of=/dev/null bs=${BLOCK.bytes} count=1 iflag=direct skip=${number}`;

guestTest(
  "a bad sector is dd's I/O error at once, and the guest lives on",
  async (kept, signal) => {
    const failures: V86DiskFailure[] = [];
    const { mapper, device } = mapped(`0 ${LINUX_SECTORS} dust /dev/vda 0 512`);
    mapper.message("sda", 0, ["addbadblock", String(BAD_SECTOR)]);
    mapper.message("sda", 0, ["enable"]);
    const hda = v86Disk(device, { onError: (failure) => failures.push(failure) });
    const linux = await begin(kept, { hda, signal });
    await linux.do("dmesg -c >/dev/null");
    const { status, output } = await linux.run(readBlock(BLOCK.number));
    expect(output).toMatch(/Input\/output error|I\/O error/);
    expect(status).toBe(1);
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures) {
      expect(failure).toMatchObject({
        verb: "read",
        sector: 8 * BLOCK.number,
        isToldToGuest: true,
      });
    }
    const log = await linux.do("dmesg");
    expect(log).toContain(`I/O error, dev sda, sector ${8 * BLOCK.number}`);
    expect(log).not.toMatch(LOST);
    await linux.do(readBlock(BLOCK.number + 1));
    // A drive mends a sector that is written.
    await linux.do(
      `dd if=/dev/zero of=/dev/sda bs=${BLOCK.bytes} count=1 oflag=direct seek=${BLOCK.number}`,
    );
    await linux.do(readBlock(BLOCK.number));
  },
);

guestTest(
  "a disk that refuses writes loses no file that was synced before",
  async (kept, signal) => {
    const { mapper, device } = mapped(WHOLE);
    const hda = v86Disk(device);
    const linux = await begin(kept, { hda, signal });
    await linux.do(`${MKFS} && ${MOUNT}`);
    await linux.do("echo before >/mnt/before && sync");
    await replaceTable(mapper, `0 ${LINUX_SECTORS} flakey /dev/vda 0 0 180 1 error_writes`);
    const refused = await linux.run("dd if=/dev/zero of=/mnt/file bs=4k count=8 conv=fsync");
    expect(refused.output).toMatch(/Input\/output error|I\/O error|Read-only file system/);
    expect(refused.status).toBe(1);
    expect(await linux.do("cat /mnt/before")).toBe("before");
    expect(await linux.do("dmesg")).not.toMatch(LOST);
    await replaceTable(mapper, WHOLE);
    await linux.do("umount /mnt");
    await linux.do("e2fsck -fy /dev/sda; test $? -le 1");
    await linux.do(MOUNT);
    expect(await linux.do("cat /mnt/before")).toBe("before");
  },
);

guestTest(
  "fsync of a guest reaches the device if it knows of a write cache, and only then",
  async (kept, signal) => {
    for (const writeCache of [true, false]) {
      const device = new SimulatedDisk({ sectorCount: LINUX_SECTORS });
      const clock = new SimulatedClock(true); // It stands still: nothing is flushed by itself.
      const hda = v86Disk(device, { durability: "later", page: null, clock });
      await using linux = await begin(kept, { hda, attach: { writeCache }, signal });
      await linux.do("dd if=/dev/urandom of=/dev/sda bs=64k count=4 oflag=direct");
      expect(device.volatileCount, "written, not flushed").toBe(512);
      await linux.do("dd if=/dev/null of=/dev/sda count=0 conv=notrunc,fsync");
      expect(device.volatileCount, "flushed").toBe(writeCache ? 0 : 512);
    }
  },
);

const MANNERS: readonly CutManner[] = ["nothing", "everything", "by sector", "by write", "one"];
const SEEDS_EACH = 4;

/** Reads a view whole. */
function contentsOf(device: SyncBlockDevice): Uint8Array {
  const bytes = new Uint8Array(device.sectorCount * 512);
  device.readSync(bytes, 0);
  return bytes;
}

guestTest(
  "what a guest has synced is there whatever a power cut does to the cache",
  async (kept, signal) => {
    const origin = createMemoryDevice({ sectorCount: LINUX_SECTORS });
    const cow = new SimulatedDisk({ name: "cow", sectorCount: 2 * LINUX_SECTORS });
    const clock = new SimulatedClock(true);
    const hda = v86Disk(openSnapshotSync({ origin, cow, chunkSectors: 8 }), {
      durability: "later",
      page: null,
      clock,
    });
    const linux = await begin(kept, { hda, signal });
    await linux.do(`${MKFS} && ${MOUNT}`);
    const write = (name: string, how: string) =>
      linux.do(`dd if=/dev/urandom of=/mnt/${name} bs=64k count=4 ${how} 2>/dev/null`);
    await write("kept", "");
    await write("lost", "conv=fsync");
    await linux.do("sync");
    // In place: a chunk that has its exception is written without a commit, which would flush.
    await write("kept", "conv=notrunc,fsync");
    const [digest = ""] = (await linux.do("sha256sum /mnt/kept")).split(" ");
    // This is promised to nobody: it lies in the cache when the power goes.
    await write("lost", "conv=notrunc oflag=direct");
    expect(cow.volatileCount).toBeGreaterThan(0);
    await linux.cutPower();

    const wanted = new RegExp(`^kept \\d+ 262144 bytes ${digest.slice(0, 16)}$`, "m");
    for (const manner of MANNERS) {
      for (let seed = 0; seed < SEEDS_EACH; seed++) {
        const after = cow.afterCut(Prng.fromSeed(`${manner}/${seed}`), manner);
        const view = openSnapshotSync({ origin, cow: after, chunkSectors: 8 });
        withFolder((folder) => {
          writeFileSync(`${folder}/image`, contentsOf(view));
          replayJournal(`${folder}/image`);
          expect(complaints(`${folder}/image`), `${manner}, seed ${seed}`).toBe("");
          expect(listImage(`${folder}/image`).join("\n"), `${manner}, seed ${seed}`).toMatch(
            wanted,
          );
        });
      }
    }

    const worst = openSnapshotSync({
      origin,
      cow: cow.afterCut(Prng.fromSeed(0), "nothing"),
      chunkSectors: 8,
    });
    const next = await begin(kept, { hda: v86Disk(worst), signal });
    await next.do("e2fsck -p /dev/sda; test $? -le 1");
    await next.do(MOUNT);
    expect(await next.do("sha256sum </mnt/kept")).toBe(`${digest}  -`);
  },
);

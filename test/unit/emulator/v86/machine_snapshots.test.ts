import { expect, test } from "vitest";
import { MachineSnapshots } from "../../../../src/emulator/v86/machine_snapshots.ts";
import { Disk } from "../../../../src/mod.ts";

const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });

async function withDisk(use: (disk: Disk, snapshots: MachineSnapshots) => Promise<void> | void) {
  await using disk = await Disk.open("vm", { origin: 64, storage: "memory" });
  await use(disk, new MachineSnapshots(disk, "vm", "snapshot"));
  disk.check();
}

const byteOf = (disk: Disk) => {
  const sector = new Uint8Array(512);
  disk.device.readSync(sector, 0);
  return sector[0];
};

test("a state is a snapshot's name, and brings the disk back", () =>
  withDisk((disk, snapshots) => {
    disk.device.writeSync(new Uint8Array(512).fill(1), 0);
    const state = snapshots.state();
    expect(snapshots.names).toEqual([state[1]]);
    disk.device.writeSync(new Uint8Array(512).fill(2), 0);
    snapshots.restore(state);
    expect(byteOf(disk)).toBe(1);
  }));

test("no name is used twice, not even after its snapshot was deleted", () =>
  withDisk(async (disk, snapshots) => {
    const names = new Set<unknown>();
    for (let count = 0; count < 10; count++) {
      const [, name] = snapshots.state();
      names.add(name);
      await disk.delete(String(name));
    }
    expect(names.size).toBe(10);
  }));

test("what was announced is told once, and arrived at once", () =>
  withDisk(async (disk, snapshots) => {
    const name = await snapshots.announce();
    expect(snapshots.state()).toEqual(["cowdisk", name]);
    expect(snapshots.state()).not.toEqual(["cowdisk", name]);
    await snapshots.goBack(String(name));
    disk.device.writeSync(new Uint8Array(512).fill(5), 0);
    snapshots.restore(["cowdisk", name]); // It has gone back already.
    expect(byteOf(disk)).toBe(5);
    snapshots.restore(["cowdisk", name]);
    expect(byteOf(disk)).toBe(0);
  }));

test("a state whose snapshot is gone is refused", () =>
  withDisk(async (disk, snapshots) => {
    const state = snapshots.state();
    await disk.delete(String(state[1]));
    expect(() => snapshots.restore(state)).toThrow(refusal("ENOENT"));
  }));

test.for([[[]], [["other", "x"]], [["cowdisk", 3]], [{ "0": "cowdisk" }], [null], [[
  "cowdisk",
  null,
]]])(
  "what is no state of this disk is refused: %j",
  ([state]) =>
    withDisk((_disk, snapshots) => {
      expect(() => snapshots.check(state)).toThrow(refusal("EINVAL"));
    }),
);

test("a disk without snapshots has no state, unless none is wanted", () => {
  const bare = new MachineSnapshots(null, "bare", "snapshot");
  expect(() => bare.state()).toThrow(refusal("ENOTSUP"));
  const silent = new MachineSnapshots(null, "bare", "nothing");
  silent.restore(silent.state());
  expect(silent.state()).toEqual(["cowdisk", null]);
});

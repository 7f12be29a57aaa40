/// <reference lib="dom" />
/** How disks in other homes end: closed, refused, given up, killed. */
import "fake-indexeddb/auto";
import { describe, expect, test } from "vitest";
import { Disk } from "../../../../src/disk/disk.ts";
import {
  openDiskInWorker,
  type RemoteDiskOptions,
} from "../../../../src/disk/remote/remote_disk.ts";
import { patternOf } from "../../../../src/testing/mod.ts";
import { withSilentPorts } from "../../../browser/silent_ports.ts";
import { memoryOrigin } from "../patterned_disk.ts";
import { openHome, openRemote, waitingFor } from "./home.ts";

const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });

describe("ending", () => {
  test("everything is refused after it, and closing again is no mistake", async () => {
    const disk = await openRemote();
    const { device } = disk;
    await Promise.all([disk.close(), disk.close()]);
    await disk.close();
    const thrown = [
      () => disk.device,
      () => disk.snapshots,
      () => disk.branches,
      () => disk.export(),
      () => disk.pieces(),
    ];
    for (const use of thrown) expect(use).toThrow(refusal("ESHUTDOWN"));
    const rejected = [
      () => disk.snapshot("b"),
      () => disk.rollback(null),
      () => disk.fork(null, "b"),
      () => disk.openBranch("b"),
      () => disk.removeBranch("b"),
      () => disk.delete("a"),
      () => disk.settleDeletions(),
      () => disk.diff(null),
      () => disk.extents(),
      () => disk.usage(),
      () => disk.rebase(memoryOrigin()),
      () => disk.import(new Blob([]).stream()),
      () => disk.importPieces([]),
      () => device.flush(),
      () => device.read(new Uint8Array(512), 0),
    ];
    for (const use of rejected) await expect(use()).rejects.toThrow(refusal("ESHUTDOWN"));
    await device.close();
  });

  test("a device that was closed by itself leaves its disk to be closed", async () => {
    const disk = await openRemote();
    await disk.device.close();
    await expect(disk.device.flush()).rejects.toThrow(refusal("ESHUTDOWN"));
    await disk.close();
  });

  test("one branch goes on when another is closed", async () => {
    const disk = await openRemote();
    const other = await disk.fork(null, "other");
    await disk.close();
    await other.device.write(patternOf(2, 0, 1), 0);
    expect(other.branches).toEqual(["main", "other"]);
    await (await other.openBranch("main")).close();
    await other.close();
  });
});

test("a disk that cannot be opened is refused as here, and leaves nothing behind", async () => {
  using home = openHome();
  const open = (options: Partial<RemoteDiskOptions>) =>
    openDiskInWorker(home.worker, "test", { origin: 8, storage: "memory", ...options });
  await expect(open({ origin: 0 })).rejects.toThrow(refusal("EINVAL"));
  await expect(open({ storage: "opfs" })).rejects.toThrow(refusal("ENOTSUP"));
  await expect(open({ chunkSectors: 7 })).rejects.toThrow(refusal("EINVAL"));
  await expect(open({ origin: "no URL" })).rejects.toThrow(TypeError);
  await expect(open({ origin: "http://127.0.0.1:1/none", http: { retry: { attemptsMax: 1 } } }))
    .rejects.toThrow(refusal("EIO"));
  await expect(open({ origin: "http://127.0.0.1:1/none", http: { requestsMax: 0 } }))
    .rejects.toThrow(RangeError);
  await (await open({})).close();
});

test("a wait that is given up ends with its signal's reason, and leaves nothing open", async () => {
  using home = openHome();
  const name = `given up ${crypto.randomUUID()}`;
  const options = { origin: 64, storage: "indexeddb", whenBusy: "wait" } as const;
  const former = await Disk.open(name, options);
  const giving = new AbortController();
  const { signal } = giving;
  const opening = openDiskInWorker(home.worker, name, { ...options, signal });
  await waitingFor(name);
  const reason = new TypeError("enough");
  giving.abort(reason);
  await expect(opening).rejects.toBe(reason);
  const next = Disk.open(name, options);
  await former.close();
  await (await next).close();

  const { port1: nobody } = new MessageChannel();
  const other = new AbortController();
  const waiting = openDiskInWorker(nobody, name, { ...options, signal: other.signal });
  other.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(openDiskInWorker(nobody, name, { ...options, signal })).rejects.toBe(reason);
});

test.each(["tell", "do not tell"])(
  "when its worker is gone, calls under way and later ones are ENODEV, where ports %s",
  async (ports) => {
    const worker = new Worker(new URL("./home.worker.ts", import.meta.url), { type: "module" });
    const options = { origin: memoryOrigin(), storage: "memory" } as const;
    const open = () => openDiskInWorker(worker, "test", options);
    const disk = ports === "tell" ? await open() : await withSilentPorts(open);
    await disk.device.write(patternOf(2, 0, 8), 0);
    await disk.snapshot("a");
    const writing = (async () => {
      for (let round = 0;; round++) await disk.device.write(patternOf(round, 0, 64), 0);
    })();
    const ended = expect(writing).rejects.toThrow(refusal("ENODEV"));
    await disk.device.flush();
    worker.terminate();
    await ended;
    await expect(disk.snapshot("b")).rejects.toThrow(refusal("ENODEV"));
    await expect(disk.usage()).rejects.toThrow(refusal("ENODEV"));
    await expect(disk.export().getReader().read()).rejects.toThrow(refusal("ENODEV"));
    expect(() => disk.snapshots).toThrow(refusal("ENODEV"));
    await expect(disk.close()).rejects.toThrow(refusal("ENODEV"));
  },
);

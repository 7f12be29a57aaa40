/// <reference lib="dom" />
import { expect, test } from "vitest";
import { DiskConnection } from "../../../../src/disk/remote/disk_connection.ts";
import type { ConnectWish, DiskRequest } from "../../../../src/disk/remote/disk_protocol.ts";
import { sendOrigin } from "../../../../src/disk/remote/origin_sender.ts";

const GREETING = {
  name: "device",
  sectorCount: 8,
  limits: { logicalSectors: 1, preferredSectors: 8 },
  supports: { sync: false, write: true, discard: true, discardZeroes: true, permanence: false },
};

/** A connection, and a worker that is played by the test. */
async function rig() {
  const { port1: worker, port2: scope } = new MessageChannel();
  const events: unknown[] = [];
  const connection = new DiskConnection(worker, "disk", (event) => void events.push(event));
  const wish = await new Promise<ConnectWish>((resolve) => {
    scope.onmessage = ({ data: said }) => resolve(said);
  });
  worker.close();
  const heard: DiskRequest[] = [];
  let wake = () => {};
  wish.port.onmessage = ({ data: said }) => {
    if (said.memory !== undefined) return;
    heard.push(said);
    wake();
  };
  const next = async () => {
    while (heard.length === 0) await new Promise<void>((resolve) => wake = resolve);
    return heard.shift() as DiskRequest & { id: number };
  };
  const say = (said: object) => wish.port.postMessage(said);
  const opening = connection.openDisk(
    { verb: "open", name: "disk", storage: "memory", options: {} },
    sendOrigin(8),
  );
  const { id } = await next();
  const opened = { disk: 0, branch: "main", device: GREETING, chunkSectors: 8 };
  say({ id, opened, tree: { edition: 1, snapshots: [], branches: ["main"] } });
  await opening;
  return { connection, events, next, say, lock: wish.lock };
}

test("the tree is the latest that was told of, before whoever asked is told", async () => {
  const { connection, next, say } = await rig();
  expect(connection.tree.branches).toEqual(["main"]);
  const asking = connection.ask({ disk: 0, verb: "snapshot", args: ["a"] })
    .then(() => connection.tree.snapshots);
  const { id } = await next();
  // A notice of a later state may come before the answer.
  say({ tree: { edition: 3, snapshots: [{ name: "a", parent: null }], branches: ["main"] } });
  say({ id, tree: { edition: 2, snapshots: [], branches: ["main"] } });
  expect(await asking).toEqual([{ name: "a", parent: null }]);
  connection.leave();
});

test("a branch that a failure has closed is known to be closed", async () => {
  const { connection, next, say } = await rig();
  const asking = connection.ask({ disk: 0, verb: "rollback", args: ["a"] });
  const { id } = await next();
  say({ id, closed: 0, error: { code: "EIO", message: "it fails" } });
  await expect(asking).rejects.toThrow("it fails");
  expect(connection.isClosed(0)).toBe(true);
  expect(connection.isClosed(1)).toBe(false);
  connection.leave();
});

test("an event's error is an error again", async () => {
  const { connection, events, next, say } = await rig();
  const asking = connection.ask({ disk: 0, verb: "usage", args: [] });
  const { id } = await next();
  const cause = { code: "ENOSPC", message: "there is no room" };
  say({ event: { event: { kind: "deletion failed", cause: null }, cause } });
  say({ id });
  await asking;
  expect(events).toEqual([
    { kind: "deletion failed", cause: expect.objectContaining({ code: "ENOSPC" }) },
  ]);
  connection.leave();
});

test("the worker is bidden goodbye when the last branch is closed, and all was answered", async () => {
  const { connection, next, say } = await rig();
  const forking = connection.openBranch({ disk: 0, verb: "openBranch", branch: "other" });
  const fork = await next();
  connection.leave();
  say({ id: fork.id, error: { code: "ESHUTDOWN", message: "it is closed" } });
  await expect(forking).rejects.toThrow("it is closed");
  expect(await next()).toEqual({ told: "bye" });
});

test("when the lock can be had, the worker is gone", async () => {
  const { connection, next, say, lock } = await rig();
  const { promise: letGo, resolve: release } = Promise.withResolvers<void>();
  await new Promise<void>((resolve) => {
    void navigator.locks.request(lock!, () => {
      resolve();
      return letGo;
    });
  });
  say({ isHeld: true });
  const asking = connection.ask({ disk: 0, verb: "usage", args: [] });
  await next();
  release();
  await expect(asking).rejects.toThrow(
    expect.objectContaining({
      code: "ENODEV",
      message: 'Cannot use "disk": its worker has ended',
    }),
  );
  expect(() => connection.tree).toThrow(expect.objectContaining({ code: "ENODEV" }));
});

import { expect, test } from "vitest";
import type { DiskEvent } from "../../../src/disk/disk_options.ts";
import { DiskSession } from "../../../src/disk/disk_session.ts";
import { fork, rollBack, takeSnapshot } from "../../../src/disk/manifest/layer_tree.ts";
import { createMemoryStorage } from "../../../src/disk/storage/memory_storage.ts";
import type { DiskStorage } from "../../../src/disk/storage/storage.ts";
import { onlyAsync } from "./async_storage.ts";
import { failFrom, SimulatedStorage } from "./simulated_storage.ts";

async function openSession(
  storage: DiskStorage,
  onEvent: (event: DiskEvent) => void = () => {},
): Promise<DiskSession> {
  const session = await DiskSession.open("test", { origin: 100, storage, onEvent });
  await session.openBranch("main");
  return session;
}

function snapshot(session: DiskSession, name: string): Promise<void> {
  return session.turn("main", (manifest) => takeSnapshot(manifest, "main", name));
}

test("after every change the storage holds the layers of the manifest, and no others", async () => {
  await using storage = createMemoryStorage();
  const session = await openSession(storage);
  await snapshot(session, "a");
  await snapshot(session, "b");
  await session.turn("main", (manifest) => rollBack(manifest, "main", "a"));
  expect(await storage.list()).toEqual(["manifest", "layer-1", "layer-2", "layer-4"]);
  session.turnSync("main", (manifest) => rollBack(manifest, "main", null));
  expect(await storage.list()).toEqual(["manifest", "layer-1", "layer-2", "layer-5"]);
  await session.closeBranch("main");
});

test("a failure in any step of a change leaves no device that nobody names", async () => {
  let hasFailed = true;
  for (let step = 0; hasFailed; step++) {
    const storage = new SimulatedStorage();
    const session = await openSession(storage);
    await snapshot(session, "a");
    failFrom(storage, step, 1);
    hasFailed = await snapshot(session, "b").then(() => false, () => true);
    storage.onStep = () => {};
    const named = session.tree.manifest.layers.map(({ id }) => `layer-${id}`);
    expect(await storage.list(), `step ${step}`).toEqual(["manifest", ...named]);
    // The id that was not used is used again, for something else.
    await session.turn("main", (manifest) => rollBack(manifest, "main", null));
    session.tree.check();
    await session.closeBranch("main");
    expect(step).toBeLessThan(100);
  }
});

test("branches that are opened or forked at the same time are opened once", async () => {
  await using storage = createMemoryStorage();
  const session = await openSession(storage);
  const forking = session.fork("main", "x", (manifest) => fork(manifest, null, "x"));
  const endings = await Promise.allSettled([
    session.openBranch("main"),
    session.openBranch("x"),
    forking,
  ]);
  expect(endings.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled"]);
  expect(session.tree.openBranches).toEqual(["main", "x"]);
  await session.closeBranch("main");
  await session.closeBranch("x");
});

test("the session ends with its last branch, and turns that wait are refused", async () => {
  await using storage = createMemoryStorage();
  const session = await openSession(storage);
  const closing = session.closeBranch("main");
  const late = session.perform(() => Promise.resolve("late"));
  await closing;
  await expect(late).rejects.toMatchObject({ code: "ESHUTDOWN" });
  await session.end();
  await (await openSession(storage)).closeBranch("main");
});

test("a device that cannot be removed is told of, and removed at the next opening", async () => {
  await using storage = createMemoryStorage();
  const failing = onlyAsync(storage);
  failing.remove = () => Promise.reject(new Error("it fails"));
  const events: DiskEvent[] = [];
  const session = await openSession(failing, (event) => events.push(event));
  await session.turn("main", (manifest) => rollBack(manifest, "main", null));
  expect(events).toEqual([{ kind: "cleanup failed", cause: new Error("it fails") }]);
  await session.closeBranch("main");
  expect(await storage.list()).toEqual(["manifest", "layer-1", "layer-2"]);
  await (await openSession(storage)).closeBranch("main");
  expect(await storage.list()).toEqual(["manifest", "layer-2"]);
});

test("a layer that is kept stays open between turns", async () => {
  await using storage = createMemoryStorage();
  const session = await openSession(storage);
  await snapshot(session, "a");
  await session.turn("main", (manifest) => rollBack(manifest, "main", null));
  expect(session.tree.stack.has(1)).toBe(false);
  let letGo = () => {};
  await session.perform(async () => {
    await session.openLayer(1);
    letGo = session.keep(1);
  });
  await session.perform(() => Promise.resolve());
  expect(session.tree.stack.has(1)).toBe(true);
  letGo();
  await session.perform(() => Promise.resolve());
  expect(session.tree.stack.has(1)).toBe(false);
  await session.closeBranch("main");
});

/// <reference lib="dom" />
/** The demo's engine in its worker, with what it keeps in a real browser. */
import { afterEach, expect, test } from "vitest";
import { RemoteEngine } from "../../demo/engine/remote_engine.ts";
import type { DemoEngine, StorageWord } from "../../demo/engine/scene.ts";
import type { EngineGreeting } from "../../demo/engine/worker.ts";

const workers: Worker[] = [];

afterEach(() => {
  for (const worker of workers.splice(0)) worker.terminate();
});

/** An engine in a worker of its own, as the page has it. */
function connect(name: string, storage: StorageWord): Promise<RemoteEngine> {
  // Written out, because that is how Vite finds what to serve.
  const worker = new Worker(new URL("../../demo/engine/worker.ts", import.meta.url), {
    type: "module",
  });
  workers.push(worker);
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ port: port2, options: { name, storage } } satisfies EngineGreeting, [port2]);
  return RemoteEngine.connect(port1);
}

async function run(engine: DemoEngine, ...lines: readonly string[]): Promise<void> {
  for (const line of lines) expect(await engine.run(line), line).toMatchObject({ isDone: true });
}

/** What is shown, but what is the visit's own. */
function picture(engine: DemoEngine): object {
  const { revision: _, tempo: _tempo, beat: _beat, ...scene } = engine.scene;
  return scene;
}

const newName = () => `demo-${crypto.randomUUID()}`;

test.each<StorageWord>(["indexeddb", "opfs"])(
  "a world is taken along to %s, and is there when its page has ended in the middle of a line",
  async (storage) => {
    const name = newName();
    const first = await connect(name, "memory");
    await run(first, "write origin 0-9", "snapshot monday", `storage ${storage}`);
    await run(first, "write origin 3", "write monday 4");
    expect((await first.run("write origin 5; pull --after 3 --seed 1")).isDone).toBe(false);
    await run(first, "plug", "undo", "undo");
    const before = picture(first);
    await run(first, "pause");
    void first.run("write origin 6");
    await run(first, "step", "step", "step", "step");
    workers[0]?.terminate();
    const second = await connect(name, storage);
    expect(picture(second)).toEqual(before);
    await run(second, "redo", "redo", "goto 4", "merge monday");
    expect([...second.scene.strips[0]?.generations.slice(0, 6) ?? []]).toEqual([1, 1, 1, 1, 3, 1]);
  },
);

test("two pages cannot have the same: the second one is told", async () => {
  const name = newName();
  await connect(name, "indexeddb");
  await expect(connect(name, "indexeddb")).rejects.toThrow("elsewhere");
});

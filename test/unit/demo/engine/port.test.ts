import { expect, onTestFinished, test } from "vitest";
import type { LocalEngine } from "../../../../demo/engine/engine.ts";
import { serveEngine } from "../../../../demo/engine/port.ts";
import { RemoteEngine } from "../../../../demo/engine/remote_engine.ts";
import { noTime } from "./visit.ts";

/** An engine behind a port, and the engine itself. */
async function connect(): Promise<{ page: RemoteEngine; engine: LocalEngine; port: MessagePort }> {
  const { port1, port2 } = new MessageChannel();
  const [engine, page] = await Promise.all([
    serveEngine(port2, { clock: noTime }),
    RemoteEngine.connect(port1),
  ]);
  if (engine === null) throw new Error("the engine was not opened");
  onTestFinished(async () => {
    engine.check();
    await engine.close();
    port1.close();
    port2.close();
  });
  return { page, engine, port: port2 };
}

test("a page sees what the engine shows, and hears of it before the answer", async () => {
  const { page, engine } = await connect();
  const line = "write origin 5";
  expect(await page.run(line)).toEqual({ isDone: true, text: "origin: chunk 5 written, number 1" });
  expect(page.scene.strips).toEqual(engine.scene.strips);
  expect(page.scene.log).toEqual(engine.scene.log);
  expect(page.link()).toBe(engine.link());
});

test("strips that have not changed are the same objects on the page", async () => {
  const { page } = await connect();
  await page.run("snapshot monday");
  await page.run("snapshot tuesday");
  const before = page.scene.strips;
  await page.run("write monday 3");
  const { strips } = page.scene;
  expect(strips.map((strip, index) => strip === before[index])).toEqual(
    [true, false, false, true, true],
  );
});

test("all that can be asked of an engine can be asked over a port", async () => {
  const { page, engine } = await connect();
  await page.run("snapshot monday");
  expect(await page.complete("mer")).toEqual(["merge"]);
  expect(await page.inspect("monday", 5)).toEqual(await engine.inspect("monday", 5));
  await expect(page.inspect("nobody", 5)).rejects.toThrow('There is no device "nobody"');
  const { isDone, file } = await page.run("export origin");
  expect(isDone).toBe(true);
  expect(file?.bytes.size).toBe(512 * 512);
  const image = new Blob([new Uint8Array(8192).fill(7)]);
  expect((await page.give("disk.img", image)).text).toBe("a disk of 8 KiB, from disk.img");
  expect(page.scene.strips[0]?.chunkCount).toBe(2);
  expect((await page.follow("#do=write+origin+1")).isDone).toBe(true);
});

test("a page that does not look is sent no second scene", async () => {
  const { port1, port2 } = new MessageChannel();
  let sceneCount = 0;
  const asked = Promise.withResolvers<void>();
  port1.onmessage = ({ data: told }) => {
    if ("scene" in told) sceneCount++;
    if (told.id === 3) asked.resolve();
  };
  const engine = await serveEngine(port2, { clock: noTime });
  for (let chunk = 0; chunk < 20; chunk++) await engine?.run(`write origin ${chunk}`);
  port1.postMessage({ id: 3, verb: "complete", line: "x" });
  await asked.promise;
  // The first one, and the one in front of the answer.
  expect(sceneCount).toBe(2);
  await engine?.close();
  port1.close();
  port2.close();
});

test("an engine that cannot be opened says why", async () => {
  const { port1, port2 } = new MessageChannel();
  const page = RemoteEngine.connect(port1);
  expect(await serveEngine(port2, { storage: "indexeddb" })).toBeNull();
  await expect(page).rejects.toThrow('Cannot keep a disk in "indexeddb"');
  port1.close();
  port2.close();
});

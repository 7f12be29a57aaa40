import { expect, test } from "vitest";
import { BlockDeviceError, createMemoryStorage } from "../../../../src/mod.ts";
import { encodeLines } from "../../../../demo/engine/link.ts";
import { LocalEngine } from "../../../../demo/engine/engine.ts";
import { generations, noTime, picture, places, refusal, run, strip, visit } from "./visit.ts";

test("a first write is four beats and a flush, in this order, and each is one step", async () => {
  const engine = await visit();
  await run(engine, "write origin 5", "snapshot monday", "pause");
  const write = engine.run("write origin 5");
  const told: string[] = [];
  for (let text = await run(engine, "step"); text !== "";) {
    told.push(text);
    const next = await engine.run("step");
    text = next.isDone ? next.text : "";
  }
  expect((await write).isDone).toBe(true);
  expect(told).toEqual([
    "Reads chunk 5 as it is, to keep it for monday.",
    "Copies chunk 5 out, to chunk 2 of monday-cow.",
    "Flushes monday-cow: data is durable before anything names it.",
    "Commits 5 → 2 to monday-cow, durably: monday has chunk 5 of its own.",
    "Overwrites chunk 5 of the origin, in place.",
  ]);
  expect(generations(engine, "origin")[5]).toBe(2);
  expect(generations(engine, "monday")[5]).toBe(1);
});

test("a beat waits until it is let go, and shows the arc that it draws", async () => {
  const engine = await visit();
  await run(engine, "snapshot monday", "pause");
  const write = engine.run("write origin 5");
  await run(engine, "step", "step");
  expect(engine.scene.beat).toMatchObject({ kind: "flush", isPerformed: false });
  const arc = { snapshot: "monday", oldChunk: 5, newChunk: 2 };
  expect(engine.scene.pending).toEqual([{ ...arc, isCommitted: false }]);
  await run(engine, "step", "step");
  expect(engine.scene.pending).toEqual([{ ...arc, isCommitted: true }]);
  expect(engine.scene.tempo.state).toBe("paused");
  await run(engine, "play");
  await write;
  expect(engine.scene.pending).toEqual([]);
  expect(engine.scene.tempo.state).toBe("idle");
});

test("a second write to a chunk copies nothing", async () => {
  const engine = await visit();
  await run(engine, "snapshot monday", "write origin 5", "write origin 5");
  const [, first, second] = engine.scene.log;
  expect(first?.copiedSectors).toBe(8);
  expect(second?.copiedSectors).toBe(0);
  expect(engine.scene.bill).toMatchObject({ copiedSectors: 8, writtenSectors: 16, commits: 1 });
});

test("a scene is drawn from bytes and tables", async () => {
  const engine = await visit();
  await run(engine, "write origin 0-3", "snapshot monday", "write origin 1", "write monday 2");
  expect(generations(engine, "origin", 5)).toEqual([1, 2, 1, 1, 0]);
  expect(generations(engine, "monday", 5)).toEqual([1, 1, 3, 1, 0]);
  expect(places(engine, "monday", 4)).toEqual(["shared", "own", "own", "shared"]);
  expect(places(engine, "monday-cow", 5)).toEqual(["header", "area", "data", "data", "free"]);
  expect(strip(engine, "monday")).toMatchObject({
    table: "0 512 snapshot 254:0 254:16 P 8",
    status: "0 512 snapshot 32/128 16",
    health: "valid",
    partner: "monday-cow",
    origin: "origin",
  });
});

test("what has not changed is the same strip as before", async () => {
  const engine = await visit();
  await run(engine, "snapshot monday", "snapshot tuesday");
  const before = strip(engine, "tuesday-cow");
  await run(engine, "write monday 3");
  expect(strip(engine, "tuesday-cow")).toBe(before);
  expect(strip(engine, "monday-cow").generations[2]).toBe(1);
});

test("undo and redo go to every step and back, and a line in the past begins another story", async () => {
  const engine = await visit();
  const pictures = [picture(engine)];
  const lines = [
    "snapshot monday",
    "write origin 1",
    "write monday 2",
    "merge monday",
    "drop monday",
  ];
  for (const line of lines) {
    await run(engine, line);
    pictures.push(picture(engine));
  }
  const shown = ({ log: _, cursor: _cursor, ...rest }: ReturnType<typeof Object>) => rest;
  for (let at = lines.length - 1; at >= 0; at--) {
    await run(engine, "undo");
    expect(engine.scene.cursor).toBe(at);
    expect(shown(picture(engine))).toEqual(shown(pictures[at] as object));
  }
  expect(await refusal(engine, "undo")).toBe("There is nothing to undo");
  for (let at = 1; at <= lines.length; at++) await run(engine, "redo");
  expect(picture(engine)).toEqual(pictures.at(-1));
  await run(engine, "goto 2", "write origin 7");
  expect(engine.scene.log.map(({ line }) => line)).toEqual([
    ...lines.slice(0, 2),
    "write origin 7",
  ]);
  expect(await refusal(engine, "redo")).toBe("There is nothing to redo");
});

test("a page that is loaded again finds what it left, its past included", async () => {
  const storage = createMemoryStorage();
  const first = await LocalEngine.open({ diskStorage: storage, clock: noTime });
  await run(first, "snapshot monday", "write origin 1", "write monday 2", "undo");
  const before = picture(first);
  await first.close();
  const second = await visit({ diskStorage: storage });
  expect(picture(second)).toEqual(before);
  await run(second, "redo");
  expect(generations(second, "monday", 3)).toEqual([0, 0, 2]);
});

test("a page that ends in the middle of a line is shown as before it", async () => {
  const storage = createMemoryStorage();
  const first = await LocalEngine.open({ diskStorage: storage, clock: noTime });
  await run(first, "reset --size 8M", "snapshot monday --size 16M", "write origin 1");
  const before = picture(first);
  await run(first, "pause");
  // So many exceptions that the medium makes some of them durable by itself.
  void first.run("write origin 2-2000");
  for (let beat = 0; beat < 24; beat++) await run(first, "step");
  // Nobody closes it: another page opens what is there.
  for (const name of await storage.list()) storage.shutSync(name);
  const second = await visit({ diskStorage: storage });
  expect(picture(second)).toEqual(before);
});

test("a line that the storage has no room for is undone, and said to be", async () => {
  const memory = createMemoryStorage();
  let openings = Infinity;
  const open = (device: string, sectorCount: number) => {
    if (openings-- > 0) return memory.open(device, sectorCount);
    return Promise.reject(new BlockDeviceError("ENOSPC", `Cannot open "${device}": it is full`));
  };
  const engine = await visit({
    diskStorage: {
      name: "small",
      open,
      shut: (device) => memory.shut(device),
      remove: (device) => memory.remove(device),
      list: () => memory.list(),
      close: () => memory.close(),
      [Symbol.asyncDispose]: () => memory.close(),
    },
  });
  await run(engine, "snapshot monday", "write origin 1");
  const before = picture(engine);
  openings = 0;
  const text = await refusal(engine, "write origin 2");
  expect(text).toContain("This line could not be kept");
  expect(text).toContain("it is full");
  openings = Infinity;
  await run(engine, `goto ${engine.scene.cursor}`);
  expect(picture(engine)).toEqual(before);
  await run(engine, "write origin 2");
  expect(generations(engine, "origin", 3)).toEqual([0, 1, 2]);
});

test("a link makes the same scene, losses of power included", async () => {
  const one = await visit();
  await run(one, "snapshot monday --chunk 8K", "write origin 0-3");
  await one.run("write origin 4-5; pull --after 3 --seed 9");
  await run(one, "plug", "careless on");
  await one.run("write origin 9; pull --after 4 --seed 2 --keep nothing");
  const other = await visit();
  await run(other, "write origin 60");
  expect(await other.follow(one.link())).toMatchObject({ isDone: true });
  expect(picture(other)).toEqual(picture(one));
});

test("a link to a disk of another size begins with it, and a plug that was pulled is in it", async () => {
  const one = await visit();
  await run(one, "reset --size 512K --chunk 8K", "write origin 0-3", "pull", "plug");
  expect(one.link()).toBe(
    "#do=reset+--size+1024s+--chunk+16s~write+origin+0-3~pull+--seed+2~plug",
  );
  const other = await visit();
  expect(await other.follow(one.link())).toMatchObject({ isDone: true });
  expect(picture(other)).toEqual(picture(one));
});

test("a link cannot lead to what is stored, nor bring files along", async () => {
  const engine = await visit();
  for (const line of ["storage opfs", "storage indexeddb", "pause", "goto 0", "pace 60000"]) {
    const { isDone, text } = await engine.follow(encodeLines(["write origin 1", line, "reset"]));
    expect(isDone, line).toBe(false);
    expect(text).toContain("a link cannot ask for");
    expect(generations(engine, "origin", 2)).toEqual([0, 1]);
  }
  expect((await engine.follow("#do=give+disk.img")).text).toContain("files do not travel");
});

test("a link that makes no sense is refused, and one that stops says where", async () => {
  const engine = await visit();
  expect((await engine.follow("#do=%ff")).text).toBe("This link tells of nothing");
  expect((await engine.follow("#do=snapshot+monday~explode")).text).toContain('"explode"');
});

test("controls without a line under way say so", async () => {
  const engine = await visit();
  expect(await refusal(engine, "step")).toContain("Nothing is under way");
  expect(await refusal(engine, "pace never")).toContain('Cannot use "never"');
});

test("lines are run one after the other, and the plug is pulled from under the one that runs", async () => {
  const engine = await visit();
  await run(engine, "snapshot monday", "pause");
  const first = engine.run("write origin 1");
  const second = engine.run("write origin 2");
  await run(engine, "step", "pull");
  expect((await first).text).toContain("was not overwritten yet");
  expect((await second).text).toContain("there is no power");
  expect(engine.scene.log.map(({ line }) => line)).toEqual([
    "snapshot monday",
    "write origin 1; pull --after 1 --seed 2",
  ]);
  await run(engine, "play", "plug");
});

import { expect, test } from "vitest";
import { Tempo } from "../../../../../demo/engine/play/tempo.ts";
import type { Beat } from "../../../../../demo/engine/scene.ts";
import { noTime } from "../visit.ts";

const beatOf = (text: string): Beat => ({
  kind: "read",
  device: "disk",
  sector: 0,
  sectorCount: 1,
  text,
  isPerformed: false,
});

/** A stage with three beats under way, and what was done so far. */
function stage(cutAfter = Infinity) {
  const done: string[] = [];
  const tempo = new Tempo(noTime, () => {}, () => {});
  tempo.begin(cutAfter);
  const perform = (text: string) =>
    tempo.perform(() => beatOf(text), async () => void await Promise.resolve(done.push(text)));
  const play = () => Promise.allSettled(["a", "b", "c"].map(perform));
  return { tempo, done, play };
}

test("beats are performed one after the other, as they came", async () => {
  const { tempo, done, play } = stage();
  await play();
  expect(done).toEqual(["a", "b", "c"]);
  expect(tempo.beat).toEqual({ ...beatOf("c"), isPerformed: true });
  expect(tempo.performedCount).toBe(3);
});

test("paused, a beat waits to be let go, one at a time", async () => {
  const { tempo, done, play } = stage();
  tempo.pause();
  const all = play().then(() => tempo.end());
  expect((await tempo.step())?.text).toBe("a");
  expect(done).toEqual(["a"]);
  expect(tempo.beat).toEqual(beatOf("b"));
  tempo.play();
  await all;
  expect(done).toEqual(["a", "b", "c"]);
  expect(await tempo.step()).toBeUndefined();
});

test("when the plug is pulled the beat that waits is refused, and so are all behind it", async () => {
  const { tempo, done, play } = stage();
  tempo.pause();
  const all = play();
  await tempo.step();
  tempo.cut();
  const endings = await all;
  expect(endings.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
  expect(done).toEqual(["a"]);
  await expect(tempo.perform(() => beatOf("d"), () => Promise.resolve())).rejects.toThrow(
    'Cannot reach "disk": there is no power',
  );
  tempo.restore();
  tempo.play();
  await tempo.perform(() => beatOf("e"), () => Promise.resolve());
});

test("a plug is pulled after the beat that was named", async () => {
  const { tempo, done, play } = stage(2);
  await play();
  expect(done).toEqual(["a", "b"]);
  expect(tempo.isCut).toBe(true);
});

test("what is muted is done at once, unseen, also without power", async () => {
  const { tempo, done } = stage();
  tempo.pause();
  tempo.cut();
  await tempo.muted(() =>
    tempo.perform(() => beatOf("x"), () => Promise.resolve(void done.push("x")))
  );
  expect(done).toEqual(["x"]);
  expect(tempo.beat).toBeUndefined();
});

test("a beat lasts as long as the clock says", async () => {
  let sleptMs = 0;
  const clock = {
    nowMs: () => 0,
    sleep: (timeMs: number) => Promise.resolve(void (sleptMs += timeMs)),
  };
  const tempo = new Tempo(clock, () => {}, () => {});
  tempo.beatMs = 300;
  tempo.begin(Infinity);
  for (let beat = 0; beat < 4; beat++) {
    await tempo.perform(() => beatOf("slow"), () => Promise.resolve());
  }
  expect(sleptMs).toBe(1200);
});

test("a long line lets others have their turn", async () => {
  let timeMs = 0;
  let turns = 0;
  const clock = { nowMs: () => timeMs += 4, sleep: () => Promise.resolve(void turns++) };
  const tempo = new Tempo(clock, () => {}, () => {});
  tempo.begin(Infinity);
  for (let beat = 0; beat < 30; beat++) {
    await tempo.perform(() => beatOf("quick"), () => Promise.resolve());
  }
  expect(turns).toBeGreaterThan(5);
  expect(turns).toBeLessThan(16);
});

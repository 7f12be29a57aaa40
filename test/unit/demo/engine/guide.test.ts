import { expect, test } from "vitest";
import { enterStep, GUIDE } from "../../../../demo/engine/guide.ts";
import type { LocalEngine } from "../../../../demo/engine/engine.ts";
import { visit } from "./visit.ts";

/** Does what a step asks for; some of its lines are cut, and are no failure. */
async function take(engine: LocalEngine, number: number): Promise<void> {
  const step = GUIDE[number];
  if (step === undefined) throw new Error(`there is no step ${number}`);
  expect(await enterStep(engine, number)).toEqual({ isDone: true, text: step.sentence });
  expect(step.isDone(engine.scene), `${step.title}: done before anything was`).toBe(false);
  for (const line of step.lines) {
    const { isDone, text } = await engine.run(line);
    expect(isDone || line.includes("; pull"), `${step.title}: ${line}: ${text}`).toBe(true);
  }
  expect(step.isDone(engine.scene), `${step.title}: not done`).toBe(true);
}

test("every step of the path can be done, one after the other", async () => {
  const engine = await visit();
  for (const number of GUIDE.keys()) await take(engine, number);
});

test("every step can be entered from the one behind it", async () => {
  const engine = await visit();
  for (const number of [...GUIDE.keys()].reverse()) await take(engine, number);
});

test("a step is entered while a line is under way, and when there is no power", async () => {
  const engine = await visit();
  await engine.run("pause");
  const line = engine.run("write origin 5");
  await engine.run("step");
  await take(engine, 2);
  await line;
  await engine.run("pull");
  await take(engine, 3);
});

test("each step has a sentence, a task, a question and its answer, short enough to be read", () => {
  expect(GUIDE).toHaveLength(7);
  for (const { title, sentence, task, question, answer } of GUIDE) {
    for (const text of [title, sentence, task, question, answer]) {
      expect(text.length, text).toBeGreaterThan(5);
      expect(text.length, text).toBeLessThan(180);
    }
    expect(question.endsWith("?")).toBe(true);
  }
});

test("a step that is not there is refused", async () => {
  const engine = await visit();
  expect(await enterStep(engine, 7)).toEqual({
    isDone: false,
    text: "There is no step 7: want 0 to 6",
  });
});

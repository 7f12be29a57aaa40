import { expect, test } from "vitest";
import { interruptible, Interruption } from "../../../src/cli/interruption.ts";
import { TestEnvironment } from "./session.ts";

const PRESSED = expect.objectContaining({ exitCode: 130, message: "Interrupted: all is well" });

async function* bytes(...numbers: readonly number[]): AsyncGenerator<Uint8Array> {
  for (const number of numbers) yield await Promise.resolve(Uint8Array.of(number));
}

test("nobody presses: every piece comes, and the listening ends", async () => {
  const environment = new TestEnvironment();
  const found: number[] = [];
  for await (const [byte] of interruptible(environment, bytes(1, 2, 3), "all is well")) {
    found.push(byte!);
  }
  expect(found).toEqual([1, 2, 3]);
  expect(environment.interrupt.toString()).toBe("() => {}");
});

test("a Ctrl-C is heard at the next breath, with a sentence", async () => {
  const environment = new TestEnvironment();
  using interruption = new Interruption(environment, "all is well");
  environment.interrupt();
  await interruption.breathe(); // Too soon after the last one to look.
  environment.nowMs += 1000;
  await expect(interruption.breathe()).rejects.toThrow(PRESSED);
});

test("a Ctrl-C is heard even while there is nothing to read, and the source is let go", async () => {
  const environment = new TestEnvironment();
  let isLetGo = false;
  const silent: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return: () => {
        isLetGo = true;
        return new Promise(() => {});
      },
    }),
  };
  const next = interruptible(environment, silent, "all is well").next();
  environment.interrupt();
  await expect(next).rejects.toThrow(PRESSED);
  expect(isLetGo).toBe(true);
});

test("whoever has enough lets the source go", async () => {
  let isLetGo = false;
  const source = async function* () {
    try {
      yield* bytes(1, 2, 3);
    } finally {
      isLetGo = true;
    }
  };
  for await (const _ of interruptible(new TestEnvironment(), source(), "all is well")) break;
  expect(isLetGo).toBe(true);
});

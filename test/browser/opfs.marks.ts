/// <reference lib="dom" />
/** The marks of the snapshot stack over OPFS: write 4 KiB and flush, beside a bare file. */
import { expect, test } from "vitest";

test("4 KiB written and flushed through the stack", { timeout: 120_000 }, async () => {
  const worker = new Worker(new URL("./opfs_marks.worker.ts", import.meta.url), { type: "module" });
  const times = await new Promise<Record<string, number>>((resolve, reject) => {
    worker.onmessage = ({ data: said }) => resolve(said);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.terminate();
  const floor = times["bare file"]!;
  const rows = Object.entries(times).map(([what, ms]) =>
    `${what}: ${ms.toFixed(3)} ms, ${(ms / floor).toFixed(2)} of the bare file's`
  );
  // deno-lint-ignore no-console
  console.log(rows.join("\n"));
  expect(times["snapshot, chunk excepted"]! / floor).toBeLessThan(1.3);
  expect(times["snapshot, untouched chunk"]! / floor).toBeLessThan(2.5);
});

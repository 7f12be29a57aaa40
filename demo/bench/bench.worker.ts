/// <reference lib="webworker" />
/**
 * Where benchmarks run: away from the page, which is drawn meanwhile. Cancelled by ending the worker.
 *
 * @module
 */
import { createByteContests } from "./byte_contests.ts";
import { type Effort, hold } from "./contest.ts";
import { BYTE_VERBS, type ByteRow, SIZES, type StorageRow } from "./results.ts";
import { measureStorages, type StorageEffort } from "./storage_contests.ts";

/** What the worker is told. */
export interface BenchOrder {
  readonly bytes: Effort;
  readonly storages: StorageEffort;
}

/** What it tells. */
export type BenchNews =
  | {
    readonly kind: "progress";
    readonly done: number;
    readonly all: number;
    readonly what: string;
  }
  | {
    readonly kind: "done";
    readonly bytes: readonly ByteRow[];
    readonly storages: readonly StorageRow[];
  }
  | { readonly kind: "failed"; readonly message: string };

const now = () => performance.now();
const tell = (news: BenchNews) => postMessage(news);

async function perform(order: BenchOrder): Promise<void> {
  const contests = await createByteContests();
  const all = BYTE_VERBS.length * SIZES.length + 1;
  let done = 0;
  const begin = (what: string) => tell({ kind: "progress", done: done++, all, what });
  const bytes: ByteRow[] = [];
  for (const verb of BYTE_VERBS) {
    for (const byteCount of SIZES) {
      begin(verb);
      const [kernelNs, plainNs] = hold(contests.runners(verb, byteCount), order.bytes, now);
      bytes.push({ verb, byteCount, kernelNs: kernelNs!, plainNs: plainNs! });
    }
  }
  begin("disks");
  tell({ kind: "done", bytes, storages: await measureStorages(order.storages, now) });
}

addEventListener("message", ({ data: order }: MessageEvent<BenchOrder>) => {
  perform(order).catch((error: Error) => tell({ kind: "failed", message: error.message }));
});

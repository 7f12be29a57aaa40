/// <reference lib="dom" />
/**
 * Two clients of one disk in another thread, beside an array of bytes.
 *
 * Each round both clients have requests under way on parts of the disk that do not overlap, then one
 * of them uses all of it, blocking. Everything follows from the seed.
 */
import { afterAll, describe, expect, test } from "vitest";
import { connectSyncDisk } from "../../src/emulator/sync_disk.ts";
import type { SyncBlockDevice } from "../../src/mod.ts";
import { Prng, verifySectors } from "../../src/testing/mod.ts";

const SECTORS = 600;
const ROUNDS = 150;

const workers: Worker[] = [];
afterAll(() => workers.forEach((worker) => worker.terminate()));

async function connectTwice(isSync: boolean, heap: WebAssembly.Memory): Promise<SyncBlockDevice[]> {
  const url = new URL("./sync_disk.worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  workers.push(worker);
  const channels = [new MessageChannel(), new MessageChannel()];
  const ports = channels.map(({ port1 }) => port1);
  worker.postMessage({ ports, isSync, sectorCount: SECTORS }, ports);
  return await Promise.all(
    channels.map(({ port2 }, index) =>
      connectSyncDisk(port2, { memories: index === 0 ? [heap] : [] })
    ),
  );
}

/** Cuts the disk into parts that do not overlap. */
function parts(prng: Prng): [sector: number, sectorCount: number][] {
  const cuts = Array.from({ length: 12 }, () => prng.int(SECTORS + 1)).sort((a, b) => a - b);
  return cuts.slice(1).map((end, index) => [cuts[index]!, end - cuts[index]!]);
}

/** A round's beginning: one request on each part, by either client, all under way together. */
async function together(prng: Prng, clients: SyncBlockDevice[], model: Uint8Array): Promise<void> {
  const requests = prng.shuffle(parts(prng)).map(async ([sector, sectorCount]) => {
    const client = prng.pick(clients);
    const place = model.subarray(sector * 512, (sector + sectorCount) * 512);
    const verb = prng.weighted({ write: 4, read: 4, zero: 1, discard: 1, flush: 1 });
    if (verb === "write") {
      const source = prng.bytes(place.length);
      place.set(source);
      await client.write(source, sector, { fua: prng.bool() });
    } else if (verb === "read") {
      const want = place.slice();
      const target = new Uint8Array(place.length);
      await client.read(target, sector);
      verifySectors(target, want, sector, "read while others are under way");
    } else if (verb === "zero") {
      place.fill(0);
      await client.writeZeroes(sector, sectorCount);
    } else if (verb === "discard") {
      place.fill(0);
      await client.discard(sector, sectorCount);
    } else await client.flush();
  });
  await Promise.all(requests);
}

/** A round's end: blocking requests anywhere, in place for the client that has shown its heap. */
function alone(
  prng: Prng,
  clients: SyncBlockDevice[],
  model: Uint8Array,
  heap: WebAssembly.Memory,
): void {
  const client = prng.pick(clients);
  for (let request = 0; request < 5; request++) {
    const sector = prng.int(SECTORS);
    const byteCount = prng.int(SECTORS - sector + 1) * 512;
    const bytes = new Uint8Array(heap.buffer, prng.int(1000), byteCount);
    const place = model.subarray(sector * 512, sector * 512 + byteCount);
    if (prng.bool()) {
      prng.fill(bytes);
      place.set(bytes);
      client.writeSync(bytes, sector);
    } else {
      bytes.fill(0xa5);
      client.readSync(bytes, sector);
      verifySectors(bytes, place.slice(), sector, "read, blocking");
    }
  }
}

describe.each([["synchronous", true], ["asynchronous", false]])("a %s device", (_name, isSync) => {
  test.each(["one", "two", "three"])(
    "two clients see one array of bytes, seed %s",
    async (seed) => {
      const heap = new WebAssembly.Memory({ initial: 6, maximum: 6, shared: true });
      const clients = await connectTwice(isSync, heap);
      const prng = Prng.fromSeed(seed);
      const model = new Uint8Array(SECTORS * 512);
      for (let round = 0; round < ROUNDS; round++) {
        await together(prng, clients, model);
        alone(prng, clients, model, heap);
      }
      for (const client of clients) {
        const all = new Uint8Array(SECTORS * 512);
        client.readSync(all, 0);
        verifySectors(all, model, 0, "in the end");
        client.closeSync();
      }
      expect(model.some((byte) => byte !== 0)).toBe(true);
    },
  );
});

/**
 * XXH3 of a 4 KiB chunk, where its bytes lie, beside hash-wasm: the one contest whose floor is a peer.
 *
 * @module
 */
import { createXXHash3 } from "hash-wasm";
import { Arena } from "../../../src/kernel/mod.ts";
import { Prng } from "../../../src/testing/prng.ts";
import { type Contest, OPERATIONS } from "./contest.ts";

const CHUNK_BYTES = 4096;

/** The contest; its speed is how many times hash-wasm's ours is. */
export async function hashChunk(): Promise<Contest> {
  const arena = Arena.create({ bytesMax: 2 ** 20 });
  const address = arena.allocatePages(1);
  const bytes = Prng.fromSeed("hash").bytes(CHUNK_BYTES);
  arena.bytes.set(bytes, address);
  const peer = await createXXHash3();
  return {
    title: "XXH3-64 of a 4 KiB chunk, against hash-wasm",
    operations: OPERATIONS,
    floor: {
      name: "hash-wasm",
      run() {
        for (let done = 0; done < OPERATIONS; done++) peer.init().update(bytes).digest("binary");
      },
    },
    runners: [{
      name: "cowdisk",
      run() {
        for (let done = 0; done < OPERATIONS; done++) arena.xxh3(address, CHUNK_BYTES);
      },
    }],
  };
}

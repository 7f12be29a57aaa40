/// <reference lib="dom" />
/**
 * An I/O worker whose disk does nothing while a gate is shut. Its requests are counted as they begin,
 * and reads answer with bytes of 7.
 */
import { checked } from "../../../../src/mod.ts";
import { serveSyncDisk } from "../../../../src/emulator/sync_disk.ts";

/** Words that the test sees: whether the gate is open, how many requests were begun and ended. */
export const STUBBORN = { gate: 0, begun: 1, ended: 2, written: 3 } as const;

/** What the worker is told. */
export interface StubbornOrder {
  readonly ports: readonly MessagePort[];
  readonly words: Int32Array;
  readonly isSync: boolean;
}

function device(words: Int32Array<SharedArrayBuffer>, isSync: boolean) {
  const supports = { write: true, discard: false, discardZeroes: false, permanence: false };
  const facts = { name: "stubborn", sectorCount: 100, supports };
  const begin = () => {
    Atomics.add(words, STUBBORN.begun, 1);
    Atomics.notify(words, STUBBORN.begun);
  };
  const end = () => {
    Atomics.add(words, STUBBORN.ended, 1);
    Atomics.notify(words, STUBBORN.ended);
  };
  if (isSync) {
    const pass = () => {
      begin();
      Atomics.wait(words, STUBBORN.gate, 0);
    };
    return checked({
      ...facts,
      readSync(target) {
        pass();
        target.fill(7);
        end();
      },
      writeSync() {
        pass();
        Atomics.add(words, STUBBORN.written, 1);
        end();
      },
      flushSync() {},
      closeSync() {},
    });
  }
  const pass = async () => {
    begin();
    await Atomics.waitAsync(words, STUBBORN.gate, 0).value;
  };
  return checked({
    ...facts,
    async read(target) {
      await pass();
      target.fill(7);
      end();
    },
    async write() {
      await pass();
      Atomics.add(words, STUBBORN.written, 1);
      end();
    },
    async flush() {},
    async close() {},
  });
}

self.onmessage = ({ data: order }: MessageEvent<StubbornOrder>) => {
  const words = order.words as Int32Array<SharedArrayBuffer>;
  const server = serveSyncDisk(device(words, order.isSync));
  for (const port of order.ports) server.connect(port);
  self.postMessage(server.board);
};

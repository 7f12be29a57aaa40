/// <reference lib="dom" />
/** Disks in a browser for the rings that were made for Deno: opened, closed, found again, removed. */
import type { BlockDevice } from "../../src/block/device.ts";
import { Gate } from "../../src/block/gate.ts";
import { type Plan, waitStep } from "../../src/block/plan.ts";
import { openIdbDevice, removeIdbDevice } from "../../src/devices/idb.ts";
import { openOpfsDevice, removeOpfsDevice } from "../../src/devices/opfs.ts";
import type { GrowableDevice } from "../../src/devices/mod.ts";
import type { CreateDisk, KeptDisk } from "../model/disks.ts";
import type { HomeWord } from "./disk_homes.ts";

/** A device that the browser keeps. */
export type KeptDevice = BlockDevice & GrowableDevice;

/** A plan that waits for a promise; for the asynchronous runner. */
function* awaited<Result>(promise: Promise<Result>): Plan<Result> {
  const gate = new Gate();
  let take = (): Result => {
    throw new Error("Cannot go on: the gate is open and the promise is not kept");
  };
  promise.then(
    (result) => void (take = () => result),
    (error) =>
      void (take = () => {
        throw error;
      }),
  ).finally(() => gate.open());
  yield waitStep(gate, "a promise");
  return take();
}

/** Disks of one kind, with names that nobody else has. */
export class BrowserDisks implements AsyncDisposable {
  readonly #home: HomeWord;
  readonly #prefix = crypto.randomUUID();
  readonly #open = new Map<string, KeptDevice>();
  readonly #names = new Set<string>();

  /** Disks of some kind. Files need a dedicated worker. */
  constructor(home: HomeWord) {
    this.#home = home;
  }

  /** Opens a disk as it was left when it was closed; a new one is zeroes. */
  async open(name: string, sectorCount: number): Promise<KeptDevice> {
    const options = this.#names.has(name) ? {} : { create: { sectorCount } };
    const path = `${this.#prefix}-${name}`;
    const open = this.#home === "idb" ? openIdbDevice : openOpfsDevice;
    const device = await open(path, options);
    this.#names.add(name);
    this.#open.set(name, device);
    return device;
  }

  /** Makes disks for the model. */
  readonly createDisk: CreateDisk = (_kind, name, sectorCount) =>
    this.#planDisk(`${this.#names.size}-${name}`, sectorCount);

  *#planDisk(name: string, sectorCount: number): Plan<KeptDisk> {
    const open = () => awaited(this.open(name, sectorCount));
    let device = yield* open();
    return {
      get device() {
        return device;
      },
      grow: (sectors) => device.grow(sectors),
      *reopen() {
        yield* awaited(device.close());
        device = yield* open();
      },
    };
  }

  /** Removes them all. */
  async [Symbol.asyncDispose](): Promise<void> {
    const remove = this.#home === "idb" ? removeIdbDevice : removeOpfsDevice;
    for (const name of this.#names) {
      await this.#open.get(name)?.close();
      await remove(`${this.#prefix}-${name}`);
    }
  }
}

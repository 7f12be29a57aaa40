/**
 * `LiveExports`: the list of exports that follows a mapper. Every mapped device with an active table is
 * one, by its name.
 *
 * | what happens to a device | its export |
 * |---|---|
 * | gets its first table | appears at the end; the default one is always the first |
 * | another table, or it is suspended | stays; its clients notice nothing, or wait |
 * | gets another name, or other snapshots | is replaced by one that says so; its clients stay with what they chose |
 * | is removed | is gone; its clients are told `ESHUTDOWN` |
 *
 * An origin, merging or not, has a context `qemu:dirty-bitmap:NAME` for each snapshot of the disk that it
 * stands for; a snapshot has its own.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { MappedDevice } from "../../mapper/mapped_device.ts";
import type { Mapper } from "../../mapper/mapper.ts";
import type { NbdExport } from "../export.ts";
import type { MetaContext } from "../meta_context.ts";
import { allocationDepth, dirtyBitmap } from "../snapshot_contexts.ts";
import { Traffic } from "../traffic.ts";
import { soleView } from "./stack_parts.ts";

/** A mapped device under its name of the moment. */
export interface LiveExport extends NbdExport {
  readonly device: MappedDevice;
  readonly contexts: readonly MetaContext[];
  readonly traffic: Traffic;
}

/** How exports look. */
export interface LiveExportsOptions {
  /** Which one is the first, and so the default. */
  readonly defaultName: string;
  /** Whether all of them refuse writes. */
  readonly isReadOnly: boolean;
  /** A line for people about a device. */
  readonly describe: (device: MappedDevice) => string;
}

/** Exports of a mapper's devices. */
export class LiveExports {
  /** The exports of the moment: one list for ever, whose contents change. */
  readonly list: readonly LiveExport[];
  readonly #list: LiveExport[] = [];
  /** One for each snapshot, so that two exports that say the same are seen to. */
  readonly #bitmaps = new WeakMap<MappedDevice, MetaContext>();
  readonly #mapper: Mapper;
  readonly #options: LiveExportsOptions;

  /**
   * No exports before the first `refresh`.
   *
   * @param mapper Whose devices are exported.
   * @param options How they look.
   */
  constructor(mapper: Mapper, options: LiveExportsOptions) {
    this.list = this.#list;
    this.#mapper = mapper;
    this.#options = options;
  }

  /** Makes the list what the mapper is now. Who was quicker and chose what is gone is told `ESHUTDOWN`. */
  refresh(): void {
    const devices = new Map<MappedDevice, string>();
    for (const name of this.#mapper.names) {
      const device = this.#mapper.device(name);
      if (device.activeTargets !== null) devices.set(device, name);
    }
    const known = this.#list.filter(({ device }) => devices.has(device));
    const old = new Map(known.map((each) => [each.device, each]));
    const order = [...new Set([...old.keys(), ...devices.keys()])];
    const snapshots = order.filter((device) => soleView(device)?.type === "snapshot");
    const next = order.map((device) => {
      const bitmaps = this.#bitmapsOf(device, snapshots).map((snapshot) =>
        this.#bitmapOf(snapshot, devices.get(snapshot) as string)
      );
      return this.#renew(old.get(device), device, devices.get(device) as string, bitmaps);
    });
    const first = next.findIndex(({ name }) => name === this.#options.defaultName);
    if (first > 0) next.unshift(...next.splice(first, 1));
    this.#list.splice(0, Infinity, ...next);
  }

  /** The snapshots that a device's sectors can be compared with. */
  #bitmapsOf(device: MappedDevice, snapshots: readonly MappedDevice[]): MappedDevice[] {
    const view = soleView(device);
    if (view === null) return [];
    if (view.type === "snapshot") return [device];
    return snapshots.filter((each) => soleView(each)?.disk === view.disk);
  }

  #bitmapOf(snapshot: MappedDevice, name: string): MetaContext {
    const found = this.#bitmaps.get(snapshot);
    const made = dirtyBitmap(name, snapshot);
    if (found?.name === made.name) return found;
    this.#bitmaps.set(snapshot, made);
    return made;
  }

  #renew(
    old: LiveExport | undefined,
    device: MappedDevice,
    name: string,
    bitmaps: readonly MetaContext[],
  ): LiveExport {
    const { isReadOnly, describe } = this.#options;
    const contexts = [old?.contexts[0] ?? allocationDepth(device), ...bitmaps];
    const description = describe(device);
    const isSame = old?.name === name && old.description === description &&
      old.contexts.length === contexts.length &&
      old.contexts.every((each, index) => each === contexts[index]);
    if (isSame) return old;
    const traffic = old?.traffic ?? new Traffic();
    return {
      name,
      description,
      device,
      isReadOnly,
      contexts,
      traffic,
      get hasEnded() {
        return device.activeTargets === null;
      },
    };
  }
}

/// <reference lib="dom" />
/** See `tab_page.html`. What is done here is called from outside, by the commands of `tabs.ts`. */
import { type BlockDevice, Disk } from "../../src/mod.ts";
import { patternOf } from "../../src/testing/mod.ts";
import { type Place, storageAt } from "./disk_homes.ts";

const TAB_SECTORS = 4000;

const worker = new Worker(new URL("./opfs.worker.ts", import.meta.url), { type: "module" });
let opening: Promise<Disk> | undefined;

const sentence = (error: unknown) => {
  const { code, message } = error as { code?: string; message: string };
  return `${code ?? "?"}: ${message}`;
};

async function contentOf(device: BlockDevice): Promise<Uint8Array> {
  const found = new Uint8Array(device.sectorCount * 512).fill(0xa5);
  await device.read(found, 0);
  return found;
}

/** A page's words. Each answers with a text. */
const words = {
  /** Begins to open a disk, and does not wait for it. */
  begin(place: Place, wish: { whenBusy?: "wait" | "refuse"; readOnly?: boolean }): string {
    const { whenBusy = "refuse", readOnly = false } = wish;
    const storage = storageAt(place, { worker, whenBusy });
    opening = Disk.open(place.name, { origin: TAB_SECTORS, storage, readOnly });
    opening.catch(() => {});
    return "begun";
  },
  /** Waits for it. */
  async opened(): Promise<string> {
    try {
      await opening;
      return "open";
    } catch (error) {
      return sentence(error);
    }
  },
  async fill(seed: number): Promise<string> {
    const { device } = (await opening)!;
    await device.write(patternOf(seed, 0, TAB_SECTORS), 0);
    return "written";
  },
  async flush(): Promise<string> {
    await (await opening)!.device.flush();
    return "flushed";
  },
  /** Everything that a writer may do, with thousands of sectors. */
  async work(seed: number): Promise<string> {
    const disk = (await opening)!;
    await disk.device.write(patternOf(seed, 0, TAB_SECTORS), 0);
    await disk.snapshot(`first ${seed}`);
    await disk.device.write(patternOf(seed + 1, 0, TAB_SECTORS), 0);
    await disk.device.flush();
    await disk.rollback(`first ${seed}`);
    await disk.device.write(patternOf(seed + 2, 100, 3000), 100);
    await disk.delete(`first ${seed}`, { signal: AbortSignal.timeout(50) }).catch(() => {});
    await disk.device.flush();
    return "done";
  },
  /** The seed of the pattern that the whole disk holds, or what is wrong with it. */
  async seedOf(seeds: number[]): Promise<string> {
    const disk = (await opening)!;
    const found = await contentOf(disk.device);
    disk.check();
    const isOf = (seed: number) =>
      patternOf(seed, 0, TAB_SECTORS).every((byte, at) => byte === found[at]);
    return String(seeds.find(isOf) ?? "a mixture");
  },
  async write(): Promise<string> {
    try {
      await (await opening)!.device.write(new Uint8Array(512), 0);
      return "written";
    } catch (error) {
      return sentence(error);
    }
  },
  /** Counts layers, and waits until there are no more than this. */
  async layersOf(place: Place, countMax: number): Promise<string> {
    const storage = storageAt(place, { worker });
    for (;;) {
      const names = await storage.list();
      const count = names.filter((name) => name.startsWith("layer-")).length;
      if (count <= countMax) return String(count);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  },
  /** How many snapshots there are. */
  async snapshotCount(): Promise<string> {
    return String((await opening)!.snapshots.length);
  },
  async close(): Promise<string> {
    await (await opening)!.close();
    return "closed";
  },
};

/** What a tab can be told. */
export type TabWords = typeof words;

Object.assign(globalThis, { words });
document.title = "ready";

/// <reference lib="dom" />
/**
 * The page `disk.html?image=URL`, or `…&storage=opfs`: a disk on an image behind HTTP, which outlives
 * the page. It lives in a worker, `disk.worker.ts`, so that its work holds up nothing here.
 */
import { openDiskInWorker, type StorageWord } from "cowdisk/remote-disk";

const $ = <Kind extends HTMLElement>(id: string) => document.getElementById(id) as Kind;
const query = new URLSearchParams(location.search);
const { image = "disk.img", storage = "indexeddb" } = Object.fromEntries(query);
const worker = new Worker(new URL("./disk.worker.ts", import.meta.url), { type: "module" });
const options = { origin: image, storage: storage as StorageWord, whenBusy: "wait" } as const;
const disk = await openDiskInWorker(worker, encodeURIComponent(image), options);
const sector = new Uint8Array(512);

async function show(state: string): Promise<void> {
  await disk.device.read(sector, 0);
  $<HTMLInputElement>("text").value = new TextDecoder().decode(sector).replace(/\0.*$/s, "");
  $("snapshots").textContent = disk.snapshots.map(({ name }) => name).join(", ");
  $("state").textContent = state;
}

const verbs: Record<string, () => Promise<void>> = {
  write() {
    new TextEncoder().encodeInto($<HTMLInputElement>("text").value, sector.fill(0));
    return disk.device.write(sector, 0, { fua: true });
  },
  snapshot: () => disk.snapshot(`${disk.snapshots.length + 1}`),
  rollback: () => disk.rollback(disk.snapshots.at(-1)?.name ?? null),
  async export() {
    const whole = await new Response(disk.export()).blob();
    $<HTMLAnchorElement>("image").href = URL.createObjectURL(whole);
  },
};
for (const [name, verb] of Object.entries(verbs)) {
  $(name).onclick = () => verb().then(() => show(`${name}: done`), (error) => show(`${error}`));
}
await show("opened");

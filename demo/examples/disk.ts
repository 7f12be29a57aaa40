/// <reference lib="dom" />
/** The page `disk.html?image=URL`: a disk on an image behind HTTP, which outlives the page. */
import { Disk } from "cowdisk";
import { openHttpDevice } from "cowdisk/http";
import { openIndexedDbStorage } from "cowdisk/idb-storage";

const $ = <Kind extends HTMLElement>(id: string) => document.getElementById(id) as Kind;
const url = new URL(new URLSearchParams(location.search).get("image") ?? "disk.img", location.href);
const origin = await openHttpDevice(url);
const storage = openIndexedDbStorage(`example ${url}`, { whenBusy: "wait" });
const disk = await Disk.open("example", { origin, storage });

async function show(state: string): Promise<void> {
  const sector = new Uint8Array(512);
  await disk.device.read(sector, 0);
  $<HTMLInputElement>("text").value = new TextDecoder("latin1").decode(sector).replace(
    /\0.*$/s,
    "",
  );
  $("snapshots").textContent = disk.snapshots.map(({ name }) => name).join(", ");
  $("state").textContent = state;
}

const verbs: Record<string, () => Promise<void>> = {
  async write() {
    const sector = new Uint8Array(512);
    new TextEncoder().encodeInto($<HTMLInputElement>("text").value, sector);
    await disk.device.write(sector, 0, { fua: true });
  },
  snapshot: () => disk.snapshot(`${disk.snapshots.length + 1}`),
  rollback: () => disk.rollback(disk.snapshots.at(-1)?.name ?? null),
  async export() {
    const image = await new Response(disk.export()).blob();
    $<HTMLAnchorElement>("image").href = URL.createObjectURL(image);
    $("image").textContent = `disk.img, ${image.size} bytes`;
  },
};
for (const [name, verb] of Object.entries(verbs)) {
  $(name).onclick = () => verb().then(() => show(`${name}: done`), (error) => show(`${error}`));
}
await show("opened");

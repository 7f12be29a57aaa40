/// <reference lib="dom" />
/** The page `v86.html`: a machine that keeps notes on its disk, in IndexedDB. */
import { V86 } from "v86";
import { Disk } from "cowdisk";
import { openIndexedDbStorage } from "cowdisk/idb-storage";
import { restoreMachine, saveMachine, v86Disk } from "cowdisk/v86";

const root = new URL("../../", location.href);
const bytes = async (path: string) => (await fetch(new URL(path, root))).arrayBuffer();
const $ = (id: string) => document.getElementById(id)!;
const show = (state: string) => $("state").textContent = state;

const storage = openIndexedDbStorage("example v86", { whenBusy: "wait" });
const disk = await Disk.open("notes", { origin: 20480, storage });
if ((await disk.usage()).changedChunks === 0) {
  const notebook = await bytes("demo/machine/guests/notebook.bin");
  await disk.device.write(new Uint8Array(notebook), 0, { fua: true });
}

const hda = v86Disk(disk, { onError: ({ cause }) => show(`${cause}`) });
const emulator = new V86({
  wasm_path: new URL("node_modules/v86/build/v86.wasm", root).href,
  bios: { buffer: await bytes("build/seabios/bios.bin") },
  vga_bios: { buffer: await bytes("build/seabios/vgabios-stdvga.bin") },
  memory_size: 16 * 1024 * 1024,
  screen: { container: $("screen") },
  hda,
});
await hda.attach(emulator);
await emulator.run();

let state: ArrayBuffer | undefined;
$("save").onclick = async () =>
  show(`saved: ${(state = await saveMachine(emulator, hda)).byteLength} bytes`);
$("restore").onclick = async () =>
  show(state ? (await restoreMachine(emulator, state, hda), "restored") : "save first");
Object.assign(globalThis, { emulator }); // to be typed at from the console
show("running");

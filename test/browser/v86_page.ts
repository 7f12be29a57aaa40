/// <reference lib="dom" />
/**
 * See `v86_page.html`. Behind the `#`: where the disk is, and its name. It is told what to do by
 * messages, and answers each with the notes that the machine has.
 */
import { restoreMachine, saveMachine, v86Disk } from "../../src/emulator/v86.ts";
import { Disk } from "../../src/mod.ts";
import { GuestMachine } from "../emulator/machine.ts";
import {
  installNotebook,
  listNotes,
  NOTEBOOK_SECTORS,
  openNotebook,
  takeNote,
} from "../emulator/notebook.ts";
import { type HomeWord, storageAt } from "./disk_homes.ts";
import { fetchNotebook, fetchParts } from "./v86_parts.ts";

/** What the page is told. */
export type PageOrder =
  | { readonly verb: "take"; readonly text: string }
  | { readonly verb: "save" | "restore" | "list" };

/** What it answers. */
export type PageAnswer = { readonly notes: string[] } | { readonly failure: string };

const [home = "idb", name = ""] = location.hash.slice(1).split(":");
const worker = new Worker(new URL("./opfs.worker.ts", import.meta.url), { type: "module" });
const storage = storageAt({ home: home as HomeWord, name }, { worker, whenBusy: "wait" });
const disk = await Disk.open(name, { origin: NOTEBOOK_SECTORS, storage });
if ((await disk.usage()).changedChunks === 0) {
  await installNotebook(disk.device, await fetchNotebook());
}

const hda = v86Disk(disk);
const machine = await GuestMachine.start(await fetchParts(), { hda, boots: "disk" });
const notes = await openNotebook(machine);
let state: ArrayBuffer | undefined;

async function perform(order: PageOrder): Promise<void> {
  if (order.verb === "take") await takeNote(machine, order.text);
  if (order.verb === "save") state = await saveMachine(machine.emulator, hda);
  if (order.verb === "restore") await restoreMachine(machine.emulator, state!, hda);
}

addEventListener("message", async ({ data: order, source }: MessageEvent<PageOrder>) => {
  let answer: PageAnswer;
  try {
    await perform(order);
    disk.check();
    answer = { notes: await listNotes(machine) };
  } catch (error) {
    answer = { failure: String(error) };
  }
  source?.postMessage(answer);
});
parent.postMessage({ notes } satisfies PageAnswer);

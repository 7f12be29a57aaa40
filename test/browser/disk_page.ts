/// <reference lib="dom" />
/** See `disk_page.html`. Behind the `#`: where the disk is, and its name. */
import type { HomeWord } from "./disk_homes.ts";
import { writeRounds } from "./disk_writer.ts";

const [home = "idb", name = ""] = location.hash.slice(1).split(":");
const worker = new Worker(new URL("./opfs.worker.ts", import.meta.url), { type: "module" });
const tell = (round: number) => parent.postMessage(round);
await writeRounds({ home: home as HomeWord, name }, tell, { worker });

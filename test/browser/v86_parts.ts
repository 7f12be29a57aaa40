/// <reference lib="dom" />
/** What machines are built of, fetched. The BIOS was put into `build/` before the browser was started. */
import type { MachineParts } from "../emulator/machine.ts";

/** Apart from its use, so that Vite takes it for no pattern of files to be bundled. */
const here = import.meta.url;

/** The bytes of a file of the repository, or of what was built. */
export async function bytesAt(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await fetch(new URL(`../../${path}`, here));
  if (!answer.ok) throw new Error(`Cannot fetch ${path}: status ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** The notebook's bytes. */
export const fetchNotebook = (): Promise<Uint8Array> => bytesAt("demo/machine/guests/notebook.bin");

/** The parts, with a BIOS. */
export async function fetchParts(): Promise<MachineParts> {
  const [processor, probe, bios, vgaBios] = await Promise.all([
    bytesAt("node_modules/v86/build/v86.wasm").then((bytes) => WebAssembly.compile(bytes)),
    bytesAt("test/emulator/guests/probe.bin"),
    bytesAt("build/seabios/bios.bin"),
    bytesAt("build/seabios/vgabios-stdvga.bin"),
  ]);
  return { processor, probe, bios: [bios, vgaBios] };
}

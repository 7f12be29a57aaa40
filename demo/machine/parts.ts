/// <reference lib="dom" />
/**
 * What machines are built of, fetched when the tab is opened: they are larger than all the rest.
 *
 * @module
 */

/** What every machine needs. */
export interface MachineParts {
  /** v86's processor, compiled. */
  readonly processor: WebAssembly.Module;
  /** SeaBIOS and its VGA BIOS. */
  readonly bios: readonly [ArrayBuffer, ArrayBuffer];
}

/** Spelled out, so that Vite finds them. */
const PROCESSOR = new URL("../../node_modules/v86/build/v86.wasm", import.meta.url);
const BIOS = new URL("../../build/seabios/bios.bin", import.meta.url);
const VGA_BIOS = new URL("../../build/seabios/vgabios-stdvga.bin", import.meta.url);
const NOTEBOOK = new URL("./guests/notebook.bin", import.meta.url);

const NO_BIOS =
  "This page was built without a BIOS, so no machine can start here. Build it where " +
  "Debian's package seabios can be had: apt-get install seabios, then deno task demo:build. " +
  "Everything else in this page works.";

/**
 * Fetches bytes.
 *
 * @param url Where they are.
 * @param complaint What is said when they are not there.
 */
export async function bytesAt(
  url: URL,
  complaint = `Cannot fetch ${url.pathname.split("/").at(-1)}`,
): Promise<ArrayBuffer> {
  const answer = await fetch(url);
  // A server that has a page for everything has no BIOS.
  const isPage = answer.headers.get("Content-Type")?.startsWith("text/html") === true;
  if (!answer.ok || isPage) throw new Error(complaint);
  return await answer.arrayBuffer();
}

/** Fetches the parts of a machine. */
export async function fetchParts(): Promise<MachineParts> {
  const [processor, ...bios] = await Promise.all([
    bytesAt(PROCESSOR).then((bytes) => WebAssembly.compile(bytes)),
    bytesAt(BIOS, NO_BIOS),
    bytesAt(VGA_BIOS, NO_BIOS),
  ]);
  return { processor, bios };
}

/** Fetches the notebook's boot sector. */
export async function fetchNotebook(): Promise<Uint8Array> {
  return new Uint8Array(await bytesAt(NOTEBOOK));
}

/**
 * What a process grows by when every block of a disk in v86 is written: a program of its own, for what
 * another disk has used would count.
 *
 *     deno run -A --v8-flags=--expose-gc test/bench/programs/v86_memory.ts cowdisk
 *     deno run -A --v8-flags=--expose-gc test/bench/programs/v86_memory.ts AsyncFileBuffer
 *
 * @module
 */
import { openFileBuffer, residentBytes } from "../contests/v86_buffers.ts";
import { DISK_BYTES, openOurs, writeAll, WRITTEN_BLOCKS } from "../contests/v86_disks.ts";

const isOurs = Deno.args[0] === "cowdisk";
const buffer = isOurs ? (await openOurs()).buffer : await openFileBuffer(DISK_BYTES);
const before = residentBytes();
writeAll(buffer);
const bytes = (residentBytes() - before) / WRITTEN_BLOCKS;
buffer.get(0, 512, () => {}); // It is in use until here.
Deno.stdout.writeSync(new TextEncoder().encode(`${bytes}\n`));

/**
 * The laws of a merge: whatever the image looked like, what opens can be folded into its origin, which
 * then reads as the snapshot did; the image is left empty, and can be used anew.
 */
import type { UsableImage } from "./naive_reader.ts";
import type { Subject } from "./subject.ts";
import { hasBadChunk, isSame, law, originOf, read, shownBy, type Workbench } from "./workbench.ts";

/** Merges the image. */
export function mergeWhole(bench: Workbench, subject: Subject, before: UsableImage): void {
  if (hasBadChunk(bench, before)) return;
  const { base, disk, originBytes, view } = bench;
  const shown = shownBy(bench, before, disk.bytes).slice();
  const merged = originBytes.slice();
  const { device, status } = subject.merge({
    origin: originOf(merged, true),
    cow: disk.device,
    store: base.store,
    chunkSectors: 0,
  });
  const { chunkSectors } = before;
  const words = `${2 * chunkSectors}/${disk.sectorCount} ${2 * chunkSectors}`;
  law(status() === words, `a merge ends with the status ${status()}, want ${words}`);
  device.readSync(view, 0);
  device.closeSync();
  law(isSame(view, shown), "a merge changes what is shown");
  law(isSame(merged, shown), "a merged origin does not read as its snapshot did");
  const now = read(bench);
  law(now.state === "usable", `a merge leaves an image that is ${now.state}`);
  law(now.chunks.size === 0, "a merge leaves exceptions");
}

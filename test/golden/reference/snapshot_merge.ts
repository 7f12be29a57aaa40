/** `snapshot-merge`, as the kernel has it, done when it is resumed. */
import type { Plan } from "../../../src/block/plan.ts";
import { chunkOf, sectorsToBytes } from "../../../src/block/units.ts";
import type { Mapping } from "../../../src/targets/target.ts";
import { ReferenceSnapshot } from "./snapshot.ts";
import { ReferencePersistentStore } from "./store.ts";
import { remap } from "./target.ts";

/** A `snapshot-merge`. */
export class ReferenceMerge extends ReferenceSnapshot {
  override readonly type = "snapshot-merge";
  #hasFailed = false;

  override map(request: Mapping): void {
    const { sector, sectorCount, kind } = request;
    if (kind === "discard") return request.end(sectorCount);
    const { chunkSectors } = this;
    const chunk = chunkOf(sector, chunkSectors);
    const newChunk = this.isValid ? this.store.exceptions.find(chunk) : null;
    const split = this.origins.splitSectors(this.origin);
    const count = Math.min(sectorCount, (chunkOf(sector, split) + 1) * split - sector);
    if (newChunk !== null) {
      const cowSector = newChunk * chunkSectors + sector - chunk * chunkSectors;
      return remap(request, this.cow, cowSector, count);
    }
    if (kind !== "read") this.origins.protect(this.origin, sector, count, this);
    remap(request, this.origin, sector, count);
  }

  override beforeOriginWrite(): void {}

  override status(): string {
    return this.#hasFailed ? "Merge failed" : super.status();
  }

  // deno-lint-ignore require-yield
  *background(): Plan {
    const { store } = this;
    if (!(store instanceof ReferencePersistentStore) || !this.isValid) return;
    try {
      this.#merge(store);
    } catch {
      this.#hasFailed = true;
    }
  }

  #merge(store: ReferencePersistentStore): void {
    const { origin, cow, chunkSectors } = this;
    for (let run = store.lastRun(); run !== null; run = store.lastRun()) {
      const sector = run.oldChunk * chunkSectors;
      const count = Math.min(run.count * chunkSectors, origin.sectorCount - sector);
      this.origins.protectAll(origin, sector, count, this);
      const bytes = new Uint8Array(sectorsToBytes(count));
      cow.readSync(bytes, run.newChunk * chunkSectors);
      origin.writeSync(bytes, sector);
      store.forget(run);
    }
  }
}

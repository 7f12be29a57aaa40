/** `snapshot-origin`, as the kernel has it. */
import type { SyncBlockDevice } from "../../../src/block/device.ts";
import type { Plan } from "../../../src/block/plan.ts";
import { chunkOf } from "../../../src/block/units.ts";
import type { SnapshotOriginOptions } from "../../../src/targets/snapshot_origin.ts";
import type { Mapping } from "../../../src/targets/target.ts";
import { type Origins, RequestTracker } from "./origins.ts";
import type { Quirks } from "./quirks.ts";
import { ReferenceTarget, remap } from "./target.ts";

/** A `snapshot-origin`. */
export class ReferenceOrigin extends ReferenceTarget {
  readonly type = "snapshot-origin";
  readonly sectorCount: number;
  readonly devices: readonly SyncBlockDevice[];
  readonly #origin: SyncBlockDevice;
  readonly #word: string;
  readonly #origins: Origins;
  readonly #quirks: Quirks;
  readonly #requests = new RequestTracker();
  #splitSectors = 0;

  constructor(options: SnapshotOriginOptions, origins: Origins, quirks: Quirks) {
    super();
    const { origin, deviceWord = (device) => device.name, sectorCount } = options;
    this.#origin = origin as SyncBlockDevice;
    this.#word = deviceWord(origin);
    this.#origins = origins;
    this.#quirks = quirks;
    this.sectorCount = sectorCount ?? origin.sectorCount;
    this.devices = [this.#origin];
  }

  // deno-lint-ignore require-yield
  *resume(): Plan {
    this.#splitSectors = this.#origins.splitSectors(this.#origin);
  }

  map(request: Mapping): void {
    const { sector, sectorCount, kind } = request;
    if (kind === "read") return remap(request, this.#origin, sector, sectorCount);
    const known = this.#splitSectors;
    const now = this.#origins.splitSectors(this.#origin);
    const split = known !== now && this.#quirks.has("origin-first") ? known : now;
    const count = Math.min(sectorCount, (chunkOf(sector, split) + 1) * split - sector);
    this.#origins.protect(this.#origin, sector, this.#requests.newSectors(request, count));
    remap(request, this.#origin, sector, count);
  }

  status(): string {
    return "";
  }

  table(): string {
    return this.#word;
  }
}

/** How the reference's targets are constructed: in place of ours, from the same table lines. */
import { BlockDeviceError } from "../../../src/block/errors.ts";
import type { Plan } from "../../../src/block/plan.ts";
import { chunkSizeFault } from "../../../src/exception/mod.ts";
import type { SnapshotPlans } from "../../../src/mapper/table/snapshot_types.ts";
import type { SnapshotOptions } from "../../../src/targets/snapshot_member.ts";
import type { Target } from "../../../src/targets/target.ts";
import { TargetError } from "../../../src/targets/target_error.ts";
import { Origins } from "./origins.ts";
import type { Quirks } from "./quirks.ts";
import { ReferenceSnapshot } from "./snapshot.ts";
import { ReferenceMerge } from "./snapshot_merge.ts";
import { ReferenceOrigin } from "./snapshot_origin.ts";

function requireChunkSize({ origin, cow, chunkSectors = 0, store }: SnapshotOptions): void {
  if (chunkSectors === 0 && store !== "N") return;
  const fault = chunkSizeFault(chunkSectors, [origin, cow]);
  if (fault !== null) throw new TargetError("EINVAL", fault.reason, "Cannot use the chunk size");
}

/**
 * The plans of the reference's targets.
 *
 * @param quirks Where they are as careless as the kernel.
 */
export function referencePlans(quirks: Quirks): SnapshotPlans {
  const origins = new Origins();
  // deno-lint-ignore require-yield
  function* construct(build: () => Target): Plan<Target> {
    try {
      return build();
    } catch (error) {
      if (!(error instanceof BlockDeviceError) || error instanceof TargetError) throw error;
      throw new TargetError(error.code, "Failed to read snapshot metadata", error.message);
    }
  }
  return {
    planSnapshot: (options) =>
      construct(() => {
        requireChunkSize(options);
        return new ReferenceSnapshot(options, origins, quirks);
      }),
    planSnapshotMerge: (options) =>
      construct(() => {
        requireChunkSize(options);
        if (options.store !== "N") return new ReferenceMerge(options, origins, quirks);
        throw new TargetError(
          "EINVAL",
          "Snapshot exception store does not support snapshot-merge.",
          "Cannot merge a transient store",
        );
      }),
    planSnapshotOrigin: (options) => construct(() => new ReferenceOrigin(options, origins, quirks)),
  };
}

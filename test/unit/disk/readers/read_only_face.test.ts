import { expect, test } from "vitest";
import { createMemoryDevice } from "../../../../src/devices/mod.ts";
import { createReadOnlyFace } from "../../../../src/disk/readers/read_only_face.ts";
import type { SyncBlockDevice } from "../../../../src/block/device.ts";
import { slowOrigin } from "../origins.ts";
import { patternOf } from "../../../../src/testing/mod.ts";

test("a face reads what its device holds, refuses writes, and leaves the device open", async () => {
  const device = createMemoryDevice({ sectorCount: 8, content: patternOf(1, 0, 8) });
  for (const below of [device, slowOrigin(patternOf(1, 0, 8))]) {
    const face = createReadOnlyFace(below);
    expect([face.name, face.sectorCount, face.supports.sync]).toEqual([
      below.name,
      8,
      below.supports.sync,
    ]);
    const bytes = new Uint8Array(8 * 512);
    await face.read(bytes, 0);
    expect(bytes).toEqual(patternOf(1, 0, 8));
    if (face.supports.sync) (face as SyncBlockDevice).readSync(bytes, 0);
    await expect(face.write(bytes, 0)).rejects.toMatchObject({ code: "EROFS" });
    await expect(face.discard(0, 8)).rejects.toMatchObject({ code: "EROFS" });
    await face.flush();
    await face.close();
    await below.read(bytes, 0);
  }
});

/** Layers over memory, without a disk around them. */
import type { BlockDevice, SyncBlockDevice } from "../../../../src/block/device.ts";
import { runSync } from "../../../../src/block/plan.ts";
import { createMemoryDevice, type MemoryDevice } from "../../../../src/devices/mod.ts";
import { LayerStack } from "../../../../src/disk/layers/layer_stack.ts";
import { layerSectors } from "../../../../src/disk/manifest/layer_size.ts";
import type { TableEvent } from "../../../../src/exception/mod.ts";
import { patternOf } from "../../../../src/testing/mod.ts";

export const SECTOR_COUNT = 60;
export const CHUNK_SECTORS = 8;
export const ORIGIN = patternOf(1, 0, SECTOR_COUNT);

export function memoryOrigin(content = ORIGIN): MemoryDevice {
  return createMemoryDevice({ name: "origin", sectorCount: SECTOR_COUNT, content });
}

export function layerCow(): MemoryDevice {
  return createMemoryDevice({
    name: "cow",
    sectorCount: layerSectors(SECTOR_COUNT, CHUNK_SECTORS),
  });
}

export function layerStack(
  origin: BlockDevice = memoryOrigin(),
  onEvent: (id: number, event: TableEvent) => void = () => {},
): LayerStack {
  return new LayerStack(origin, {
    sectorCount: SECTOR_COUNT,
    chunkSectors: CHUNK_SECTORS,
    durability: "flush",
    onEvent,
  });
}

/** Opens a layer on the one of the id before, or on the origin. */
export function openOn(stack: LayerStack, id: number, cow = layerCow()): MemoryDevice {
  runSync(stack.open(id, id === 1 ? null : id - 1, cow));
  return cow;
}

export function viewOf(stack: LayerStack, id: number | null): SyncBlockDevice {
  return stack.viewOf(id) as SyncBlockDevice;
}

export function shown(stack: LayerStack, id: number | null): Uint8Array {
  const bytes = new Uint8Array(SECTOR_COUNT * 512);
  viewOf(stack, id).readSync(bytes, 0);
  return bytes;
}

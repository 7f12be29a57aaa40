/**
 * Snapshots that keep what they read, on a stack, and what to ask of them.
 */
import type { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import { type SnapshotSetUp, Stack } from "./rig.ts";

/** A snapshot that keeps all that it reads, and nothing in the trace yet. */
export async function keeping(setUp: SnapshotSetUp = {}, stack = new Stack()) {
  const snapshot = await stack.snapshot({ copyOnRead: true, copyOnReadPercentMax: 100, ...setUp });
  stack.bench.trace = [];
  return { stack, ...snapshot };
}

/** The requests since the last call that went to the origin. */
export function originRequests(stack: Stack): string[] {
  return stack.bench.takeTrace().filter((line) => line.startsWith("disk"));
}

/** Reads some sectors. */
export async function readPart(
  stack: Stack,
  device: MappedDevice,
  sector: number,
  sectorCount: number,
) {
  const bytes = new Uint8Array(sectorCount * 512);
  await stack.bench.settle(device.read(bytes, sector));
  return bytes;
}

/** Reads some sectors and compares them; they are what the disk began with unless said. */
export async function verifyPart(
  stack: Stack,
  device: MappedDevice,
  sector: number,
  sectorCount: number,
  expected = patternOf(1, sector, sectorCount),
) {
  const found = await readPart(stack, device, sector, sectorCount);
  verifySectors(found, expected, sector, device.name);
}

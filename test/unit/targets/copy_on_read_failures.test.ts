import { describe, expect, test } from "vitest";
import type { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import { keeping, originRequests, readPart, verifyPart } from "./keeping.ts";
import { layers, type SnapshotSetUp, type Stack } from "./rig.ts";

describe("failure", () => {
  /** Reads in pieces of many shapes; tells which of them failed. */
  async function readPieces(stack: Stack, device: MappedDevice): Promise<string[]> {
    const codes: string[] = [];
    for (const [sector, count] of [[3, 2], [0, 40], [20, 60], [90, 1], [64, 136]] as const) {
      try {
        await verifyPart(stack, device, sector, count);
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === undefined) throw error;
        codes.push(code);
      }
    }
    return codes;
  }

  async function countRequests(setUp: SnapshotSetUp): Promise<number> {
    const { stack, device } = await keeping(setUp);
    const before = stack.bench.requestCount;
    expect(await readPieces(stack, device)).toEqual([]);
    return stack.bench.requestCount - before;
  }

  test("an origin that fails is told to its reader, and changes nothing", async () => {
    const count = await countRequests({});
    for (let at = 1; at <= count; at++) {
      const { stack, device, cow, status } = await keeping();
      let left = at;
      let before: [string, Uint8Array] | null = null;
      stack.bench.fault = ({ disk }) => {
        if (disk !== "disk" || --left !== 0) return false;
        before = [status(), cow.bytes.slice()];
        return true;
      };
      const codes = await readPieces(stack, device);
      expect(codes).toEqual(before === null ? [] : ["EIO"]);
      await stack.verify(device, layers(200));
      stack.bench.trace = [];
      await stack.verify(device, layers(200));
      expect(originRequests(stack)).toEqual([]);
    }
  });

  test("a fetch that fails leaves the COW device as it was", async () => {
    const { stack, device, cow, status } = await keeping();
    const before = cow.bytes.slice();
    stack.bench.fault = ({ disk }) => disk === "disk";
    await expect(readPart(stack, device, 0, 100)).rejects.toMatchObject({ code: "EIO" });
    expect(stack.bench.takeTrace()).toEqual(["disk read 0+104"]);
    verifySectors(cow.bytes, before, 0, "the COW device");
    expect(status()).toBe("16/600 16");
  });

  test.each([["once", 8], ["for ever", 8], ["once", 1], ["for ever", 1]] as const)(
    "a COW device that fails %s, chunks of %d: what was read is right, and what follows is EIO",
    async (how, chunkSectors) => {
      const count = await countRequests({ chunkSectors });
      let invalidCount = 0;
      for (let at = 1; at <= count; at++) {
        const { stack, device, cow, status } = await keeping({ chunkSectors });
        let left = at;
        stack.bench.fault = ({ disk }) =>
          disk !== "disk" && (how === "once" ? --left === 0 : --left <= 0);
        const codes = await readPieces(stack, device);
        if (status() === "Invalid") {
          invalidCount++;
          await expect(stack.read(device)).rejects.toMatchObject({ code: "EIO" });
        } else if (how === "once") {
          expect(codes.length).toBeLessThan(2); // What the COW device would not read back.
          stack.bench.fault = () => false;
          await stack.verify(device, layers(200));
        }
        stack.bench.fault = () => false;
        await device.close();
        const again = await stack.snapshot({ on: cow, chunkSectors });
        if (again.status() !== "Invalid") await stack.verify(again.device, layers(200));
      }
      expect(invalidCount).toBeGreaterThan(2);
    },
  );

  test("the first read that could not be kept is right, whole or in part", async () => {
    const { stack, device, status } = await keeping();
    stack.bench.fault = ({ disk, kind }) => disk === "cow1" && kind === "write";
    await verifyPart(stack, device, 10, 20);
    expect(status()).toBe("Invalid");
    await expect(readPart(stack, device, 10, 20)).rejects.toMatchObject({ code: "EIO" });
    await stack.write(stack.origin, 2, 0, 200);
    await stack.verify(stack.origin, layers(200, [2, 0, 200]));
  });
});
